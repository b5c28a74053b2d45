#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynakeep/stores/stream_dead_letters.h"
#include "streams/simulated_stream.h"
#include "streams/stepping.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

StreamDeadLetter letter_of(const std::string& number, const std::string& error = "no") {
  return {.stream_arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/L",
          .group = "g",
          .shard_id = "shardId-1",
          .record = {.event_id = "e" + number,
                     .event_name = "MODIFY",
                     .dynamodb = {.keys = Item{{"k", "a"}},
                                  .new_image = Item{{"k", "a"}, {"tags", StringSet{"x"}}},
                                  .old_image = Item{{"k", "a"}},
                                  .sequence_number = number,
                                  .size_bytes = 12}},
          .attempts = 5,
          .first_failure = Time(1'795'227'763'548ms),
          .last_failure = Time(1'795'227'764'000ms),
          .error = error};
}

TEST(DeadLetters, AreALineOfJsonThatComesBackAsItWas) {
  const std::string json = to_json(letter_of("100", "line\nbreak"));
  EXPECT_THAT(json, testing::StartsWith(
                        R"({"stream_arn":"arn:aws:dynamodb:us-east-1:000000000000:table/T/)"
                        R"(stream/L","shard_id":"shardId-1","sequence_number":"100",)"
                        R"("event_id":"e100","attempts":5,"first_failure_ms":1795227763548,)"
                        R"("last_failure_ms":1795227764000,"error":"line\nbreak","group":"g",)"
                        R"("record":{"eventID":"e100",)"));
  const auto read = dead_letter_from_json(json);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(to_json(*read), json);
  EXPECT_EQ(read->record.dynamodb.new_image, letter_of("100").record.dynamodb.new_image);
}

