#include <algorithm>
#include <charconv>

#include "dynakeep/stores/stream_progress.h"

namespace dynakeep {
namespace {

constexpr std::string_view id_prefix = "shardId-";
constexpr std::size_t time_digits = 20;
constexpr std::size_t tail_digits = 8;

std::string_view without_zeros(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

}  // namespace

int compare_sequence_numbers(std::string_view a, std::string_view b) {
  a = without_zeros(a);
  b = without_zeros(b);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  const int order = a.compare(b);
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

bool is_sequence_number(std::string_view text) {
  constexpr std::size_t digits_max = 40;
  return !text.empty() && text.size() <= digits_max &&
         std::all_of(text.begin(), text.end(), is_digit);
}

std::optional<Time> shard_creation_time(std::string_view shard_id) {
  constexpr std::size_t size = id_prefix.size() + time_digits + 1 + tail_digits;
  if (shard_id.size() != size || !shard_id.starts_with(id_prefix)) return std::nullopt;
  shard_id.remove_prefix(id_prefix.size());
  const std::string_view digits = shard_id.substr(0, time_digits);
  const std::string_view tail = shard_id.substr(time_digits + 1);
  if (shard_id[time_digits] != '-' || !std::all_of(tail.begin(), tail.end(), is_hex_digit)) {
    return std::nullopt;
  }
  constexpr std::int64_t milliseconds_max = 253'402'300'800'000;  // the year 10000
  std::int64_t milliseconds = 0;
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds);
  if (failure != std::errc() || end != digits.data() + digits.size() ||
      milliseconds > milliseconds_max) {
    return std::nullopt;
  }
  return Time(std::chrono::milliseconds(milliseconds));
}

}  // namespace dynakeep
