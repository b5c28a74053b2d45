#include "stores/dismissals/record.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/iso_time.h"

namespace dynakeep::dismissals {
namespace {

using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr DismissalTime first_time = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr DismissalTime last_time =
    std::chrono::sys_days(std::chrono::year(10000) / 1 / 1) - milliseconds(1);

std::optional<DismissalTime> within_years(DismissalTime time) {
  if (time < first_time || time > last_time) return std::nullopt;
  return time;
}

// A date-time as JavaScript takes it: parts from the right may be missing, the zone is then UTC.
std::optional<DismissalTime> parse_leniently(std::string_view text) {
  std::string whole(text);
  const auto time_begins = whole.find('T');
  if (time_begins == std::string::npos) {
    if (whole.size() == 4) whole += "-01";  // a year
    if (whole.size() == 7) whole += "-01";  // a month
    whole += "T00:00Z";
  } else if (whole.back() != 'Z' && whole.find_first_of("+-", time_begins) == std::string::npos) {
    whole += 'Z';
  }
  const auto moment = parse_iso(whole);
  if (!moment) return std::nullopt;
  return within_years(floor<milliseconds>(*moment));
}

std::optional<DismissalTime> time_of_milliseconds(const AttributeView& number) {
  const auto count = number.real();
  // Beyond these no year has four digits, and no cast is safe.
  if (!count || *count < -1e15 || *count > 1e15) return std::nullopt;
  return within_years(DismissalTime(milliseconds(static_cast<std::int64_t>(*count))));
}

std::optional<DismissalTime> read_time(const AttributeView& value) {
  if (const auto text = value.text()) return parse_leniently(*text);
  return time_of_milliseconds(value);
}

// One of the forms that say: not dismissed.
bool says_nothing(const AttributeView& value) {
  if (!value.exists() || value.is_null()) return true;
  if (const auto text = value.text()) return text->empty();
  if (const auto number = value.number()) return number->is_zero();
  return value.boolean() == false;
}

// What is no time of expiry is an attribute of somebody else's.
std::optional<DismissalTime> read_expiry(const AttributeView& value) {
  const auto count = value.real();
  if (!count || *count <= 0 || *count > 1e12) return std::nullopt;
  return within_years(DismissalTime(seconds(static_cast<std::int64_t>(std::ceil(*count)))));
}

Error malformed(const Item& item, const char* why) {
  const AttributeView attributes(item);
  return {ErrorCode::malformed_item,
          "Item with id \"" + std::string(attributes[id_attribute].text().value_or("")) +
              "\" of user \"" + std::string(attributes[user_attribute].text().value_or("")) +
              "\" cannot be read: " + why};
}

}  // namespace

Key key_of(std::string_view user, std::string_view id) {
  return Key{{user_attribute, user}, {id_attribute, id}};
}

Result<std::optional<Dismissible>> read_record(const Item& item, DismissalTime now) {
  const AttributeView attributes(item);
  const auto [created, dismiss_count, dismissed, until, expires, id, seen_count, user] =
      attributes.members(std::array<std::string_view, 8>{
          created_attribute, dismiss_count_attribute, dismissed_attribute, until_attribute,
          expires_attribute, id_attribute, seen_count_attribute, user_attribute});

  Dismissible record{.user_id = std::string(user.text().value_or("")),
                     .item_id = std::string(id.text().value_or("")),
                     .expires_at = read_expiry(expires),
                     .dismiss_count = dismiss_count.integer().value_or(0),
                     .seen_count = seen_count.integer().value_or(0)};
  if (record.expires_at && *record.expires_at <= now) return std::optional<Dismissible>();

  const auto created_at = read_time(created);
  if (!created_at) return malformed(item, "createdAt is no date-time");
  record.created_at = *created_at;
  if (says_nothing(dismissed)) return std::optional(std::move(record));

  record.dismissed_at = read_time(dismissed);
  if (!record.dismissed_at) return malformed(item, "dismissedAt is no date-time");
  // One that does not follow the dismissal is left from an earlier one: upstream lets it stand.
  if (const auto ends = read_time(until); ends && *ends > *record.dismissed_at) {
    if (*ends <= now) {
      record.dismissed_at.reset();
    } else {
      record.dismissed_until = ends;
    }
  }
  return std::optional(std::move(record));
}

Item to_record(const Dismissible& dismissible) {
  AttributeMap attributes{{user_attribute, dismissible.user_id},
                          {id_attribute, dismissible.item_id},
                          {created_attribute, time_value(dismissible.created_at)},
                          {dismissed_attribute, time_value(dismissible.dismissed_at)}};
  if (dismissible.dismissed_until) {
    attributes.emplace(until_attribute, time_value(dismissible.dismissed_until));
  }
  if (dismissible.expires_at) {
    attributes.emplace(expires_attribute, seconds_value(*dismissible.expires_at));
  }
  if (dismissible.dismiss_count != 0) {
    attributes.emplace(dismiss_count_attribute, dismissible.dismiss_count);
  }
  return Item(std::move(attributes));
}

AttributeValue time_value(std::optional<DismissalTime> time) {
  if (!time) return nullptr;
  return to_iso(*time);
}

AttributeValue seconds_value(DismissalTime time) {
  return floor<seconds>(time).time_since_epoch().count();
}

}  // namespace dynakeep::dismissals
