#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <unistd.h>

#include "dynakeep/stores/stream_checkpoints.h"

namespace dynakeep {
namespace {

using testing::HasSubstr;

std::uint32_t crc32c_bit_by_bit(std::string_view bytes) {
  std::uint32_t sum = ~0U;
  for (const char byte : bytes) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ (sum % 2 == 0 ? 0 : 0x82f63b78U);
  }
  return ~sum;
}

class StreamCheckpointFiles : public testing::Test {
 protected:
  StreamCheckpointFiles() { std::filesystem::create_directories(folder); }
  ~StreamCheckpointFiles() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<StreamCheckpoints> open(bool begin_anew = false) {
    auto opened = open_stream_checkpoint_file(
        {.path = path, .begin_anew_if_damaged = begin_anew, .on_fallback = [this](const Error&) {
           ++fallbacks;
         }});
    if (!opened) ADD_FAILURE() << opened.error();
    return std::move(*opened);
  }
  static StreamProgress progress_at(const char* number) {
    StreamProgress progress;
    progress.start = StreamStart{};
    progress.shards["s"] = {.shard_id = "s",
                            .state = ShardState::ready,
                            .position = {StreamPosition::Kind::after, number}};
    return progress;
  }
  std::string read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("stream_checkpoints_" + std::to_string(::getpid()));
  const std::string path = folder / "orders.ckpt";
  const StreamScope scope{.group = "g", .stream_arn = "arn"};
  int fallbacks = 0;
};

TEST_F(StreamCheckpointFiles, GiveWhatWasSavedLast) {
  EXPECT_EQ(open()->load(scope).value(), StreamProgress());
  ASSERT_TRUE(open()->save(scope, progress_at("1")));
  ASSERT_TRUE(open()->save(scope, progress_at("2")));
  EXPECT_EQ(open()->load(scope).value(), progress_at("2"));
  EXPECT_EQ(fallbacks, 0);
}

TEST_F(StreamCheckpointFiles, FallBackToTheOneBeforeIfDamagedOrGone) {
  const auto save_two = [&] {
    auto file = open();
    ASSERT_TRUE(file->save(scope, progress_at("1")));
    ASSERT_TRUE(file->save(scope, progress_at("2")));
  };
  save_two();
  const std::string text = read(path);
  for (std::size_t length = 0; length < text.size(); length += 7) {
    write(path, text.substr(0, length));
    EXPECT_EQ(open()->load(scope).value(), progress_at("1")) << length;
  }
  std::filesystem::remove(path);
  EXPECT_EQ(open()->load(scope).value(), progress_at("1"));
  EXPECT_GT(fallbacks, 2);
}

TEST_F(StreamCheckpointFiles, WithBothDamagedItBeginsAtTheOldestRecordOrNotAtAll) {
  write(path, "{}");
  write(path + ".prev", "");
  const auto refused = open()->load(scope);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::serialization);
  const auto anew = open(true)->load(scope);
  ASSERT_TRUE(anew);
  EXPECT_EQ(anew->start->kind, StreamStart::Kind::trim_horizon);
}

TEST_F(StreamCheckpointFiles, ThoseOfOtherGroupsAndStreamsAreRefused) {
  ASSERT_TRUE(open()->save(scope, progress_at("1")));
  const auto other = open()->load({.group = "h", .stream_arn = "arn"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::invalid_argument);
  EXPECT_THAT(other.error().message(), HasSubstr("\"g\""));
  const auto stream = open()->load({.group = "g", .stream_arn = "other"});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(fallbacks, 0);
}

// Without falling back to what was before, which the newer one is not worse than.
TEST_F(StreamCheckpointFiles, I5ANewerVersionIsRefused) {
  ASSERT_TRUE(open()->save(scope, progress_at("1")));
  ASSERT_TRUE(open()->save(scope, progress_at("2")));
  std::string line = read(path);
  line.resize(line.find('\n') + 1);
  line.replace(line.find(R"("version":1)"), 11, R"("version":2)");
  char checksum[32];
  std::snprintf(checksum, sizeof checksum, "crc32c %08x\n", crc32c_bit_by_bit(line));
  write(path, line + checksum);
  const auto refused = open()->load(scope);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message(), HasSubstr("version"));
  EXPECT_EQ(fallbacks, 0);
}

// As on a disk that is full or may only be read.
TEST_F(StreamCheckpointFiles, I5AWriteThatFailsLeavesWhatWasThere) {
  ASSERT_TRUE(open()->save(scope, progress_at("1")));
  std::filesystem::create_directories(path + ".tmp/in the way");
  EXPECT_FALSE(open()->save(scope, progress_at("2")));
  EXPECT_EQ(open()->load(scope).value(), progress_at("1"));
  EXPECT_EQ(fallbacks, 0);
  std::filesystem::remove_all(path + ".tmp");
  ASSERT_TRUE(open()->save(scope, progress_at("2")));
  EXPECT_EQ(open()->load(scope).value(), progress_at("2"));
}

TEST_F(StreamCheckpointFiles, AreHeldByOneAtATime) {
  const auto first = open();
  const auto second = open_stream_checkpoint_file({.path = path});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("orders.ckpt.lock"));
}

TEST_F(StreamCheckpointFiles, ADirectoryOrAPlaceThatIsNoneIsAnError) {
  std::filesystem::create_directory(path);
  EXPECT_FALSE(open()->load(scope));
  EXPECT_FALSE(open()->save(scope, progress_at("1")));
  EXPECT_FALSE(open_stream_checkpoint_file({.path = folder / "none" / "x"}));
  EXPECT_FALSE(open_stream_checkpoint_file({}));
}

TEST_F(StreamCheckpointFiles, ALeftoverOfAWriteThatDiedIsOverwritten) {
  ASSERT_TRUE(open()->save(scope, progress_at("1")));
  write(path + ".tmp", "half");
  write(path + ".link", "half");
  ASSERT_TRUE(open()->save(scope, progress_at("2")));
  EXPECT_EQ(open()->load(scope).value(), progress_at("2"));
}

// Whatever of a write the power left, in the order of its steps: the file is this one or the one
// before.
TEST_F(StreamCheckpointFiles, C5APowerLossWithinAWriteLeavesThisGenerationOrTheOneBefore) {
  {
    auto file = open();
    for (const char* number : {"1", "2", "3"}) ASSERT_TRUE(file->save(scope, progress_at(number)));
  }
  const std::string third = read(path);
  const std::string second = read(path + ".prev");
  const auto as_before = [&] {
    write(path, second);
    std::filesystem::remove(path + ".prev");
    std::filesystem::remove(path + ".link");
    std::filesystem::remove(path + ".tmp");
  };
  const auto loaded = [&] { return open()->load(scope).value(); };
  for (std::size_t length = 0; length <= third.size(); length += 7) {
    as_before();
    write(path + ".tmp", third.substr(0, length));
    ASSERT_EQ(loaded(), progress_at("2")) << length;
  }
  as_before();
  write(path + ".tmp", third);
  std::filesystem::create_hard_link(path, path + ".link");
  EXPECT_EQ(loaded(), progress_at("2"));
  std::filesystem::rename(path + ".link", path + ".prev");
  EXPECT_EQ(loaded(), progress_at("2"));
  std::filesystem::rename(path + ".tmp", path);
  EXPECT_EQ(loaded(), progress_at("3"));
  EXPECT_EQ(fallbacks, 0);
}

}  // namespace
}  // namespace dynakeep
