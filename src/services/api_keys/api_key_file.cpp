#include "dynakeep/services/api_key_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <openssl/rand.h>

#include "base/base64.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/json_document.h"
#include "services/api_keys/key_file.h"
#include "services/api_keys/private_file.h"
#include "services/api_keys/record.h"

namespace dynakeep {

namespace {

using services::DigestedKey;
using services::KeyFile;

constexpr std::size_t key_bytes = 32;
constexpr std::size_t digits_of_a_name_min = 8;
constexpr std::chrono::hours overlap_max{24 * 366};

Error wrong(std::string what) { return {ErrorCode::invalid_argument, std::move(what)}; }

Result<std::string> new_key() {
  std::array<unsigned char, key_bytes> bytes;
  if (RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return Error::internal("the system has no chance to make a key of");
  }
  std::string key = "dk_";
  base::append_base64(key, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::replace(key.begin(), key.end(), '+', '-');
  std::replace(key.begin(), key.end(), '/', '_');
  while (key.ends_with('=')) key.pop_back();
  return key;
}

Result<DigestedKey> digested(const NewApiKey& made) {
  auto key = services::digested({.key = made.key, .scope = made.scope});
  return key ? std::move(key) : wrong("the key " + key.error().message());
}

// As it is in the file.
Time to_milliseconds(Time time) { return std::chrono::floor<std::chrono::milliseconds>(time); }

JsonDocument to_json(Time time) { return JsonDocument::string(to_iso(time)); }

bool has_ended(const ApiKey& scope, Time now) { return scope.not_after && *scope.not_after <= now; }

std::string description(const ApiKey& scope) {
  std::string text = scope.fingerprint + " (" + scope.application;
  if (!scope.label.empty()) text += ", " + scope.label;
  if (scope.not_after) text += ", until " + to_iso(*scope.not_after);
  return text + ")";
}

bool is_called(const DigestedKey& key, std::string_view name) {
  return (!name.empty() && key.scope.label == name) ||
         (name.size() >= digits_of_a_name_min && services::to_hex(key.digest).starts_with(name));
}

// The index of the key's first record.
Result<std::size_t> find(const std::vector<DigestedKey>& keys, std::string_view name, Time now) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool is_another = std::none_of(found.begin(), found.end(), [&](std::size_t other) {
      return keys[other].digest == keys[i].digest;
    });
    if (is_another && is_called(keys[i], name)) found.push_back(i);
  }
  if (found.size() > 1) {
    // A label passes from key to key as they are rotated: it means the one that is in use.
    const auto ended = [&](std::size_t i) { return has_ended(keys[i].scope, now); };
    if (!std::all_of(found.begin(), found.end(), ended)) std::erase_if(found, ended);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error(ErrorCode::not_found,
                 "no key has the label or fingerprint '" + std::string(name) + "'");
  }
  std::string several =
      "several keys are called '" + std::string(name) + "', name one by its fingerprint: ";
  for (const std::size_t i : found) {
    several += (i == found.front() ? "" : ", ") + description(keys[i].scope);
  }
  return wrong(several);
}

}  // namespace

Result<std::vector<ApiKey>> ApiKeyFile::list() const {
  auto file = TRY(services::read_key_file(path_));
  std::vector<ApiKey> scopes;
  scopes.reserve(file.keys.size());
  for (DigestedKey& key : file.keys) scopes.push_back(std::move(key.scope));
  return scopes;
}

Result<NewApiKey> ApiKeyFile::add(const ApiKey& scope) const {
  const auto lock = TRY(services::FileLock::take(path_));
  KeyFile file;
  if (services::stamp_of(path_)) file = TRY(services::read_key_file(path_));

  NewApiKey made{.key = TRY(new_key()), .scope = scope};
  const DigestedKey key = TRY(digested(made));
  made.scope = key.scope;
  file.document.elements().push_back(services::to_record(key));
  TRY(services::write_key_file(path_, file.document));
  return made;
}

Result<RotatedApiKey> ApiKeyFile::rotate(std::string_view name, std::chrono::milliseconds overlap,
                                         std::optional<Time> not_after) const {
  if (overlap < overlap.zero() || overlap > overlap_max)
    return wrong("keys overlap by 0 to 366 days");
  const auto lock = TRY(services::FileLock::take(path_));
  KeyFile file = TRY(services::read_key_file(path_));
  const Time now = clock_.now();
  const std::size_t index = TRY(find(file.keys, name, now));
  const ApiKey& old = file.keys[index].scope;
  if (old.not_before && *old.not_before > now) {
    return wrong("the key " + description(old) + " has not begun; revoke it and add another");
  }
  if (!not_after && has_ended(old, now)) {
    return wrong("the key " + description(old) + " has ended; say when the new one is to end");
  }

  RotatedApiKey rotated{.successor = {.key = TRY(new_key()), .scope = old}, .predecessor = old};
  rotated.successor.scope.not_before.reset();
  if (not_after) rotated.successor.scope.not_after = not_after;
  const DigestedKey key = TRY(digested(rotated.successor));
  rotated.successor.scope = key.scope;
  const Time end = to_milliseconds(now + overlap);
  rotated.predecessor.not_after = std::min(end, old.not_after.value_or(end));

  std::vector<JsonDocument>& records = file.document.elements();
  // From the record as it stands: what others keep in it is said of the new key too.
  JsonDocument successor = records[index];
  successor.erase("key");
  successor.set("keySha256", JsonDocument::string(services::to_hex(key.digest)));
  successor.erase("notBefore");
  if (key.scope.not_after) successor.set("notAfter", to_json(*key.scope.not_after));
  records[index].set("notAfter", to_json(*rotated.predecessor.not_after));
  records.push_back(std::move(successor));
  TRY(services::write_key_file(path_, file.document));
  return rotated;
}

Result<ApiKey> ApiKeyFile::revoke(std::string_view name, Revocation how) const {
  const auto lock = TRY(services::FileLock::take(path_));
  KeyFile file = TRY(services::read_key_file(path_));
  const Time now = to_milliseconds(clock_.now());
  const DigestedKey revoked = file.keys[TRY(find(file.keys, name, now))];

  std::vector<JsonDocument> records;
  for (std::size_t i = 0; i < file.keys.size(); ++i) {
    JsonDocument& record = file.document.elements()[i];
    // All records of the key: if the first went alone, the next would be in force.
    if (file.keys[i].digest == revoked.digest) {
      if (how == Revocation::remove) continue;
      if (file.keys[i].scope.not_before > now) record.erase("notBefore");
      if (!has_ended(file.keys[i].scope, now)) record.set("notAfter", to_json(now));
    }
    records.push_back(std::move(record));
  }
  TRY(services::write_key_file(path_, JsonDocument::array(std::move(records))));
  return revoked.scope;
}

}  // namespace dynakeep
