#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynakeep/embedded.h"
#include "dynakeep/stores/stream_consumer.h"
#include "streams/faulty_table.h"
#include "streams/simulated_stream.h"

// What a stream of many closed shards costs is so much for each shard, however many there are: what
// is counted here are calls and what is written, not time.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using streams::FaultyTable;
using streams::SimulatedStream;

class CountedCheckpoints final : public StreamCheckpoints {
 public:
  Result<StreamProgress> load(const StreamScope& scope) override { return inner->load(scope); }
  Result<void> save(const StreamScope& scope, const StreamProgress& progress) override {
    rows += progress.shards.size();
    return inner->save(scope, progress);
  }
  Result<void> save_change(const StreamScope& scope, const StreamProgressChange& change) override {
    rows += change.rows.size();
    return inner->save_change(scope, change);
  }

  std::unique_ptr<StreamCheckpoints> inner = make_in_memory_stream_checkpoints();
  std::size_t rows = 0;
};

class ManyShards : public testing::Test {
 protected:
  // Closed shards, four lineages, each with a record or two.
  void make(std::size_t shards) {
    stream.faults.shards_in_page = 100;
    while (stream.open_shards() < 4) stream.split(std::string(1, static_cast<char>('a' + keys++)));
    while (stream.shard_ids().size() < shards) {
      for (char key = 'a'; key <= 'h'; ++key) stream.write(std::string(1, key));
      clock.advance(1ms);
      stream.roll_all();
    }
  }
  // Until all was handled.
  void read(StreamCheckpoints& checkpoints) {
    const auto consumer = *StreamConsumer::open(
        stream, checkpoints,
        {.stream_arn = stream.arn,
         .group = "g",
         .clock = &clock,
         .now = [this] { return StreamConsumer::Moment(clock.now().time_since_epoch()); },
         .random = [this] { return random(); }},
        [this](const StreamBatch& batch) {
          handled += batch.records.size();
          return StreamOutcome::ok();
        });
    ASSERT_TRUE(consumer->start());
    std::size_t written = 0;
    for (const auto& [key, versions] : stream.written()) {
      written += static_cast<std::size_t>(versions);
    }
    while (handled < written) {
      const auto next = consumer->step();
      ASSERT_TRUE(next) << next.error();
      ++steps;
      const StreamConsumer::Moment now(clock.now().time_since_epoch());
      if (**next > now) {
        clock.advance(std::chrono::ceil<std::chrono::microseconds>(**next - now));
      }
    }
    figures = consumer->figures();
  }

  ManualClock clock;
  std::mt19937_64 random{1};
  SimulatedStream stream{clock, 1};
  int keys = 0;
  std::size_t handled = 0;
  std::size_t steps = 0;
  StreamFigures figures;
};

TEST_F(ManyShards, EachIsSavedAndAskedForSoOftenHoweverManyThereAre) {
  constexpr std::size_t shards = 2000;
  make(shards);
  CountedCheckpoints checkpoints;
  read(checkpoints);
  EXPECT_EQ(figures.gaps, 0U);
  // When it is found, when it may be read, and when it is over; now and then between.
  EXPECT_LE(checkpoints.rows, 4 * shards);
  EXPECT_LE(steps, 6 * shards);
  EXPECT_LE(figures.get_shard_iterator.answered, shards + 1);
  EXPECT_LE(figures.get_records.answered, 2 * shards);
  // The children of closed shards are known from the listing.
  EXPECT_LE(figures.describe_stream.answered, 3 * (shards / 100 + 1));
}

TEST_F(ManyShards, OfOneWorkerTakeSoManyCallsOfTheTableEach) {
  constexpr std::size_t shards = 400;
  make(shards);
  const auto engine = *open_embedded({.in_memory = true});
  FaultyTable table(*engine);
  const auto checkpoints = *open_stream_checkpoint_table(table, {.table = "checkpoints"});
  read(*checkpoints);
  // Of each shard: its row made, taken, kept, looked up and ended; two looks for each child.
  EXPECT_LE(table.calls, 12 * shards);
  // All rows are read at a start and once in a while, not whenever one shard ends.
  EXPECT_LE(table.queries, 20U);
}

class ChangedCheckpointFiles : public testing::Test {
 protected:
  ChangedCheckpointFiles() { std::filesystem::create_directories(folder); }
  ~ChangedCheckpointFiles() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<StreamCheckpoints> open() {
    return *open_stream_checkpoint_file(
        {.path = path, .on_fallback = [this](const Error&) { ++fallbacks; }});
  }
  static ShardProgress row(std::size_t shard, std::size_t number) {
    return {.shard_id = "shard-" + std::to_string(shard),
            .state = ShardState::ready,
            .position = {StreamPosition::Kind::after, std::to_string(number)}};
  }
  std::string read(const std::string& file) const {
    std::string text(std::filesystem::file_size(file), '\0');
    const std::unique_ptr<FILE, int (*)(FILE*)> in(std::fopen(file.c_str(), "rb"), std::fclose);
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), in.get()), text.size());
    return text;
  }
  void write(const std::string& text) const {
    const std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen(path.c_str(), "wb"), std::fclose);
    EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), out.get()), text.size());
  }

  const std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                       ("changed_checkpoints_" + std::to_string(::getpid()));
  const std::string path = folder / "orders.ckpt";
  const StreamScope scope{.group = "g", .stream_arn = "arn"};
  int fallbacks = 0;
};

