#include "copy/copy_states.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_pacing.h"
#include "dynakeep/embedded.h"
#include "dynakeep/pages.h"

namespace dynakeep::copying {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Time that passes only when someone waits, and something else happens then.
class PacingMeanwhile final : public base::Pacing {
 public:
  Moment now() override { return manual_.now(); }
  double random() override { return manual_.random(); }
  void wait_until(Moment moment) override {
    if (meanwhile) meanwhile();
    manual_.wait_until(moment);
    ++waits;
  }

  std::function<void()> meanwhile = {};
  int waits = 0;

 private:
  base::ManualPacing manual_;
};

class CopyStatesTest : public ::testing::Test {
 protected:
  static CopyState some_state() {
    CopyState state{.source = "arn of a table", .stream_arn = "arn of a stream"};
    state.stream.start = StreamStart{.kind = StreamStart::Kind::latest};
    state.stream.shards["shard-a"] = {.shard_id = "shard-a", .state = ShardState::ready};
    state.segments = {{.behind = Key{{"id", "x"}, {"n", 3}}}, {.is_read = true}, {}};
    state.items = 17;
    state.bytes = 1700;
    return state;
  }

  std::unique_ptr<Database> database_ = std::move(*open_embedded({.in_memory = true}));
  PacingMeanwhile pacing_;
};

TEST_F(CopyStatesTest, WhatIsSavedIsLoaded) {
  CopyStates states(*database_, "Songs", pacing_);
  EXPECT_FALSE(*states.load());
  ASSERT_TRUE(states.take_over());
  CopyState state = some_state();
  ASSERT_TRUE(states.begin(state));
  StreamChange change;
  change.rows["shard-b"] = {.shard_id = "shard-b",
                            .parent = "shard-a",
                            .state = ShardState::ready,
                            .position = {StreamPosition::Kind::after, "123"}};
  change.forgotten = {"shard-a"};
  ASSERT_TRUE(states.save(change));
  state.stage = CopyState::Stage::copied;
  state.items = 18;
  ASSERT_TRUE(states.save(state));

  const auto loaded = CopyStates(*database_, "Songs", pacing_).load();
  ASSERT_TRUE(loaded && *loaded);
  const CopyState& found = **loaded;
  EXPECT_EQ(found.source, state.source);
  EXPECT_EQ(found.stage, CopyState::Stage::copied);
  EXPECT_EQ(found.stream_arn, state.stream_arn);
  EXPECT_EQ(found.stream.start, state.stream.start);
  ASSERT_EQ(found.stream.shards.size(), 1U);
  EXPECT_EQ(found.stream.shards.at("shard-b"), change.rows.at("shard-b"));
  ASSERT_EQ(found.segments.size(), 3U);
  EXPECT_EQ(found.segments[0].behind, state.segments[0].behind);
  EXPECT_FALSE(found.segments[0].is_read);
  EXPECT_TRUE(found.segments[1].is_read);
  EXPECT_FALSE(found.segments[2].behind);
  EXPECT_EQ(found.items, 18U);
  EXPECT_EQ(found.bytes, 1700U);
}

TEST_F(CopyStatesTest, CopiesOfOtherTablesAreApart) {
  CopyStates songs(*database_, "Songs", pacing_);
  CopyStates albums(*database_, "Albums", pacing_);
  ASSERT_TRUE(songs.take_over() && songs.begin(some_state()));
  ASSERT_TRUE(albums.take_over() && albums.begin(some_state()));
  ASSERT_TRUE(albums.forget());
  EXPECT_FALSE(*CopyStates(*database_, "Albums", pacing_).load());
  EXPECT_TRUE(*CopyStates(*database_, "Songs", pacing_).load());
  ASSERT_TRUE(songs.forget());
  EXPECT_THAT(*table_names(*database_), IsEmpty());
}

TEST_F(CopyStatesTest, ACopyThatBeginsAnewKnowsNoRowsOfTheOneBefore) {
  CopyStates states(*database_, "Songs", pacing_);
  ASSERT_TRUE(states.take_over() && states.begin(some_state()));
  CopyState other = some_state();
  other.stream.shards = {{"shard-z", {.shard_id = "shard-z", .state = ShardState::ready}}};
  ASSERT_TRUE(states.begin(other));
  const auto loaded = states.load();
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ((*loaded)->stream.shards.size(), 1U);
  EXPECT_TRUE((*loaded)->stream.shards.contains("shard-z"));
}

TEST_F(CopyStatesTest, ASecondRunIsRefusedWhileTheFirstGivesSignsOfLife) {
  CopyStates first(*database_, "Songs", pacing_);
  CopyStates second(*database_, "Songs", pacing_);
  ASSERT_TRUE(first.take_over() && first.begin(some_state()));
  pacing_.meanwhile = [&] { EXPECT_TRUE(first.save(some_state())); };
  const auto taken = second.take_over();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), ErrorCode::resource_in_use);
  EXPECT_TRUE(first.save(some_state()));
}

TEST_F(CopyStatesTest, ARunThatGivesNoSignsOfLifeIsTakenOverAndThenRefused) {
  CopyStates first(*database_, "Songs", pacing_);
  CopyStates second(*database_, "Songs", pacing_);
  ASSERT_TRUE(first.take_over() && first.begin(some_state()));
  ASSERT_TRUE(second.take_over());
  EXPECT_EQ(pacing_.waits, 1);
  const auto saved = first.save(some_state());
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code(), ErrorCode::write_conflict);
  EXPECT_THAT(saved.error().message(), HasSubstr("Another run has taken over"));
  EXPECT_TRUE(second.save(some_state()));
}

TEST_F(CopyStatesTest, WhatARunLetGoOfIsTakenAtOnce) {
  CopyStates first(*database_, "Songs", pacing_);
  CopyStates second(*database_, "Songs", pacing_);
  ASSERT_TRUE(first.take_over() && first.begin(some_state()));
  ASSERT_TRUE(first.release(some_state()));
  ASSERT_TRUE(second.take_over());
  EXPECT_EQ(pacing_.waits, 0);
  EXPECT_EQ((*second.load())->items, 17U);
}

TEST_F(CopyStatesTest, RowsThatAreNothingOfOursAreAnError) {
  CopyStates states(*database_, "Songs", pacing_);
  ASSERT_TRUE(states.take_over() && states.begin(some_state()));
  ASSERT_TRUE(
      database_->put_item({.table_name = "dynakeep.copies",
                           .item = Item{{"pk", "Songs"}, {"sk", "copy"}, {"stage", "dancing"}}}));
  const auto loaded = states.load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::malformed_item);
}

}  // namespace
}  // namespace dynakeep::copying