TEST(DeadLetters, KeepWhateverAHandlerSays) {
  EXPECT_THAT(to_json(letter_of("1", "caf\xe9 \xff")), HasSubstr(R"("error":"caf? ?")"));
  std::string longest;
  while (longest.size() < 20'000) longest += "€";
  const auto read = dead_letter_from_json(to_json(letter_of("1", longest)));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->error, longest.substr(0, 16'383));  // whole characters within 16 KiB
}

TEST(DeadLetters, AreRefusedWhereAMemberIsMissingOrWrong) {
  const std::string good = to_json(letter_of("1"));
  const auto refusal_without = [&](const std::string& what, const std::string& instead) {
    std::string text = good;
    text.replace(text.find(what), what.size(), instead);
    const auto read = dead_letter_from_json(text);
    return read ? std::string() : read.error().message();
  };
  EXPECT_THAT(refusal_without(R"("attempts":5)", R"("attempts":-5)"), HasSubstr("attempts"));
  EXPECT_THAT(refusal_without(R"("attempts":5)", R"("attempts":5000000000)"),
              HasSubstr("attempts"));
  EXPECT_THAT(refusal_without(R"("group":"g",)", ""), HasSubstr("group"));
  EXPECT_THAT(refusal_without(R"("record":{)", R"("recorded":{)"), HasSubstr("record"));
  EXPECT_THAT(refusal_without(R"("Keys":)", R"("Quays":)"), HasSubstr("Keys"));
  EXPECT_THAT(refusal_without("}}", "}"), HasSubstr("JSON"));
}

class DeadLetterFiles : public testing::Test {
 protected:
  DeadLetterFiles() { std::filesystem::create_directories(folder); }
  ~DeadLetterFiles() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<StreamDeadLetters> open() {
    auto opened = open_stream_dead_letter_file({.path = path});
    if (!opened) ADD_FAILURE() << opened.error();
    return std::move(*opened);
  }
  void add(const std::vector<std::string>& numbers) {
    const auto letters = open();
    for (const std::string& number : numbers) ASSERT_TRUE(letters->add(letter_of(number)));
  }
  std::vector<std::string> numbers(std::size_t damaged = 0) {
    std::vector<std::string> found;
    const auto figures = open()->for_each([&](const StreamDeadLetter& letter) {
      found.push_back(letter.record.dynamodb.sequence_number);
      return true;
    });
    EXPECT_TRUE(figures) << figures.error();
    EXPECT_EQ(figures->damaged, damaged);
    EXPECT_EQ(figures->letters, found.size());
    return found;
  }
  std::string read() {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  static StreamHandler failing_on(std::vector<std::string> bad,
                                  std::vector<std::string>* seen = nullptr) {
    return [bad = std::move(bad), seen](const StreamBatch& batch) {
      const std::string& number = batch.records.front().dynamodb.sequence_number;
      if (seen != nullptr) seen->push_back(number);
      return std::find(bad.begin(), bad.end(), number) == bad.end()
                 ? StreamOutcome::ok()
                 : StreamOutcome::failed("still no");
    };
  }

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("stream_letters_" + std::to_string(::getpid()));
  const std::string path = folder / "orders.dlq";
};

TEST_F(DeadLetterFiles, KeepLettersInTheOrderTheyCame) {
  EXPECT_THAT(numbers(), IsEmpty());
  add({"3", "1"});
  add({"2"});
  EXPECT_THAT(numbers(), ElementsAre("3", "1", "2"));
  std::size_t visited = 0;
  ASSERT_TRUE(open()->for_each([&](const StreamDeadLetter&) { return ++visited < 2; }));
  EXPECT_EQ(visited, 2u);
}

TEST_F(DeadLetterFiles, CutOffAnywhereLoseOnlyWhatWasCut) {
  add({"1", "2"});
  const std::string whole = read();
  const std::size_t first_end = whole.find('\n') + 1;
  // Around the ends of lines every place, elsewhere some.
  const auto is_near_an_end = [&](std::size_t size) {
    return size < 3 || size + 3 > whole.size() || (size + 3 > first_end && size < first_end + 3);
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (!is_near_an_end(size) && size % 50 != 0) continue;
    write(whole.substr(0, size));
    const bool has_first = size >= first_end;
    ASSERT_THAT(numbers(), SizeIs(has_first ? 1 : 0)) << size;
    add({"3"});
    const bool left_a_rest = size != 0 && size != first_end;
    // A line that lacks nothing but its line feed gets it.
    const bool is_mended = size == first_end - 1 || size == whole.size() - 1;
    ASSERT_THAT(numbers(left_a_rest && !is_mended ? 1 : 0),
                SizeIs(1u + (has_first ? 1 : 0) + (is_mended ? 1 : 0)))
        << size;
  }
}

TEST_F(DeadLetterFiles, ReplayRemovesWhatIsHandledAndKeepsWhatFails) {
  add({"1", "2", "3", "2"});
  ManualClock clock;
  std::vector<std::string> seen;
  const auto figures = open()->replay(failing_on({"2"}, &seen), {.clock = &clock});
  ASSERT_TRUE(figures) << figures.error();
  EXPECT_EQ(figures->handled, 2u);
  EXPECT_EQ(figures->failed, 1u);
  EXPECT_FALSE(figures->was_stopped);
  EXPECT_THAT(seen, ElementsAre("1", "2", "3"));  // a record once, though it is there twice
  EXPECT_THAT(numbers(), ElementsAre("2"));
  ASSERT_TRUE(open()->for_each([&](const StreamDeadLetter& letter) {
    EXPECT_EQ(letter.attempts, 6u);
    EXPECT_EQ(letter.error, "still no");
    EXPECT_EQ(letter.first_failure, letter_of("2").first_failure);
    EXPECT_EQ(letter.last_failure, clock.now());
    return true;
  }));
  ASSERT_TRUE(open()->replay(failing_on({})));
  EXPECT_EQ(read(), "");
}

TEST_F(DeadLetterFiles, ReplayGivesTheHandlerTheShardAndTheAttempt) {
  add({"1"});
  ASSERT_TRUE(open()->replay([](const StreamBatch& batch) {
    EXPECT_EQ(batch.shard_id, "shardId-1");
    EXPECT_EQ(batch.attempt, 6u);
    EXPECT_THAT(batch.records, SizeIs(1));
    return StreamOutcome::ok();
  }));
}

TEST_F(DeadLetterFiles, ReplayOfSomeLeavesTheOthers) {
  add({"1", "2", "3"});
  const auto figures = open()->replay(failing_on({}), {.only = [](const StreamDeadLetter& letter) {
                                        return letter.record.dynamodb.sequence_number != "2";
                                      }});
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->handled, 2u);
  EXPECT_THAT(numbers(), ElementsAre("2"));
}

TEST_F(DeadLetterFiles, ReplayEndsWhereTheHandlerWantsNoMore) {
  add({"1", "2", "3"});
  const auto figures = open()->replay([](const StreamBatch& batch) {
    if (batch.records.front().dynamodb.sequence_number == "2") return StreamOutcome::fatal("stop");
    return StreamOutcome::ok();
  });
  ASSERT_TRUE(figures);
  EXPECT_TRUE(figures->was_stopped);
  EXPECT_THAT(numbers(), ElementsAre("2", "3"));
}

TEST_F(DeadLetterFiles, ReplayEndsWhenAskedTo) {
  add({"1", "2", "3"});
  std::stop_source stop;
  const auto figures = open()->replay(
      failing_on({}), {.stop = stop.get_token(), .on_progress = [&] { stop.request_stop(); }});
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->handled, 1u);
  EXPECT_TRUE(figures->was_stopped);
  EXPECT_THAT(numbers(), ElementsAre("2", "3"));
}

TEST_F(DeadLetterFiles, WhatThrowsHasFailed) {
  add({"1"});
  const auto figures = open()->replay(
      [](const StreamBatch&) -> StreamOutcome { throw std::runtime_error("thrown"); });
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->failed, 1u);
  EXPECT_THAT(read(), HasSubstr(R"("error":"thrown")"));
}

