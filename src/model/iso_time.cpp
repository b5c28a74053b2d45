#include "dynakeep/iso_time.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

namespace dynakeep {

namespace {

using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::year_month_day;

// What is left to be read of a text. Once something was not there, nothing is.
class Rest {
 public:
  explicit Rest(std::string_view text) : text_(text) {}

  bool holds() const { return good_; }
  bool at_end() const { return text_.empty(); }
  bool next_is(char c) const { return good_ && !text_.empty() && text_.front() == c; }

  void expect(char c) {
    good_ = next_is(c);
    if (good_) text_.remove_prefix(1);
  }

  // A number of exactly `count` digits, at most `most`.
  int number(std::size_t count, int most) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit().value_or(0);
    good_ = good_ && value <= most;
    return value;
  }

  // Of a fraction: at least one digit, and as many as follow.
  microseconds fraction() {
    microseconds value{0};
    microseconds unit{100'000};
    do {
      value += digit().value_or(0) * unit;
      unit /= 10;
    } while (good_ && !text_.empty() && is_digit(text_.front()));
    return value;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::optional<int> digit() {
    good_ = good_ && !text_.empty() && is_digit(text_.front());
    if (!good_) return std::nullopt;
    const int value = text_.front() - '0';
    text_.remove_prefix(1);
    return value;
  }

  std::string_view text_;
  bool good_ = true;
};

// How far the zone's clocks are ahead of UTC.
minutes read_zone(Rest& rest) {
  if (rest.next_is('Z')) {
    rest.expect('Z');
    return minutes(0);
  }
  const bool behind = rest.next_is('-');
  rest.expect(behind ? '-' : '+');
  const int hours = rest.number(2, 23);
  rest.expect(':');
  const minutes ahead(hours * 60 + rest.number(2, 59));
  return behind ? -ahead : ahead;
}

}  // namespace

std::string to_iso(Time moment) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(moment);
  const auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss time(milliseconds - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text.data();
}

std::optional<Time> parse_iso(std::string_view text) {
  Rest rest(text);
  const std::chrono::year year(rest.number(4, 9999));
  rest.expect('-');
  const std::chrono::month month(static_cast<unsigned>(rest.number(2, 12)));
  rest.expect('-');
  const year_month_day date(year, month,
                            std::chrono::day(static_cast<unsigned>(rest.number(2, 31))));
  rest.expect('T');
  const std::chrono::hours hour(rest.number(2, 23));
  rest.expect(':');
  const minutes minute(rest.number(2, 59));
  std::chrono::seconds second(0);
  microseconds fraction(0);
  if (rest.next_is(':')) {
    rest.expect(':');
    second = std::chrono::seconds(rest.number(2, 59));
    if (rest.next_is('.')) {
      rest.expect('.');
      fraction = rest.fraction();
    }
  }
  const minutes ahead = read_zone(rest);
  if (!rest.holds() || !rest.at_end() || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + hour + minute + second + fraction - ahead;
}

}  // namespace dynakeep
