#include "services/api_keys/record.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <openssl/sha.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/stores/versioned_collections.h"

namespace dynakeep::services {
namespace {

constexpr std::size_t application_bytes_max = 1000;  // of a partition key, beside what is put to it
constexpr std::size_t label_bytes_max = 256;         // as of `by`
constexpr std::size_t hex_digits = 64;

Error wrong(std::string what) { return {ErrorCode::invalid_argument, std::move(what)}; }

std::optional<KeyDigest> digest_of_hex(std::string_view text) {
  if (text.size() != hex_digits) return std::nullopt;
  KeyDigest digest = {};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* const first = text.data() + i * 16;
    const auto [end, failure] = std::from_chars(first, first + 16, digest[i], 16);
    if (failure != std::errc() || end != first + 16) return std::nullopt;
  }
  return digest;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

// "team-*" stands for slugs, though it need not be one with its star.
bool is_user_pattern(std::string_view text) {
  if (text.ends_with('*')) text.remove_suffix(1);
  return text.empty() || slug(text) == text;
}

Result<void> check_scope(const ApiKey& scope) {
  if (scope.application.empty()) return wrong("has no application");
  if (scope.application.size() > application_bytes_max || !base::is_utf8(scope.application)) {
    return wrong("has an application that is longer than 1000 bytes, or not Unicode");
  }
  if (scope.label.size() > label_bytes_max || !base::is_utf8(scope.label) ||
      has_control_characters(scope.label)) {
    return wrong("has a label that is longer than 256 bytes, or of more than one line");
  }
  for (const std::string& user : scope.users) {
    if (user.empty() || !is_user_pattern(user)) {
      return wrong("names the user '" + user + "', who can only be reached as '" + slug(user) +
                   "'");
    }
  }
  if (scope.not_before && scope.not_after && *scope.not_before > *scope.not_after) {
    return wrong("ends before it begins");
  }
  return {};
}

// A member that must be a string if it is there; nothing if it is not.
Result<std::optional<std::string>> text_of(const JsonDocument& record, std::string_view name) {
  const JsonDocument* const member = record.find(name);
  if (member == nullptr || member->is_null()) return std::optional<std::string>();
  if (!member->is_string()) return wrong("has no string as " + std::string(name));
  return std::optional<std::string>(member->text());
}

Result<std::optional<Time>> time_of(const JsonDocument& record, std::string_view name) {
  const auto text = TRY(text_of(record, name));
  if (!text) return std::optional<Time>();
  const auto time = parse_iso(*text);
  if (!time) {
    return wrong("has no time like 2031-01-01T00:00:00Z as " + std::string(name));
  }
  return time;
}

// A member that must be a list of strings, with something in it, if it is there.
Result<std::vector<std::string>> texts_of(const JsonDocument& record, std::string_view name) {
  const JsonDocument* const member = record.find(name);
  if (member == nullptr || member->is_null()) return std::vector<std::string>();
  std::vector<std::string> texts;
  for (const JsonDocument& element : member->elements()) {
    if (!element.is_string()) return wrong("has no strings as " + std::string(name));
    texts.push_back(element.text());
  }
  // An empty list might mean none as well as all: whoever writes one is asked which.
  if (texts.empty()) {
    return wrong("has no list with something in it as " + std::string(name));
  }
  return texts;
}

Result<ApiPermissions> permissions_of(const JsonDocument& record) {
  const auto words = TRY(texts_of(record, "permissions"));
  if (words.empty()) return ApiPermissions::usual();
  ApiPermissions permissions;
  for (const std::string& word : words) {
    const auto permission = parse_api_permission(word);
    if (!permission) {
      return wrong("has the permission '" + word +
                   "', which is none of read, write, delete, history, purge");
    }
    permissions.add(*permission);
  }
  return permissions;
}

Result<KeyDigest> digest_of_record(const JsonDocument& record) {
  const auto key = TRY(text_of(record, "key"));
  const auto hex = TRY(text_of(record, "keySha256"));
  if (key && hex) return wrong("has both a key and a keySha256");
  if (!key && !hex) return wrong("has no key");
  const auto digest = key ? digest_of(*key) : digest_of_hex(*hex);
  if (!digest) return wrong("has a keySha256 that is not of 64 hexadecimal digits");
  if (*digest == digest_of("")) return wrong("has an empty key");
  return *digest;
}

}  // namespace

KeyDigest digest_of(std::string_view key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), bytes.data());
  KeyDigest digest;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = base::read_u64(text.substr(i * 8));
  return digest;
}

std::string to_hex(const KeyDigest& digest) {
  std::string bytes;
  for (const std::uint64_t word : digest) base::append_u64(bytes, word);
  return base::to_hex(bytes);
}

Result<DigestedKey> digested(const ApiKeyRecord& record) {
  if (record.key.empty()) return wrong("has an empty key");
  TRY(check_scope(record.scope));
  DigestedKey key{.digest = digest_of(record.key), .scope = record.scope};
  key.scope.fingerprint = to_hex(key.digest).substr(0, 8);
  return key;
}

Result<DigestedKey> parse_record(const JsonDocument& record) {
  if (!record.is_object()) return wrong("is no object");
  DigestedKey key;
  ApiKey& scope = key.scope;
  scope.application = TRY(text_of(record, "application")).value_or("");
  key.digest = TRY(digest_of_record(record));
  scope.label = TRY(text_of(record, "label")).value_or("");
  scope.permissions = TRY(permissions_of(record));
  scope.users = TRY(texts_of(record, "users"));
  scope.not_before = TRY(time_of(record, "notBefore"));
  scope.not_after = TRY(time_of(record, "notAfter"));
  scope.fingerprint = to_hex(key.digest).substr(0, 8);
  TRY(check_scope(scope));
  return key;
}

Result<std::vector<DigestedKey>> parse_records(const JsonDocument& file) {
  if (!file.is_array()) return wrong("is no JSON array of records");
  std::vector<DigestedKey> keys;
  for (const JsonDocument& record : file.elements()) {
    auto key = parse_record(record);
    if (!key) return wrong("record " + std::to_string(keys.size()) + " " + key.error().message());
    keys.push_back(std::move(*key));
  }
  return keys;
}

JsonDocument to_record(const DigestedKey& key) {
  const ApiKey& scope = key.scope;
  JsonDocument record = JsonDocument::object();
  record.set("application", JsonDocument::string(scope.application));
  record.set("keySha256", JsonDocument::string(to_hex(key.digest)));
  if (!scope.label.empty()) record.set("label", JsonDocument::string(scope.label));
  if (scope.permissions != ApiPermissions::usual()) {
    std::vector<JsonDocument> words;
    for (const ApiPermission permission : all_api_permissions) {
      if (!scope.may(permission)) continue;
      words.push_back(JsonDocument::string(std::string(to_string(permission))));
    }
    record.set("permissions", JsonDocument::array(std::move(words)));
  }
  if (!scope.users.empty()) {
    std::vector<JsonDocument> users;
    users.reserve(scope.users.size());
    for (const std::string& user : scope.users) users.push_back(JsonDocument::string(user));
    record.set("users", JsonDocument::array(std::move(users)));
  }
  if (scope.not_before) record.set("notBefore", JsonDocument::string(to_iso(*scope.not_before)));
  if (scope.not_after) record.set("notAfter", JsonDocument::string(to_iso(*scope.not_after)));
  return record;
}

}  // namespace dynakeep::services