TEST_F(DeadLetterFiles, KeepWhatIsAddedDuringAReplay) {
  add({"1", "2"});
  const auto elsewhere = open();
  ASSERT_TRUE(open()->replay([&](const StreamBatch& batch) {
    const std::string& number = batch.records.front().dynamodb.sequence_number;
    EXPECT_TRUE(elsewhere->add(letter_of("1" + number)));
    return StreamOutcome::ok();
  }));
  EXPECT_THAT(numbers(), ElementsAre("11", "12"));
}

TEST_F(DeadLetterFiles, AReplayKeepsWhatIsNoLetter) {
  add({"1"});
  write(read() + "{\"half\n" + to_json(letter_of("2")));
  const auto figures = open()->replay(failing_on({}));
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->damaged, 1u);
  EXPECT_EQ(figures->handled, 1u);
  EXPECT_EQ(read(), "{\"half\n" + to_json(letter_of("2")) + "\n");
}

TEST_F(DeadLetterFiles, AreRefusedWhereTheyCannotBe) {
  EXPECT_EQ(open_stream_dead_letter_file({}).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(open_stream_dead_letter_file({.path = folder}).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(open_stream_dead_letter_file({.path = folder / "no" / "x"}).error().code(),
            ErrorCode::invalid_argument);
}

TEST_F(DeadLetterFiles, AWriterThatIsKilledLosesNothingItWasAnsweredFor) {
  for (int round = 0; round < 10; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto letters = open_stream_dead_letter_file({.path = path});
      for (unsigned char i = 0; letters; ++i) {
        if (!(*letters)->add(letter_of(std::to_string(round * 1000 + i)))) break;
        if (::write(pipe_ends[1], &i, 1) != 1) break;
      }
      ::_exit(1);
    }
    ::close(pipe_ends[1]);
    unsigned char last = 0;
    for (int i = 0; i <= round; ++i) ASSERT_EQ(::read(pipe_ends[0], &last, 1), 1);
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &last, 1) == 1) {
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_THAT(numbers(), testing::Contains(std::to_string(round * 1000 + last)));
    std::filesystem::remove(path);
  }
}

// ---- with a consumer ----

