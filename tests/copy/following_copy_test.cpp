// Copies that follow their table.

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/engine_admin.h"
#include "songs.h"
#include "support/wrapped_database.h"

namespace dynakeep::copying {
namespace {

using ::testing::HasSubstr;

TEST(TableCopy, AppliesWhatWasChangedWhileItReadAndAfter) {
  for (const StreamViewType view : {StreamViewType::new_and_old_images, StreamViewType::keys_only,
                                    StreamViewType::new_image, StreamViewType::old_image}) {
    const auto source = memory();
    const auto destination = memory();
    CreateTableRequest request = songs();
    request.stream_specification->stream_view_type = view;
    ASSERT_TRUE(source->create_table(request));
    fill(*source, 3000, std::string(1000, 'x'));
    CopyOptions options{.follows = true, .segments = 1};
    std::atomic<int> page = 0;
    options.on_progress = [&](const CopyProgress&) {
      const int at = ++page;
      put(*source, song(1, 1, at));
      put(*source, song(900 + at, 1));
      (void)source->delete_item({.table_name = "Songs", .key = key_of(song(2, at))});
    };
    const auto copy = open_copy(*source, *destination, options);
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    ASSERT_GT(page, 2);
    {
      FollowingThread following(*copy);
      following.wait_until_current();
      EXPECT_EQ(items_of(*destination), items_of(*source));
      put(*source, song(1, 1, 12345));
      (void)source->delete_item({.table_name = "Songs", .key = key_of(song(3, 3))});
      const auto followed = following.stop();
      ASSERT_TRUE(followed) << followed.error();
      EXPECT_EQ(followed->ending, FollowEnding::stopped);
      EXPECT_TRUE(followed->current_until);
    }
    EXPECT_EQ(items_of(*destination), items_of(*source));
  }
}

TEST(TableCopy, GoesOnFollowingWhereItWas) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 100);
  {
    const auto copy = open_copy(*source, *destination, {.follows = true});
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    put(*source, song(1, 1, 1));
    ASSERT_TRUE(copy->follow({}, FollowUntil::current));
  }
  put(*source, song(1, 1, 2));
  ASSERT_TRUE(source->delete_item({.table_name = "Songs", .key = key_of(song(0, 0))}));
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->plan().step, CopyPlan::Step::done);
  ASSERT_TRUE(copy->copy({}));
  const auto followed = copy->follow({}, FollowUntil::current);
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(followed->ending, FollowEnding::current);
  EXPECT_EQ(followed->records, 2);
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

TEST(TableCopy, FollowsThroughRollsAndSplitsOfShards) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  const auto arn = source->describe_table({.table_name = "Songs"})->table.latest_stream_arn;
  FollowingThread following(*copy);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 30; ++i) put(*source, song(i, 1, round));
    ASSERT_TRUE(source->admin()->roll_shards({.stream_arn = arn}));
  }
  const auto followed = following.stop();
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(followed->records, 600);
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

TEST(TableCopy, SaysThatChangesAreLostAndDoesNotForgetIt) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 10);
  {
    const auto copy = open_copy(*source, *destination, {.follows = true});
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    put(*source, song(1, 1, 1));
    ASSERT_TRUE(copy->follow({}, FollowUntil::current));
  }
  const auto arn = source->describe_table({.table_name = "Songs"})->table.latest_stream_arn;
  put(*source, song(1, 1, 2));
  put(*source, song(1, 1, 3));
  ASSERT_TRUE(source->admin()->trim_stream({.stream_arn = arn, .before = Time::max()}));
  put(*source, song(1, 1, 4));
  {
    const auto copy = open_copy(*source, *destination, {.follows = true});
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    const auto followed = copy->follow({});
    ASSERT_TRUE(followed) << followed.error();
    EXPECT_EQ(followed->ending, FollowEnding::lost);
    EXPECT_THAT(followed->loss, HasSubstr("records of the source's stream"));
  }
  EXPECT_THAT(refusal(*source, *destination, {.follows = true}), HasSubstr("has lost changes"));
  copy_all(*source, *destination, {.follows = true, .overwrites = true});
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

// A copy that was followed, of which changes are lost: one item changed and one deleted meanwhile.
class LossyCopy : public ::testing::Test {
 protected:
  LossyCopy() {
    EXPECT_TRUE(source_->create_table(songs()));
    fill(*source_, 10);
    follow_until_current({.follows = true});
    put(*source_, song(1, 1, 1));
    EXPECT_TRUE(source_->delete_item({.table_name = "Songs", .key = key_of(song(0, 0))}));
    trim();
    put(*source_, song(0, 4, 1));
  }

  void trim() {
    const auto arn = source_->describe_table({.table_name = "Songs"})->table.latest_stream_arn;
    ASSERT_TRUE(source_->admin()->trim_stream({.stream_arn = arn, .before = Time::max()}));
  }
  FollowSummary follow_until_current(const CopyOptions& options) {
    const auto copy = open_copy(*source_, *destination_, options);
    if (!copy) return {};
    EXPECT_TRUE(copy->copy({}));
    auto followed = copy->follow({}, FollowUntil::current);
    EXPECT_TRUE(followed) << followed.error();
    return followed.value_or(FollowSummary{});
  }

  std::unique_ptr<Database> source_ = memory();
  std::unique_ptr<Database> destination_ = memory();
};