TEST_F(ChangedCheckpointFiles, GrowByWhatChangesAndAreWrittenAnewNowAndThen) {
  StreamProgress progress{.start = StreamStart{}};
  for (std::size_t i = 0; i < 500; ++i) {
    progress.shards.emplace("shard-" + std::to_string(i), row(i, 1));
  }
  auto file = open();
  ASSERT_TRUE(file->save(scope, progress));
  struct stat before = {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  const auto whole = static_cast<std::size_t>(before.st_size);
  std::size_t written = whole;
  int rewritten = 0;
  constexpr std::size_t changes = 3000;
  for (std::size_t i = 0; i < changes; ++i) {
    const StreamProgressChange change{.rows = {row(i % 500, i + 2)}};
    ASSERT_TRUE(file->save_change(scope, change));
    apply(change, progress);
    struct stat now = {};
    ASSERT_EQ(::stat(path.c_str(), &now), 0);
    const bool is_new = now.st_ino != before.st_ino;
    rewritten += is_new ? 1 : 0;
    written += static_cast<std::size_t>(is_new ? now.st_size : now.st_size - before.st_size);
    before = now;
  }
  EXPECT_GT(rewritten, 0);
  EXPECT_LE(rewritten, 20);
  // A change is some 150 bytes; what is written anew is no more than what was appended.
  EXPECT_LE(written, 2 * changes * 150 + 2 * whole);
  // Who only looks at it sees the same.
  const auto seen = parse_stream_document(read(path));
  ASSERT_TRUE(seen) << seen.error();
  EXPECT_EQ(seen->progress, progress);
  file.reset();
  EXPECT_EQ(open()->load(scope).value(), progress);
  EXPECT_EQ(fallbacks, 0);
}

TEST_F(ChangedCheckpointFiles, CutOffAnywhereAreAsOneOfTheirSavesLeftThem) {
  auto file = open();
  ASSERT_TRUE(file->save(scope, {.start = StreamStart{}, .shards = {{"shard-0", row(0, 1)}}}));
  const std::size_t whole = read(path).size();
  StreamGap gap{.kind = StreamGap::Kind::shard_lost, .shard_id = "x", .detected = Time(5min)};
  std::vector<StreamProgress> saved = {file->load(scope).value()};
  for (const StreamProgressChange& change :
       {StreamProgressChange{.rows = {row(0, 2), row(1, 1)}},
        StreamProgressChange{.forgotten = {"shard-0"}, .gaps = {gap}},
        StreamProgressChange{.rows = {row(1, 2)}}}) {
    ASSERT_TRUE(file->save_change(scope, change));
    saved.push_back(saved.back());
    apply(change, saved.back());
  }
  file.reset();
  const std::string text = read(path);
  std::size_t at = 0;
  for (std::size_t length = whole; length <= text.size(); ++length) {
    write(text.substr(0, length));
    const auto loaded = open()->load(scope).value();
    while (at + 1 < saved.size() && loaded == saved[at + 1]) ++at;
    ASSERT_EQ(loaded, saved[at]) << length;
  }
  EXPECT_EQ(at, saved.size() - 1);
  // What a write left that died is nothing that was ever answered for.
  EXPECT_EQ(fallbacks, 0);

  // Behind what was cut off the file is written anew, and not on.
  write(text.substr(0, text.size() - 5));
  ASSERT_TRUE(open()->save_change(scope, {.rows = {row(7, 7)}}));
  StreamProgress expected = saved[saved.size() - 2];
  apply({.rows = {row(7, 7)}}, expected);
  EXPECT_EQ(open()->load(scope).value(), expected);
}

TEST_F(ChangedCheckpointFiles, FlippedAnywhereGoOnFromBeforeAndSaySo) {
  auto file = open();
  ASSERT_TRUE(file->save(scope, {.start = StreamStart{}, .shards = {{"shard-0", row(0, 1)}}}));
  const std::size_t whole = read(path).size();
  ASSERT_TRUE(file->save_change(scope, {.rows = {row(0, 2)}}));
  const std::size_t first = read(path).size();
  ASSERT_TRUE(file->save_change(scope, {.rows = {row(0, 3)}}));
  file.reset();
  const std::string text = read(path);
  for (std::size_t at = whole; at < text.size(); at += 3) {
    std::string flipped = text;
    flipped[at] ^= 4;
    if (flipped[at] == '\n' || text[at] == '\n') continue;  // then it is cut off
    write(flipped);
    const int before = fallbacks;
    const auto opened = open();
    const auto loaded = opened->load(scope).value();
    EXPECT_EQ(loaded.shards.at("shard-0"), row(0, at < first ? 1 : 2)) << at;
    EXPECT_EQ(fallbacks, before + 1);
    EXPECT_TRUE(opened->fallback());
  }
}

TEST_F(ChangedCheckpointFiles, OneThatIsTakenAwayIsMadeAgainWithAllThatWasSaved) {
  auto file = open();
  ASSERT_TRUE(file->save(scope, {.start = StreamStart{}, .shards = {{"shard-0", row(0, 1)}}}));
  ASSERT_TRUE(file->save_change(scope, {.rows = {row(1, 1)}}));
  std::filesystem::remove(path);
  ASSERT_TRUE(file->save_change(scope, {.rows = {row(2, 1)}}));
  file.reset();
  EXPECT_EQ(open()->load(scope)->shards.size(), 3U);
}

}  // namespace
}  // namespace dynakeep
