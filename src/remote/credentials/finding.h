#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/credentials.h"
#include "dynakeep/result.h"

// What every source of credentials has in common: how it says what it found, and how what others
// handed out is read and checked.
namespace dynakeep::remote {

// What a source had. That it is not set up is no error, only a reason to look further.
struct Finding {
  std::optional<Credentials> credentials = {};
  std::string words = {};  // where they are from, or else why there are none; no secret
  // There would be some, had somebody signed in or typed a code.
  bool needs_person = false;
};

// The fields of a JSON object of credentials, as processes, containers and instances hand them out:
// its strings, and its integers as text. unavailable: it is no such object, or larger than
// credentials_bytes_max; `source` is whom the line blames.
using CredentialsFields = std::map<std::string, std::string, std::less<>>;
Result<CredentialsFields> read_credentials_json(std::string_view json, std::string_view source);

constexpr std::size_t credentials_bytes_max = std::size_t{128} << 10;

enum class Lifetime : std::uint8_t { ends, may_last };

// Credentials of the fields AccessKeyId, SecretAccessKey, Expiration and the one of that name for
// the token. unavailable: one is missing that must be there (`token_name`, too, if they must end),
// or the expiration is no date.
Result<Credentials> to_credentials(const CredentialsFields& fields, std::string_view token_name,
                                   Lifetime lifetime, std::string_view source);

// access_denied unless the credentials can be put into a request (no part empty that must be there,
// no blanks and control characters, of bearable length) and have not expired.
Result<Credentials> checked(Credentials credentials, std::string_view source, Time now);

// A date as AWS writes it (ISO 8601): "2026-11-21T08:25:27Z", with fractions of seconds and an
// offset from UTC if it likes.
std::optional<Time> parse_timestamp(std::string_view text);
// "2026-11-21T08:25:27Z"
std::string to_timestamp(Time time);

// What somebody else said, fit for the middle of a line: the first line of it, cut after 300 bytes,
// what does not print taken away.
std::string in_one_line(std::string_view text);

}  // namespace dynakeep::remote
