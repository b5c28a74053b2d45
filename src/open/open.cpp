#include "dynakeep/open.h"

#include <algorithm>
#include <string>
#include <utility>

namespace dynakeep {

namespace {

// Takes the prefix off the front of `text`, if it begins with it.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// All of Amazon's are words and a number, and new ones come; a misspelled word is found out when
// the host cannot be found.
bool may_be_region(std::string_view text) {
  if (text == "local") return true;  // DynamoDB Local at its usual port, as for AWS's own tools
  const auto last_dash = text.rfind('-');
  if (last_dash == std::string_view::npos || last_dash == 0) return false;
  const std::string_view number = text.substr(last_dash + 1);
  return !number.empty() && std::all_of(number.begin(), number.end(), is_digit) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; });
}

Error refusal(std::string_view text, std::string_view why) {
  // What may hold a password is not repeated, nor what would make a mess of a terminal.
  const bool quotable =
      text.find('@') == std::string_view::npos && std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
      });
  std::string message;
  if (quotable) message.append("'").append(text.substr(0, 200)).append("': ");
  return {ErrorCode::invalid_argument, message.append(why)};
}

}  // namespace

Result<std::unique_ptr<Database>> open(std::string_view connection_string,
                                       const OpenOptions& options) {
  std::string_view rest = connection_string;
  if (take(rest, "embedded:")) {
    if (rest.empty()) return refusal(connection_string, "no folder is named after embedded:");
    EmbeddedOptions embedded = options.embedded;
    embedded.path = rest;
    embedded.in_memory = false;
    return open_embedded(embedded);
  }
  if (take(rest, "memory:")) {
    if (!rest.empty()) return refusal(connection_string, "nothing comes after memory:");
    EmbeddedOptions embedded = options.embedded;
    embedded.path = {};
    embedded.in_memory = true;
    return open_embedded(embedded);
  }
  RemoteOptions remote = options.remote;
  if (take(rest, "dynamodb://")) {
    if (rest.find('@') != std::string_view::npos) {
      return refusal(connection_string,
                     "credentials come from the environment or a profile, not from the connection "
                     "string");
    }
    if (!rest.empty() && !may_be_region(rest)) {
      return refusal(connection_string,
                     "the region is not of a form like eu-west-1 or us-gov-east-1");
    }
    if (!rest.empty()) remote.region = rest;
    remote.endpoint = {};
    return connect_remote(remote);
  }
  if (rest.starts_with("http://") || rest.starts_with("https://")) {
    remote.endpoint = rest;
    return connect_remote(remote);
  }
  return refusal(connection_string,
                 "not a connection string; they are embedded:PATH, memory:, http://HOST:PORT, "
                 "https://HOST and dynamodb://REGION");
}

}  // namespace dynakeep
