#include "storage/key_codec.h"

#include <algorithm>
#include <compare>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dynakeep/attribute_value.h"
#include "dynakeep/number.h"
#include "model/encoded_item.h"

namespace dynakeep::storage {
namespace {

// A value and its encoding, kept together because views point into the latter.
class Value {
 public:
  Value() = default;  // does not exist
  explicit Value(AttributeValue value) : value_(std::move(value)) {
    model::append_value(encoded_, value_);
  }
  static Value string(std::string_view text) { return Value(AttributeValue(text)); }
  static Value binary(std::string bytes) { return Value(AttributeValue(Binary(std::move(bytes)))); }
  static Value number(std::string_view text) {
    return Value(AttributeValue(Number::parse(text).value()));
  }

  operator ValueView() const {  // NOLINT(google-explicit-constructor): a test's shorthand
    return encoded_.empty() ? ValueView{} : ValueView(encoded_);
  }
  const AttributeValue& value() const { return value_; }

 private:
  AttributeValue value_;
  std::string encoded_;
};

std::string hex(std::string_view bytes) { return base::to_hex(bytes); }

std::strong_ordering order(const Value& a, const Value& b) {
  if (const auto* text = a.value().get_if<std::string>()) {
    return *text <=> b.value().as_string();
  }
  if (const auto* bytes = a.value().get_if<Binary>()) {
    return bytes->bytes <=> b.value().as_binary().bytes;
  }
  return a.value().as_number() <=> b.value().as_number();
}

// Every byte string of at most `length_max` bytes over the bytes where escaping could go wrong.
std::vector<Value> tricky_binaries(std::size_t length_max) {
  std::vector<std::string> all{""};
  for (std::size_t from = 0, length = 1; length <= length_max; ++length) {
    const auto until = all.size();
    for (; from < until; ++from) {
      for (const char byte : {'\0', '\x01', 'a', '\xFE', '\xFF'}) all.push_back(all[from] + byte);
    }
  }
  std::vector<Value> values;
  for (auto& bytes : all) values.push_back(Value::binary(std::move(bytes)));
  return values;
}

std::vector<Value> tricky_numbers() {
  std::vector<Value> values;
  for (const auto* text : {"0",
                           "1",
                           "-1",
                           "9",
                           "10",
                           "11",
                           "12",
                           "-12",
                           "0.5",
                           "-0.5",
                           "99",
                           "100",
                           "101",
                           "123.4",
                           "123.45",
                           "-123.4",
                           "-123.45",
                           "1E-130",
                           "-1E-130",
                           "9.9999999999999999999999999999999999999E+125",
                           "-9.9999999999999999999999999999999999999E+125",
                           "1e10",
                           "1e11",
                           "-1e10"}) {
    values.push_back(Value::number(text));
  }
  return values;
}

TEST(KeyCodec, WritesTheBytesOfTheFormatPage) {
  const auto nina = Value::string("Nina");
  const auto jazz = Value::string("jazz");
  const auto twelve = Value::number("12");
  const auto minus_twelve = Value::number("-12");

  EXPECT_EQ(hex(item_key(1, nina)), "00000001994d0ddeff766d544e696e610000");
  EXPECT_EQ(hex(item_key(1, nina, Value::string(""))), "00000001994d0ddeff766d544e696e6100000000");
  EXPECT_EQ(hex(item_key(1, nina, twelve)), "00000001994d0ddeff766d544e696e61000003830d00");
  EXPECT_EQ(hex(item_key(1, nina, minus_twelve)), "00000001994d0ddeff766d544e696e610000017cf2ff");
  EXPECT_EQ(hex(item_key(258, twelve)), "000001026104ee5f5b33c83d03830d00");
  EXPECT_EQ(hex(item_key(1, Value::string({"a\0b", 3}))), "00000001b51b25d68d1338c16100ff620000");
  EXPECT_EQ(hex(item_key(1, Value::binary({"\0\xFF\0", 3}), Value::binary({"\0", 1}))),
            "00000001b40f499ceb51acb900ffff00ff000000ff0000");
  EXPECT_EQ(hex(index_key(7, jazz, {}, nina, twelve)),
            "00000007b09dabf6db36838a6a617a7a00004e696e61000003830d00");
  EXPECT_EQ(hex(index_key(7, jazz, minus_twelve, nina)),
            "00000007b09dabf6db36838a6a617a7a0000017cf2ff4e696e610000");
}

std::string hex(const KeyRange& range) { return hex(range.begin) + " " + hex(range.end); }

TEST(KeyCodec, CutsTheRangesOfTheFormatPage) {
  const std::string nina_bytes = "00000001994d0ddeff766d544e696e61";
  const auto nina = Value::string("Nina");

  EXPECT_EQ(hex(space_range(1)), "00000001 00000002");
  EXPECT_EQ(hex(space_range(0xFFFFFFFF)), "ffffffff ");
  EXPECT_EQ(hex(segment_range(1, 0, 2)), "000000010000000000000000 000000018000000000000000");
  EXPECT_EQ(hex(segment_range(1, 1, 3)), "000000015555555555555556 00000001aaaaaaaaaaaaaaab");
  EXPECT_EQ(hex(segment_range(1, 1, 2)), "000000018000000000000000 00000002");
  EXPECT_EQ(hex(partition_range(1, nina)), nina_bytes + "0000 " + nina_bytes + "0001");

  const auto twelve = Value::number("12");
  EXPECT_EQ(hex(sort_range(1, nina, {.lower = twelve, .lower_inclusive = false})),
            nina_bytes + "000003830d01 " + nina_bytes + "0001");
  const auto minus_twelve = Value::number("-12");
  EXPECT_EQ(hex(sort_range(1, nina, {.upper = minus_twelve})),
            nina_bytes + "0000 " + nina_bytes + "0000017cf3");
  const auto a = Value::string("a");
  const auto b = Value::string("b");
  EXPECT_EQ(hex(sort_range(1, nina, {.lower = a, .upper = b})),
            nina_bytes + "0000610000 " + nina_bytes + "0000620001");
  EXPECT_EQ(hex(sort_prefix_range(1, nina, Value::binary("a\xFF"))),
            nina_bytes + "000061ff " + nina_bytes + "000062");
}

TEST(KeyCodec, HashesAsPublishedForXxh64) {
  // From xxhsum -H1 of the xxHash project.
  EXPECT_EQ(xxh64(""), 0xEF46DB3751D8E999);
  EXPECT_EQ(xxh64("a"), 0xD24EC4F1A98C6E5B);
  EXPECT_EQ(xxh64("abc"), 0x44BC2CF5AD770999);
  EXPECT_EQ(xxh64("0123456789abcdefghijklmnopqrstuvwxyz"), 0x69196C1B3AF0BFF9);
  EXPECT_EQ(xxh64("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1);
}

TEST(KeyCodec, SaysWhichPartitionAKeyIsOf) {
  const auto nina = Value::string("Nina");
  EXPECT_EQ(partition_of(item_key(258, nina, Value::number("1"))),
            (Partition{.space = 258, .hash = partition_hash(nina)}));
}

TEST(KeyCodec, EqualNumbersHaveOneKey) {
  EXPECT_EQ(item_key(1, Value::number("1")), item_key(1, Value::number("10e-1")));
  EXPECT_EQ(item_key(1, Value::number("1.00")), item_key(1, Value::number("1")));
}

// All pairs of all tricky values as sort keys of one partition: bytes order as values do, and no
// key begins another.
TEST(KeyCodec, KeysOfOnePartitionOrderAsTheirSortKeys) {
  const auto partition = Value::string("p");
  for (const auto& values : {tricky_binaries(3), tricky_numbers()}) {
    std::vector<std::string> keys;
    for (const auto& value : values) keys.push_back(item_key(1, partition, value));
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (std::size_t j = 0; j < values.size(); ++j) {
        ASSERT_EQ(keys[i] <=> keys[j], order(values[i], values[j]))
            << values[i].value() << " and " << values[j].value();
        ASSERT_TRUE(i == j || !keys[i].starts_with(keys[j]))
            << hex(keys[j]) << " begins " << hex(keys[i]);
      }
    }
  }
}

// Parts that follow each other must not run into each other: index keys of all pairs of pairs.
TEST(KeyCodec, IndexKeysOrderByHashThenPartByPart) {
  struct Row {
    Value partition, sort, base_partition, base_sort;
    std::string key;
  };
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto binaries = tricky_binaries(2);
  const auto numbers = tricky_numbers();
  const auto any = [&](const std::vector<Value>& from) { return from[random() % from.size()]; };

  std::vector<Row> rows(500);
  for (auto& row : rows) {
    row = {any(binaries), any(binaries), any(numbers), any(binaries), {}};
    row.key = index_key(9, row.partition, row.sort, row.base_partition, row.base_sort);
  }
  const auto compare = [](const Row& a, const Row& b) {
    if (const auto by = partition_hash(a.partition) <=> partition_hash(b.partition); by != 0) {
      return by;
    }
    if (const auto by = order(a.partition, b.partition); by != 0) return by;
    if (const auto by = order(a.sort, b.sort); by != 0) return by;
    if (const auto by = order(a.base_partition, b.base_partition); by != 0) return by;
    return order(a.base_sort, b.base_sort);
  };
  for (const auto& a : rows) {
    for (const auto& b : rows) {
      ASSERT_EQ(a.key <=> b.key, compare(a, b)) << hex(a.key) << " and " << hex(b.key);
      ASSERT_TRUE(a.key == b.key || !a.key.starts_with(b.key));
    }
  }
}

// Enumerated: each interval of each kind holds exactly the keys whose sort values are in it, for
// items and for index entries, whose keys go on after the sort value.
TEST(KeyCodec, IntervalsHoldExactlyTheValuesBetweenTheirBounds) {
  const auto partition = Value::string("p");
  const auto other_partition = Value::string(std::string_view{"p\0", 2});
  const auto base = Value::binary("\xFF");
  for (const auto& values : {tricky_binaries(2), tricky_numbers()}) {
    std::vector<std::string> items, entries;
    for (const auto& value : values) {
      items.push_back(item_key(1, partition, value));
      entries.push_back(index_key(1, partition, value, base));
      EXPECT_FALSE(partition_range(1, partition).contains(item_key(1, other_partition, value)));
    }
    std::vector<Value> bounds = values;
    bounds.emplace_back();  // open
    for (const auto& lower : bounds) {
      for (const auto& upper : bounds) {
        for (const bool lower_inclusive : {true, false}) {
          for (const bool upper_inclusive : {true, false}) {
            const auto range = sort_range(1, partition,
                                          {.lower = lower,
                                           .lower_inclusive = lower_inclusive,
                                           .upper = upper,
                                           .upper_inclusive = upper_inclusive});
            for (std::size_t i = 0; i < values.size(); ++i) {
              const bool above = !ValueView(lower).exists() || order(values[i], lower) > 0 ||
                                 (lower_inclusive && order(values[i], lower) == 0);
              const bool below = !ValueView(upper).exists() || order(values[i], upper) < 0 ||
                                 (upper_inclusive && order(values[i], upper) == 0);
              ASSERT_EQ(range.contains(items[i]), above && below) << hex(range) << hex(items[i]);
              ASSERT_EQ(range.contains(entries[i]), above && below);
            }
          }
        }
      }
    }
  }
}

TEST(KeyCodec, PrefixRangesHoldExactlyTheValuesThatBeginSo) {
  const auto partition = Value::number("-1");
  const auto values = tricky_binaries(3);
  for (const auto& prefix : tricky_binaries(2)) {
    const auto range = sort_prefix_range(1, partition, prefix);
    for (const auto& value : values) {
      ASSERT_EQ(range.contains(item_key(1, partition, value)),
                value.value().as_binary().bytes.starts_with(prefix.value().as_binary().bytes))
          << prefix.value() << " " << value.value();
    }
  }
}

TEST(KeyCodec, SegmentsShareOutTheWholeSpace) {
  for (const std::uint32_t segments : {1u, 2u, 3u, 7u, 1000u, 999'999u, 1'000'000u}) {
    std::string begin = space_range(5).begin;
    const std::uint32_t step = segments > 1000 ? 997 : 1;
    for (std::uint32_t segment = 0; segment < segments; segment += step) {
      const auto range = segment_range(5, segment, segments);
      if (step == 1 && segment > 0) {
        EXPECT_EQ(range.begin, begin);
      }
      begin = range.end;
      // The hashes at both sides of the segment's first.
      const auto first = partition_of(range.begin).hash;
      EXPECT_EQ(segment_of(first, segments), segment);
      if (segment > 0) {
        EXPECT_EQ(segment_of(first - 1, segments), segment - 1);
      }
    }
    EXPECT_EQ(segment_range(5, segments - 1, segments).end, space_range(5).end);
    EXPECT_EQ(segment_of(~PartitionHash{0}, segments), segments - 1);
  }
}

TEST(KeyCodec, APageContinuesAfterItsLastKeyInEitherDirection) {
  const auto partition = Value::string("p");
  const auto key = [&](std::string_view number) {
    return item_key(1, partition, Value::number(number));
  };

  auto forward = partition_range(1, partition);
  continue_after(forward, key("2"), Direction::forward);
  EXPECT_FALSE(forward.contains(key("1")));
  EXPECT_FALSE(forward.contains(key("2")));
  EXPECT_TRUE(forward.contains(key("2.0000000000000000000001")));

  auto backward = partition_range(1, partition);
  continue_after(backward, key("2"), Direction::backward);
  EXPECT_TRUE(backward.contains(key("1")));
  EXPECT_FALSE(backward.contains(key("2")));
  EXPECT_FALSE(backward.contains(key("3")));

  // A key outside of the range on the side where the walk begins takes nothing away; on the far
  // side it leaves nothing.
  const auto one = Value::number("1");
  const auto two = Value::number("2");
  const auto middle = sort_range(1, partition, {.lower = one, .upper = two});
  auto range = middle;
  continue_after(range, key("0"), Direction::forward);
  EXPECT_EQ(range, middle);
  continue_after(range, key("3"), Direction::backward);
  EXPECT_EQ(range, middle);
  continue_after(range, key("3"), Direction::forward);
  EXPECT_TRUE(range.empty());
}

TEST(KeyCodec, AnIntervalThatHoldsNothingIsAnEmptyRange) {
  const auto partition = Value::string("p");
  const auto one = Value::number("1");
  const auto two = Value::number("2");
  EXPECT_TRUE(sort_range(1, partition, {.lower = two, .upper = one}).empty());
  EXPECT_TRUE(
      sort_range(1, partition, {.lower = one, .lower_inclusive = false, .upper = one}).empty());
  EXPECT_FALSE(sort_range(1, partition, {.lower = one, .upper = one}).empty());
}

TEST(KeyCodec, PrefixSuccessorIsTheFirstStringPastThePrefix) {
  EXPECT_EQ(prefix_successor("ab"), "ac");
  EXPECT_EQ(prefix_successor("a\xFF\xFF"), "b");
  EXPECT_EQ(prefix_successor("\xFF"), "");
  EXPECT_EQ(prefix_successor(""), "");
}

}  // namespace
}  // namespace dynakeep::storage
