#include <gmock/gmock.h>

#include "stores/streams/shard_graph.h"

namespace dynakeep::streams {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Rows = std::map<std::string, ShardProgress, std::less<>>;

const Time noon{hours(500'000)};

Listing listing_of(std::vector<StreamShard> shards) {
  Listing listing;
  for (StreamShard& shard : shards) {
    std::string id = shard.shard_id;
    listing.shards.emplace(std::move(id), std::move(shard));
  }
  return listing;
}
StreamShard open_shard(std::string id, std::optional<std::string> parent = {}) {
  return {.shard_id = std::move(id),
          .sequence_number_range = {.starting_sequence_number = "1"},
          .parent_shard_id = std::move(parent)};
}
StreamShard closed_shard(std::string id, std::optional<std::string> parent = {}) {
  StreamShard shard = open_shard(std::move(id), std::move(parent));
  shard.sequence_number_range.ending_sequence_number = "9";
  return shard;
}
Rows rows_of(const Discovery& discovery, Rows rows = {}) {
  for (const ShardProgress& row : discovery.rows) rows.insert_or_assign(row.shard_id, row);
  return rows;
}

TEST(SequenceNumbers, CompareAsNumbersWhateverTheirLength) {
  EXPECT_LT(compare_sequence_numbers("9", "10"), 0);
  EXPECT_EQ(compare_sequence_numbers("000700", "700"), 0);
  EXPECT_GT(compare_sequence_numbers("1" + std::string(39, '0'), std::string(39, '9')), 0);
  EXPECT_EQ(compare_sequence_numbers("000", "0"), 0);
  EXPECT_TRUE(is_sequence_number("0012"));
  EXPECT_FALSE(is_sequence_number(""));
  EXPECT_FALSE(is_sequence_number("12a"));
  EXPECT_FALSE(is_sequence_number(std::string(41, '1')));
}

TEST(ShardIds, TellWhenTheShardWasMadeIfTheyHaveTheUsualForm) {
  EXPECT_EQ(shard_creation_time("shardId-00000001795227763548-3aaae5cd"),
            Time(milliseconds(1795227763548)));
  EXPECT_EQ(shard_creation_time("shardId-00000001795227763548-3aaae5c"), std::nullopt);
  EXPECT_EQ(shard_creation_time("shardId-0000000179522776354x-3aaae5cd"), std::nullopt);
  EXPECT_EQ(shard_creation_time("shardId-99999999999999999999-3aaae5cd"), std::nullopt);
  EXPECT_EQ(shard_creation_time("H19a:00ff"), std::nullopt);
}

TEST(ShardGraph, ReadsRootsFirstAndTheirDescendantsAfterThem) {
  const auto listing =
      listing_of({closed_shard("a"), closed_shard("b", "a"), open_shard("c", "b")});
  const auto rows = rows_of(discover({}, {}, listing, noon));
  EXPECT_EQ(rows.at("a").state, ShardState::ready);
  EXPECT_EQ(rows.at("b").state, ShardState::pending);
  EXPECT_EQ(rows.at("c").state, ShardState::pending);
}

TEST(ShardGraph, AChildIsReadyWhenItsParentIsOver) {
  const auto listing = listing_of({closed_shard("a"), open_shard("b", "a")});
  Rows rows = rows_of(discover({}, {}, listing, noon));
  rows.at("a").state = ShardState::completed;
  const auto later = discover({}, rows, listing, noon);
  ASSERT_THAT(later.rows, SizeIs(1));
  EXPECT_EQ(later.rows[0].shard_id, "b");
  EXPECT_EQ(later.rows[0].state, ShardState::ready);
  EXPECT_EQ(later.rows[0].position, StreamPosition());
  EXPECT_THAT(later.found, IsEmpty());
}

TEST(ShardGraph, TheTipIsTheTopmostOpenShardOfEachLeaf) {
  const auto listing = listing_of({closed_shard("a"), open_shard("b", "a"), open_shard("c", "b"),
                                   closed_shard("x"), closed_shard("y", "x")});
  const auto start = start_at_latest(listing, noon);
  EXPECT_EQ(start.shards.at("b").kind, StreamPosition::Kind::latest);
  EXPECT_EQ(start.shards.at("y").kind, StreamPosition::Kind::latest);
  EXPECT_FALSE(start.shards.contains("c"));
  const auto rows = rows_of(discover(start, {}, listing, noon));
  EXPECT_EQ(rows.at("a").state, ShardState::completed);
  EXPECT_EQ(rows.at("b").position.kind, StreamPosition::Kind::latest);
  EXPECT_EQ(rows.at("c").state, ShardState::pending);
  EXPECT_EQ(rows.at("c").position.kind, StreamPosition::Kind::trim_horizon);
}

TEST(ShardGraph, WhatTheStartPassesOverStaysSoWhenAListingLeavesOutTheTip) {
  const auto start = start_at_latest(listing_of({closed_shard("a"), open_shard("b", "a")}), noon);
  const auto rows = rows_of(discover(start, {}, listing_of({closed_shard("a")}), noon));
  EXPECT_EQ(rows.at("a").state, ShardState::completed);
}

TEST(ShardGraph, ADiscoveryCutShortIsMadeUpForByTheNextOne) {
  const auto listing = listing_of({closed_shard("a"), open_shard("b", "a"), open_shard("x")});
  const auto start = start_at_latest(listing, noon);
  const auto whole = rows_of(discover(start, {}, listing, noon));
  for (const auto& [id, row] : whole) {
    const Rows some = {{id, row}};
    EXPECT_EQ(rows_of(discover(start, some, listing, noon), some), whole) << id;
  }
}

TEST(ShardGraph, WhatTurnsUpAfterItsChildWasBegunIsReportedAndNotRead) {
  const auto first = listing_of({open_shard("b", "a")});
  const Rows rows = rows_of(discover({}, {}, first, noon));
  const auto later =
      discover({}, rows, listing_of({closed_shard("a"), open_shard("b", "a")}), noon);
  ASSERT_THAT(later.rows, SizeIs(1));
  EXPECT_EQ(later.rows[0].state, ShardState::completed);
  ASSERT_THAT(later.gaps, SizeIs(1));
  EXPECT_EQ(later.gaps[0].kind, StreamGap::Kind::late_ancestor);
}

TEST(ShardGraph, ShardsThatNobodyKnowsTheDescentOfAreAGap) {
  Rows rows = rows_of(discover({}, {}, listing_of({open_shard("a")}), noon));
  const auto later = discover({}, rows, listing_of({open_shard("z", "y")}), noon);
  EXPECT_THAT(later.unlisted, ElementsAre("a"));
  ASSERT_THAT(later.gaps, SizeIs(1));
  EXPECT_EQ(later.gaps[0].kind, StreamGap::Kind::lineage_broken);
}

TEST(ShardGraph, IsForgottenOnlyTwoDaysAfterItEndedAndWithItsChildrenBegun) {
  Rows rows = {{"a", {.shard_id = "a", .state = ShardState::completed, .updated = noon}},
               {"b", {.shard_id = "b", .parent = "a", .state = ShardState::ready}}};
  const auto without = listing_of({open_shard("b", "a")});
  EXPECT_THAT(forgettable(rows, without, noon + hours(47)), IsEmpty());
  EXPECT_THAT(forgettable(rows, without, noon + hours(48)), ElementsAre("a"));
  EXPECT_THAT(forgettable(rows, listing_of({closed_shard("a")}), noon + hours(48)), IsEmpty());
  rows.at("b").state = ShardState::pending;
  EXPECT_THAT(forgettable(rows, without, noon + hours(48)), IsEmpty());
}

TEST(ShardGraph, TenThousandShardsTakeNoTime) {
  Listing listing;
  for (int i = 0; i < 10'000; ++i) {
    std::string id = "s" + std::to_string(100'000 + i);
    StreamShard shard = closed_shard(id);
    if (i > 0) shard.parent_shard_id = "s" + std::to_string(100'000 + i - 1);
    listing.shards.emplace(id, std::move(shard));
  }
  const Rows rows = rows_of(discover(start_at_latest(listing, noon), {}, listing, noon));
  EXPECT_THAT(rows, SizeIs(10'000));
  EXPECT_THAT(discover(start_at_latest(listing, noon), rows, listing, noon).rows, IsEmpty());
}

StreamProgress some_progress() {
  StreamProgress progress;
  progress.start = StreamStart{.kind = StreamStart::Kind::latest,
                               .decided = noon,
                               .shards = {{"a", {.kind = StreamPosition::Kind::latest}}},
                               .gaps = {{.kind = StreamGap::Kind::shard_lost,
                                         .shard_id = "x",
                                         .from = noon,
                                         .detected = noon,
                                         .is_certain = true}}};
  progress.shards["a"] = {.shard_id = "a",
                          .state = ShardState::completed,
                          .position = {.kind = StreamPosition::Kind::end}};
  progress.shards["b"] = {.shard_id = "b",
                          .parent = "a",
                          .state = ShardState::ready,
                          .position = {StreamPosition::Kind::after, "000123"},
                          .last_record = noon,
                          .caught_up = noon + milliseconds(5),
                          .updated = noon};
  return progress;
}

TEST(StreamDocuments, ComeBackAsTheyWere) {
  const StreamScope scope{.group = "search", .stream_arn = "arn:x"};
  const std::string text = to_document(scope, some_progress(), 42, noon);
  const auto document = parse_stream_document(text);
  ASSERT_TRUE(document) << document.error();
  EXPECT_EQ(document->scope, scope);
  EXPECT_EQ(document->generation, 42U);
  EXPECT_EQ(document->progress, some_progress());
}

TEST(StreamDocuments, EndWithTheChecksumOfTheirFirstLine) {
  const std::string text = to_document({}, {}, 1, Time());
  EXPECT_TRUE(text.ends_with("\n"));
  EXPECT_NE(text.find("\ncrc32c "), std::string::npos);
}

TEST(StreamDocuments, NoneThatIsCutOrFlippedAnywhereIsTaken) {
  const std::string text = to_document({.group = "g"}, some_progress(), 1, noon);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_stream_document(text.substr(0, length))) << length;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string flipped = text;
    flipped[at] ^= 4;
    EXPECT_FALSE(parse_stream_document(flipped)) << at;
  }
}

}  // namespace
}  // namespace dynakeep::streams
