#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "streams/one_consumer.h"

// What a consumer makes of records that are gone.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = StreamEvent::Kind;

TEST_F(StreamAcceptance, G1AConsumerDownForThirtyHoursStartsAtTheHorizonWithOneGapALineage) {
  stream.split("a");
  const std::string other = item_apart_from("a");
  write(1);
  open(options());
  go_on(2s);
  write(2);
  write(3, other);
  const Time last = clock.now();
  go_on(5s);
  for (int hour = 0; hour < 30; ++hour) {
    clock.advance(1h);
    write(1);
    write(1, other);
  }
  be_away_for(0s);
  std::vector<std::size_t> gaps_before;  // of each batch
  handler = [&](const StreamBatch& batch) {
    gaps_before.push_back(gaps.size());
    return take(batch);
  };
  of_item.clear();
  open(options());
  go_on(1min);
  ASSERT_THAT(gaps, SizeIs(2));
  EXPECT_NE(gaps[0].shard_id, gaps[1].shard_id);
  const Time oldest_kept = last + 5s + 6h;
  for (const StreamGap& gap : gaps) {
    EXPECT_EQ(gap.kind, StreamGap::Kind::position_trimmed);
    EXPECT_EQ(*gap.from, std::chrono::floor<std::chrono::seconds>(last));
    EXPECT_EQ(*gap.until, std::chrono::floor<std::chrono::seconds>(oldest_kept));
  }
  EXPECT_EQ(of_item["a"].front(), 9);
  EXPECT_EQ(of_item["a"].back(), 33);
  EXPECT_THAT(of_item["a"], SizeIs(25));
  EXPECT_EQ(of_item[other], of_item["a"]);
  EXPECT_GE(gaps_before.front(), 1U);
  EXPECT_EQ(gaps_before.back(), 2U);
}

TEST_F(StreamAcceptance, G1SoItIsWhereAllShardsItKnewAreGone) {
  write(3);
  open(options());
  go_on(5s);
  const Time last = clock.now();
  for (int hour = 0; hour < 30; ++hour) {
    clock.advance(1h);
    write(1);
    if (hour % 4 == 0) stream.roll("a");
  }
  be_away_for(0s);
  open(options());
  go_on(1min);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_LE(*gaps[0].from, last);
  EXPECT_EQ(handled.front(), 1);
  EXPECT_EQ(handled.back(), 33);
  EXPECT_EQ(consumer->figures().lag, 0ms);
}

TEST_F(StreamAcceptance, G2WithoutWritesNoGapIsCertain) {
  write(3);
  open(options());
  go_on(5s);
  be_away_for(30h);
  open(options());
  go_on(1min);
  for (const StreamGap& gap : gaps) EXPECT_FALSE(gap.is_certain);
  write(1);
  go_on(5s);
  EXPECT_EQ(handled, up_to(4));
}

TEST_F(StreamAcceptance, G4AShardThatIsGoneIsAGapAndItsChildIsReadFromItsHorizon) {
  write(3);
  open(options());
  handler = [](const StreamBatch&) { return StreamOutcome::failed("not yet"); };
  go_on(5s);
  stream.roll("a");
  be_away_for(25h);
  write(2);
  handler = [this](const StreamBatch& batch) { return take(batch); };
  open(options());
  go_on(1min);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::shard_lost);
  EXPECT_THAT(handled, ElementsAre(4, 5));
}

TEST_F(StreamAcceptance, G5AtEighteenHoursOfLagTheRiskIsToldOfOnce) {
  write(1);
  handler = [](const StreamBatch&) { return StreamOutcome::failed("not yet"); };
  open(options());
  go_on(17h);
  EXPECT_EQ(events[Kind::retention_risk], 0);
  go_on(3h);
  EXPECT_EQ(events[Kind::retention_risk], 1);
}

TEST_F(StreamAcceptance, G7BesideAnIdleShardForThirtyHoursNoGapIsToldAndTheNextWriteArrives) {
  write(1);
  open(options());
  go_on(30h);
  stream.trim(clock.now() - 24h);
  open(options());
  go_on(5s);
  write(1);
  go_on(5s);
  EXPECT_THAT(gaps, IsEmpty());
  EXPECT_EQ(handled, up_to(2));
}