TEST_F(LossyCopy, IsMendedByFollowingAnewAndComparing) {
  EXPECT_EQ(follow_until_current({.follows = true}).ending, FollowEnding::lost);
  EXPECT_THAT(refusal(*source_, *destination_, {.follows = true}), HasSubstr("has lost changes"));
  {
    const auto copy = open_copy(*source_, *destination_, {.follows = true, .mends = true});
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->plan().step, CopyPlan::Step::mend);
    ASSERT_TRUE(copy->copy({}));
    FollowingThread following(*copy);
    put(*source_, song(0, 5, 2));
    following.wait_until_current();
    EXPECT_TRUE(copy->figures().has_lost);
    const auto summary = copy->compare({.repairs = true});
    ASSERT_TRUE(summary) << summary.error();
    EXPECT_FALSE(summary->stopped);
    EXPECT_EQ(summary->repaired, summary->different());
    EXPECT_EQ(summary->extra, 1);  // what was deleted
    EXPECT_FALSE(copy->figures().has_lost);
    const auto followed = following.stop();
    ASSERT_TRUE(followed) << followed.error();
    EXPECT_TRUE(followed->current_until);
  }
  EXPECT_EQ(items_of(*destination_), items_of(*source_));
  put(*source_, song(0, 6, 3));
  EXPECT_EQ(follow_until_current({.follows = true}).ending, FollowEnding::current);
  EXPECT_EQ(items_of(*destination_), items_of(*source_));
}

TEST_F(LossyCopy, IsNotWholeUntilItWasComparedToTheEnd) {
  follow_until_current({.follows = true});
  const FollowSummary followed = follow_until_current({.follows = true, .mends = true});
  EXPECT_EQ(followed.ending, FollowEnding::current);
  EXPECT_FALSE(followed.current_until);  // nobody can say so
  EXPECT_THAT(refusal(*source_, *destination_, {.follows = true}), HasSubstr("has lost changes"));
  {
    const auto copy = open_copy(*source_, *destination_, {.follows = true, .mends = true});
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    FollowingThread following(*copy);
    following.wait_until_current();
    std::stop_source stop;
    stop.request_stop();
    ASSERT_TRUE(copy->compare({.repairs = true, .stop = stop.get_token()}));
    ASSERT_TRUE(copy->compare({.repairs = false}));
    EXPECT_TRUE(copy->figures().has_lost);
  }
  EXPECT_THAT(refusal(*source_, *destination_, {.follows = true}), HasSubstr("has lost changes"));
}

TEST_F(LossyCopy, IsMendedOverAStreamThatIsAnotherOne) {
  for (const bool is_on : {false, true}) {
    StreamSpecification stream{.stream_enabled = is_on};
    if (is_on) stream.stream_view_type = StreamViewType::keys_only;
    ASSERT_TRUE(source_->update_table({.table_name = "Songs", .stream_specification = stream}));
  }
  EXPECT_THAT(refusal(*source_, *destination_, {.follows = true}), HasSubstr("switched off"));
  const auto copy = open_copy(*source_, *destination_, {.follows = true, .mends = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  FollowingThread following(*copy);
  following.wait_until_current();
  ASSERT_TRUE(copy->compare({.repairs = true}));
  put(*source_, song(0, 7, 4));
  ASSERT_TRUE(following.stop());
  EXPECT_EQ(items_of(*destination_), items_of(*source_));
}

// A comparison that what it compares is followed no more cannot tell lag from a difference.
TEST_F(LossyCopy, IsComparedNoFurtherThanItIsFollowed) {
  follow_until_current({.follows = true});
  const auto copy = open_copy(*source_, *destination_, {.follows = true, .mends = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));  // and nobody follows
  const auto summary = copy->compare({.repairs = true});
  ASSERT_TRUE(summary) << summary.error();
  EXPECT_TRUE(summary->stopped);
  EXPECT_EQ(summary->different(), 0);
  EXPECT_TRUE(copy->figures().has_lost);
}

TEST(TableCopy, IsNotTakenForCompleteWhereItWasFollowed) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  copy_all(*source, *destination, {.follows = true});
  EXPECT_THAT(refusal(*source, *destination), HasSubstr("is followed: follow it"));
  EXPECT_EQ(refusal(*source, *destination, {.follows = true}), "");
  EXPECT_EQ(refusal(*source, *destination, {.overwrites = true}), "");
}

TEST(TableCopy, SaysThatTheStreamWasSwitchedOff) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  put(*source, song(1, 1, 1));
  ASSERT_TRUE(
      source->update_table({.table_name = "Songs",
                            .stream_specification = StreamSpecification{.stream_enabled = false}}));
  const auto followed = copy->follow({});
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(followed->ending, FollowEnding::lost);
  EXPECT_THAT(followed->loss, HasSubstr("switched off"));
  EXPECT_EQ(items_of(*destination), items_of(*source));  // up to there it has all
  EXPECT_THAT(refusal(*source, *destination, {.follows = true}), HasSubstr("has lost changes"));
}

// A source as Amazon's: no positions, no snapshots, nothing pushed.
class Plain final : public support::WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  const Capabilities& capabilities() const override { return capabilities_; }

 private:
  const Capabilities capabilities_;
};

TEST(TableCopy, FollowsASourceThatTellsNoPositions) {
  const auto under = memory();
  Plain source(*under);
  const auto destination = memory();
  ASSERT_TRUE(source.create_table(songs()));
  fill(source, 100);
  CopyOptions options{.follows = true, .settle = 0ms};
  options.on_progress = [&](const CopyProgress& at) {
    put(source, song(1, 1, static_cast<int>(at.items)));
  };
  const auto copy = open_copy(source, *destination, options);
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  const auto followed = copy->follow({}, FollowUntil::current);
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(items_of(*destination), items_of(*under));
}

}  // namespace
}  // namespace dynakeep::copying
