#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/json_document.h"
#include "dynakeep/services/api_keys.h"

// The records of a key file. Errors are invalid_argument; none shows a key.
namespace dynakeep::services {

// SHA-256 of a key, in words that are compared at once.
using KeyDigest = std::array<std::uint64_t, 4>;

KeyDigest digest_of(std::string_view key);
std::string to_hex(const KeyDigest& digest);

// A record, understood.
struct DigestedKey {
  KeyDigest digest = {};
  ApiKey scope = {};
};

// "the key is empty", …
Result<DigestedKey> digested(const ApiKeyRecord& record);
Result<DigestedKey> parse_record(const JsonDocument& record);

// The array's records. "record 3 has no application", …: the index of a JavaScript array.
Result<std::vector<DigestedKey>> parse_records(const JsonDocument& file);

// A record of the scope under the digest of its key.
JsonDocument to_record(const DigestedKey& key);

}  // namespace dynakeep::services