TEST_F(StreamAcceptance, G3TrimmedBetweenAnIteratorAndItsUseIsAGapBeforeTheFirstLaterRecord) {
  write(3);
  open(options());
  go_on(5s);
  // Young records are gone: how long this server keeps any is not known, so nothing is taken for
  // kept because it was there a moment ago.
  write(5);
  stream.trim(clock.now() + 1s);
  write(1);
  std::vector<std::size_t> handled_at_gap;
  handler = [&](const StreamBatch& batch) {
    handled_at_gap.push_back(gaps.size());
    return take(batch);
  };
  go_on(30s);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::position_trimmed);
  EXPECT_TRUE(gaps[0].until);
  EXPECT_THAT(handled, ElementsAre(1, 2, 3, 9));
  EXPECT_THAT(handled_at_gap, ElementsAre(1U));
}

TEST_F(StreamAcceptance, G8AnAncestorThatTurnsUpAfterItsChildWasBegunIsReportedAndNotRead) {
  write(2);
  const std::string parent = stream.shard_ids().front();
  stream.roll("a");
  write(3);
  stream.faults.unlisted = {parent};
  open(options());
  go_on(10s);
  EXPECT_THAT(handled, ElementsAre(3, 4, 5));
  stream.faults.unlisted.clear();
  go_on(2min);
  EXPECT_THAT(handled, ElementsAre(3, 4, 5));
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::late_ancestor);
  EXPECT_EQ(gaps[0].shard_id, parent);
}

TEST_F(StreamAcceptance, ATipThatMetNoRecordAndWasLeftForLongerThanRecordsAreKeptMayHaveLostSome) {
  open(from_the_tip());
  go_on(5s);
  const Time left = clock.now();
  be_away_for(1h);
  write(3);
  be_away_for(29h);
  write(1);
  open(from_the_tip());
  go_on(5s);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::position_trimmed);
  EXPECT_FALSE(gaps[0].is_certain);
  EXPECT_LE(*gaps[0].from, left);
  EXPECT_GE(*gaps[0].until, left + 29h);
  EXPECT_THAT(handled, ElementsAre(4));
  // And it is told of once.
  open(from_the_tip());
  go_on(5s);
  EXPECT_THAT(gaps, SizeIs(1));
}

TEST_F(StreamAcceptance, ATipThatWasLeftForLessLosesNothingAndTellsOfNothing) {
  open(from_the_tip());
  go_on(5s);
  write(3);
  be_away_for(23h);
  open(from_the_tip());
  go_on(5s);
  EXPECT_THAT(gaps, IsEmpty());
  EXPECT_EQ(handled, up_to(3));
}

TEST_F(StreamAcceptance, AChildThatWasFoundAndNotReadForTooLongMayHaveLostSome) {
  write(1);
  open(options());
  go_on(5s);
  stream.roll("a");
  for (int i = 0; i < 10'000 && events[Kind::shard_completed] == 0; ++i) go_on(1ms);
  ASSERT_EQ(events[Kind::shard_completed], 1);
  be_away_for(1h);
  write(3);
  be_away_for(29h);
  write(1);
  open(options());
  go_on(5s);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::position_trimmed);
  EXPECT_THAT(handled, ElementsAre(1, 5));
}

TEST_F(StreamAcceptance, AStreamThatKeepsLessIsJudgedByWhatTheConsumerWasTold) {
  auto shorter = from_the_tip();
  shorter.retention = 1h;
  open(shorter);
  go_on(5s);
  write(3);
  be_away_for(2h, 1h);
  open(shorter);
  go_on(5s);
  EXPECT_THAT(gaps, SizeIs(1));
}

TEST_F(StreamAcceptance, AGapMayBeAnsweredByReadingTheTable) {
  write(3);
  auto resyncing = options();
  std::map<std::string, std::int64_t> copy;
  resyncing.on_gap = [&](const StreamGap&) {
    copy = stream.written();
    return StreamGapAnswer::go_on;
  };
  handler = [&](const StreamBatch& batch) {
    for (const ChangeRecord& record : batch.records) {
      copy[record.dynamodb.keys.at("k").as_string()] = version_of(record);
    }
    return StreamOutcome::ok();
  };
  open(resyncing);
  go_on(5s);
  write(2, "b");
  be_away_for(30h);
  write(2, "c");
  open(resyncing);
  go_on(1min);
  EXPECT_EQ(copy, stream.written());
}

}  // namespace
}  // namespace dynakeep
