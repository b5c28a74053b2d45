#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"

// Who may use the HTTP services, and for what: each caller has a secret key, sent in the header
// `x-api-key`. docs/stores/versioned-collections.md has the file that keys are kept in, which is
// dynamodb-mini's with more members; api_key_file.h changes such a file.
namespace dynakeep {

enum class ApiPermission : std::uint8_t { read, write, remove, history, purge };

inline constexpr std::array all_api_permissions = {ApiPermission::read, ApiPermission::write,
                                                   ApiPermission::remove, ApiPermission::history,
                                                   ApiPermission::purge};

// A set of permissions. In the file `remove` is called "delete".
class ApiPermissions {
 public:
  constexpr ApiPermissions() = default;
  constexpr ApiPermissions(std::initializer_list<ApiPermission> permissions) {
    for (const ApiPermission permission : permissions) add(permission);
  }
  // All but purge: what a key has that says nothing.
  static constexpr ApiPermissions usual() {
    return {ApiPermission::read, ApiPermission::write, ApiPermission::remove,
            ApiPermission::history};
  }

  static constexpr ApiPermissions all() {
    return {ApiPermission::read, ApiPermission::write, ApiPermission::remove,
            ApiPermission::history, ApiPermission::purge};
  }

  constexpr void add(ApiPermission permission) {
    bits_ = static_cast<std::uint8_t>(bits_ | bit_of(permission));
  }
  constexpr bool has(ApiPermission permission) const { return (bits_ & bit_of(permission)) != 0; }

  friend constexpr bool operator==(ApiPermissions, ApiPermissions) = default;

 private:
  static constexpr unsigned bit_of(ApiPermission permission) {
    return 1U << static_cast<unsigned>(permission);
  }
  std::uint8_t bits_ = 0;
};

// "read", "write", "delete", "history", "purge"
std::string_view to_string(ApiPermission permission);
std::optional<ApiPermission> parse_api_permission(std::string_view text);

// What stands behind a key; the key itself is not in it.
struct ApiKey {
  std::string application = {};  // the tenant: 1 to 1000 bytes
  std::string label = {};        // for logs and for `by`; may be empty
  ApiPermissions permissions = ApiPermissions::usual();
  // Slugs of the users it may reach. A '*' at the end stands for whatever follows. Empty: all.
  std::vector<std::string> users = {};
  std::optional<Time> not_before = {};  // both inclusive
  std::optional<Time> not_after = {};
  // The first eight digits of the key's SHA-256: tells keys apart, and opens nothing.
  std::string fingerprint = {};

  bool may(ApiPermission permission) const { return permissions.has(permission); }
  bool may_reach(std::string_view user_slug) const;
  bool is_good_at(Time now) const;
  // The label, or else the fingerprint: how logs call the key.
  const std::string& name() const { return label.empty() ? fingerprint : label; }

  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

struct ApiKeyRecord {
  std::string key = {};  // the secret, as callers send it; not empty
  ApiKey scope = {};     // its fingerprint is worked out
};

struct ApiKeysOptions {
  const Clock* clock = &system_clock();  // must outlive the keys
  // How long a changed file may go unnoticed while requests come in.
  std::chrono::milliseconds check_interval{5000};
};

// The keys that are good at this moment. Thread-safe.
//
// Of the keys only SHA-256 digests are held. A key is compared with those of all records, whether
// one fits or not and wherever it differs, so that the time it takes tells nothing.
//
// A file is read again when it has changed. The first find() after check_interval looks, so there
// is no thread, an idle server touches no disk, and a request costs one look at the clock; while
// the one that looks reads the file, others go on with the keys as they were. A file that has
// become unusable is logged, once, and the keys as they were stay in force.
class ApiKeys {
 public:
  // Of records with one key the first counts. invalid_argument, which names the record by its
  // index: an empty key, or a scope that makes no sense.
  static Result<std::shared_ptr<ApiKeys>> of(const std::vector<ApiKeyRecord>& records,
                                             const ApiKeysOptions& options = {});
  // A JSON array of records: {"application": …, "key": …}, or "keySha256" (64 hexadecimal digits)
  // in place of "key"; "label", "permissions", "users", "notBefore" and "notAfter" as they are
  // wanted; other members are passed over. invalid_argument, with one line that says what is wrong
  // and with which record, by its index, and never shows a key: the file cannot be read, is no such
  // array, or has more than 16 MiB. A file that other users of the machine may read is taken, with
  // a logged warning.
  static Result<std::shared_ptr<ApiKeys>> load(const std::string& path,
                                               const ApiKeysOptions& options = {});

  virtual ~ApiKeys() = default;
  ApiKeys(const ApiKeys&) = delete;
  ApiKeys& operator=(const ApiKeys&) = delete;

  // Null: there is no such key, or not at this time. What is found stays as it is, also when the
  // keys are read again: ask anew for each request.
  virtual std::shared_ptr<const ApiKey> find(std::string_view key) = 0;

  // Reads the file now, as when a program is told to (SIGHUP). An error is logged and returned, and
  // the keys stay as they were. Nothing to do for keys that are of no file.
  virtual Result<void> reload() = 0;

  // How many keys there are, good at this time or not.
  virtual std::size_t size() const = 0;

 protected:
  ApiKeys() = default;
};

}  // namespace dynakeep
