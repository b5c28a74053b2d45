// Any text where credentials and settings come from: shared files, processes, STS, containers,
// environments. It is refused or means one thing, and what is said of it fits a line.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "base/utf8.h"
#include "remote/amazon_endpoint.h"
#include "remote/credentials/finding.h"
#include "remote/credentials/process.h"
#include "remote/credentials/xml.h"
#include "remote/profile_file.h"
#include "transport/url.h"

using namespace dynakeep;
using namespace dynakeep::remote;
using namespace dynakeep::transport;

namespace {

bool is_one_line(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

bool is_trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\v\f\n";
  return text.empty() || (blanks.find(text.front()) == std::string_view::npos &&
                          blanks.find(text.back()) == std::string_view::npos);
}

void check_entries(const Entries& entries) {
  for (const auto& [name, value] : entries) {
    INVARIANT(!name.empty() && is_one_line(name) && is_trimmed(name));
    INVARIANT(is_trimmed(value));
    INVARIANT(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  }
}

void try_profile_file(std::string_view input) {
  for (const auto kind : {ProfileFileKind::config, ProfileFileKind::credentials}) {
    const auto file = parse_profile_file(input, kind, "file");
    if (!file) {
      INVARIANT(file.error().code() == ErrorCode::invalid_argument);
      INVARIANT(is_one_line(file.error().message()));
      continue;
    }
    for (const auto* sections : {&file->profiles, &file->services}) {
      for (const auto& [name, section] : *sections) {
        check_entries(section.values);
        for (const auto& [outer, inner] : section.nested) {
          INVARIANT(section.find(outer) == nullptr);
          check_entries(inner);
        }
      }
    }
  }
}

void try_command(std::string_view input) {
  const auto words = split_command(input);
  if (!words) return;
  std::string quoted;
  for (const std::string& word : *words) {
    quoted += " '";
    for (const char c : word) {
      if (c == '\'') {
        quoted += "'\\''";
      } else {
        quoted += c;
      }
    }
    quoted += "'";
  }
  INVARIANT(split_command(quoted).value() == *words);
}

void try_answers(std::string_view input) {
  if (const auto texts = read_xml_texts(input)) {
    INVARIANT(!texts->empty());
    for (const auto& [path, text] : *texts) INVARIANT(!path.empty() && base::is_utf8(text));
  }
  if (const auto fields = read_credentials_json(input, "It")) {
    for (const auto lifetime : {Lifetime::ends, Lifetime::may_last}) {
      auto credentials = to_credentials(*fields, "Token", lifetime, "It");
      if (!credentials) continue;
      const auto good = checked(std::move(*credentials), "It", Time{});
      INVARIANT(!good || is_one_line(good->access_key_id + good->session_token));
    }
  }
  if (const auto time = parse_timestamp(input)) {
    INVARIANT(parse_timestamp(to_timestamp(*time)) == time);
  }
  const std::string line = in_one_line(input);
  INVARIANT(line.size() <= 303 && is_one_line(line));
}

void try_addresses(std::string_view input) {
  if (const auto url = parse_url(input)) {
    INVARIANT(parse_url(to_string(url->origin) + url->target).value() == *url);
  }
  if (const auto endpoint = amazon_endpoint("dynamodb", input, {})) {
    INVARIANT(region_of_amazon_host(endpoint->host) == input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try_profile_file(input);
  try_command(input);
  try_answers(input);
  try_addresses(input);
  return 0;
}