class DeadLetteringConsumers : public DeadLetterFiles {
 protected:
  void open_consumer() {
    StreamConsumerOptions options{
        .stream_arn = stream.arn,
        .group = "g",
        .batch_records = 128,
        .retry = {.attempts_max = 3,
                  .bisect = true,
                  .on_poison = StreamRetry::OnPoison::dead_letter},
        .dead_letter = [this](const StreamDeadLetter& letter) { return keep(letter); },
        .clock = &clock,
        .now = [this] { return streams::moment_of(clock); },
        .random = [this] { return random(); }};
    auto opened = StreamConsumer::open(stream, *checkpoints, std::move(options),
                                       [this](const StreamBatch& batch) { return handle(batch); });
    ASSERT_TRUE(opened) << opened.error();
    consumer = std::move(*opened);
    ASSERT_TRUE(consumer->start());
  }
  void go_on(std::chrono::microseconds span) {
    const auto gone_on = streams::go_on(*consumer, clock, span);
    ASSERT_TRUE(gone_on && *gone_on);
  }
  StreamOutcome handle(const StreamBatch& batch) {
    std::vector<std::int64_t> versions;
    for (const ChangeRecord& record : batch.records) {
      versions.push_back(record.dynamodb.new_image->at("n").as_number().to_int64().value());
      if (versions.back() == poison) return StreamOutcome::failed("poison");
    }
    handled.insert(handled.end(), versions.begin(), versions.end());
    return StreamOutcome::ok();
  }
  Result<void> keep(const StreamDeadLetter& letter) {
    if (clock.now() < broken_until) {
      ++refused;
      return Error::internal("the sink is away");
    }
    return letters->add(letter);
  }

  ManualClock clock;
  std::mt19937_64 random{1};
  streams::SimulatedStream stream{clock, 1};
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
  std::unique_ptr<StreamDeadLetters> letters = open();
  std::unique_ptr<StreamConsumer> consumer;
  std::int64_t poison = 77;
  Time broken_until = {};
  std::vector<std::int64_t> handled;
  std::size_t refused = 0;
};

TEST_F(DeadLetteringConsumers, KeepTheOneBadRecordOf128AndGoOn) {
  for (int i = 0; i < 128; ++i) stream.write("a");
  open_consumer();
  go_on(5min);
  ASSERT_THAT(handled, SizeIs(127));
  EXPECT_TRUE(std::is_sorted(handled.begin(), handled.end()));
  EXPECT_THAT(handled, testing::Not(testing::Contains(77)));
  ASSERT_TRUE(letters->for_each([&](const StreamDeadLetter& letter) {
    EXPECT_EQ(letter.record.dynamodb.new_image->at("n"), AttributeValue(77));
    EXPECT_EQ(letter.attempts, 3u);
    EXPECT_EQ(letter.error, "poison");
    EXPECT_EQ(letter.group, "g");
    EXPECT_EQ(letter.stream_arn, stream.arn);
    EXPECT_GE(letter.last_failure, letter.first_failure);
    return true;
  }));
  EXPECT_THAT(numbers(), SizeIs(1));
  EXPECT_EQ(consumer->figures().dead_letters, 1u);

  // The checkpoint is beyond it: another consumer meets only what comes then.
  ASSERT_TRUE(consumer->checkpoint());
  handled.clear();
  stream.write("a");
  open_consumer();
  go_on(10s);
  EXPECT_THAT(handled, ElementsAre(129));
}

TEST_F(DeadLetteringConsumers, AcknowledgeOnlyWhatTheSinkHasTaken) {
  for (int i = 0; i < 128; ++i) stream.write("a");
  broken_until = clock.now() + 1min;
  open_consumer();
  go_on(50s);
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(consumer->figures().dead_letters, 0u);
  EXPECT_THAT(handled, SizeIs(76));  // nothing behind it

  // Begun anew while the sink is away, the consumer meets the record again.
  ASSERT_TRUE(consumer->checkpoint());
  handled.clear();
  open_consumer();
  go_on(5min);
  ASSERT_THAT(handled, SizeIs(51));
  EXPECT_EQ(handled.front(), 78);
  EXPECT_THAT(numbers(), SizeIs(1));
}

}  // namespace
}  // namespace dynakeep
