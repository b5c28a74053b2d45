#include "remote/credentials/finding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

#include "wire/json_reader.h"

namespace dynakeep::remote {

namespace {

using namespace std::chrono_literals;

Error unreadable(std::string_view source, std::string_view why) {
  return {ErrorCode::unavailable, std::string(source) + " " + std::string(why)};
}

bool may_be_sent(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Takes a number of so many digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Of what follows the seconds: "", "Z", "+01:30", "-0130".
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0min;
  const bool behind = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  take(text, ':');
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59 || !text.empty()) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return behind ? -offset : offset;
}

}  // namespace

Result<CredentialsFields> read_credentials_json(std::string_view json, std::string_view source) {
  if (json.size() > credentials_bytes_max) return unreadable(source, "gave far too long an answer");
  const wire::ParsedJson parsed(json);
  if (!parsed.is_valid() || parsed.root().type() != wire::JsonType::object) {
    return unreadable(source, "gave something that is no JSON object");
  }
  CredentialsFields fields;
  for (const auto& [name, value] : parsed.root().object()) {
    if (value.type() == wire::JsonType::string) {
      fields.insert_or_assign(std::string(name), std::string(value.text()));
    } else if (value.type() == wire::JsonType::integer) {
      fields.insert_or_assign(std::string(name), std::to_string(value.integer()));
    }
  }
  return fields;
}

Result<Credentials> to_credentials(const CredentialsFields& fields, std::string_view token_name,
                                   Lifetime lifetime, std::string_view source) {
  const auto field = [&fields](std::string_view name) -> std::string {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  };
  Credentials out{.access_key_id = field("AccessKeyId"),
                  .secret_access_key = field("SecretAccessKey"),
                  .session_token = field(token_name)};
  const std::string expiration = field("Expiration");
  const auto missing = [source](std::string_view name) {
    return unreadable(source, "gave credentials without " + std::string(name));
  };
  if (out.access_key_id.empty()) return missing("AccessKeyId");
  if (out.secret_access_key.empty()) return missing("SecretAccessKey");
  if (lifetime == Lifetime::ends) {
    if (out.session_token.empty()) return missing(token_name);
    if (expiration.empty()) return missing("Expiration");
  }
  if (!expiration.empty()) {
    out.expires_at = parse_timestamp(expiration);
    if (!out.expires_at) return unreadable(source, "gave credentials whose Expiration is no date");
  }
  return out;
}

Result<Credentials> checked(Credentials credentials, std::string_view source, Time now) {
  const auto refusal = [source](std::string_view why) {
    return Error(ErrorCode::access_denied, std::string(source) + " " + std::string(why));
  };
  constexpr std::size_t key_bytes_max = 256;
  constexpr std::size_t secret_bytes_max = 1024;
  constexpr std::size_t token_bytes_max = std::size_t{32} << 10;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return refusal("gave a key without its secret");
  }
  if (credentials.access_key_id.size() > key_bytes_max ||
      credentials.secret_access_key.size() > secret_bytes_max ||
      credentials.session_token.size() > token_bytes_max) {
    return refusal("gave credentials that are far too long");
  }
  if (!may_be_sent(credentials.access_key_id) || !may_be_sent(credentials.secret_access_key) ||
      !may_be_sent(credentials.session_token)) {
    return refusal("gave credentials with a blank or another character that they cannot have");
  }
  if (credentials.expires_at && *credentials.expires_at <= now) {
    return refusal("gave credentials that expired at " + to_timestamp(*credentials.expires_at));
  }
  return credentials;
}

std::optional<Time> parse_timestamp(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;

  if (take(text, '.')) {
    // Credentials are not used to the last millisecond: the fraction is only read over.
    const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
    if (end == 0) return std::nullopt;
    text.remove_prefix(end);
  }
  const auto offset = parse_offset(text);
  if (!offset) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) - *offset;
}

std::string to_timestamp(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  std::array<char, 40> text;
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string in_one_line(std::string_view text) {
  constexpr std::size_t bytes_max = 300;
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  text.remove_prefix(first);
  text = text.substr(0, text.find_first_of("\r\n"));
  std::string out;
  for (const char c : text.substr(0, bytes_max)) {
    if (c >= 0x20 && c < 0x7f) out.push_back(c);
  }
  if (text.size() > bytes_max) out += "...";
  return out;
}

}  // namespace dynakeep::remote
