#include "dynakeep/services/api_keys.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>
#include <utility>

#include "base/log.h"
#include "services/api_keys/key_file.h"
#include "services/api_keys/private_file.h"
#include "services/api_keys/record.h"

namespace dynakeep {

namespace {

using services::DigestedKey;
using services::FileStamp;
using services::KeyDigest;

// Never changed once made. The digests stand apart from the rest so that a search reads nothing
// else: 32 kB for a thousand keys.
struct KeySet {
  std::vector<KeyDigest> digests = {};
  std::vector<ApiKey> scopes = {};

  // digests.size() if there is none.
  std::size_t find(const KeyDigest& wanted) const {
    std::size_t found = digests.size();
    for (std::size_t i = 0; i < digests.size(); ++i) {
      const KeyDigest& digest = digests[i];
      const std::uint64_t difference = (digest[0] ^ wanted[0]) | (digest[1] ^ wanted[1]) |
                                       (digest[2] ^ wanted[2]) | (digest[3] ^ wanted[3]);
      // No branch on what differs: a mask of ones where nothing does.
      const std::size_t fits = std::size_t{0} - static_cast<std::size_t>(difference == 0);
      found = (found & ~fits) | (i & fits);
    }
    return found;
  }
};

std::shared_ptr<const KeySet> set_of(std::vector<DigestedKey> keys) {
  auto set = std::make_shared<KeySet>();
  std::set<KeyDigest> seen;
  for (DigestedKey& key : keys) {
    if (!seen.insert(key.digest).second) {
      base::log(LogLevel::warning, "an api key is there twice: its first record counts",
                {{"key", key.scope.name()}, {"application", key.scope.application}});
      continue;
    }
    set->digests.push_back(key.digest);
    set->scopes.push_back(std::move(key.scope));
  }
  return set;
}

// The file's keys, and which state of the file they are of.
struct ReadKeys {
  std::shared_ptr<const KeySet> set = {};
  FileStamp stamp = {};
};

Result<ReadKeys> read_keys(const std::string& path) {
  auto file = TRY(services::read_key_file(path));
  if (file.others_may_read) {
    base::log(LogLevel::warning, "the api keys can be read by other users: chmod 600 the file",
              {{"path", path}});
  }
  return ReadKeys{set_of(std::move(file.keys)), file.stamp};
}

class HeldApiKeys final : public ApiKeys {
 public:
  HeldApiKeys(std::shared_ptr<const KeySet> set, const ApiKeysOptions& options)
      : options_(options), set_(std::move(set)) {}

  HeldApiKeys(std::string path, ReadKeys file, const ApiKeysOptions& options)
      : options_(options),
        path_(std::move(path)),
        looked_at_(options.clock->now()),
        stamp_(file.stamp),
        set_(std::move(file.set)) {}

  std::shared_ptr<const ApiKey> find(std::string_view key) override {
    const Time now = options_.clock->now();
    if (!path_.empty()) look_at_file(now);
    const auto set = current();
    const std::size_t index = set->find(services::digest_of(key));
    if (index == set->digests.size() || !set->scopes[index].is_good_at(now)) return nullptr;
    return {set, &set->scopes[index]};
  }

  Result<void> reload() override {
    if (path_.empty()) return {};
    const std::lock_guard lock(reading_);
    return read_again();
  }

  std::size_t size() const override { return current()->digests.size(); }

 private:
  std::shared_ptr<const KeySet> current() const {
    const std::lock_guard lock(set_mutex_);
    return set_;
  }

  void look_at_file(Time now) {
    // A clock that was set back must not put the next look off until it has caught up.
    const Time before = looked_at_.load(std::memory_order_relaxed);
    if (now >= before && now - before < options_.check_interval) return;
    const std::unique_lock lock(reading_, std::try_to_lock);
    if (!lock) return;
    looked_at_.store(now, std::memory_order_relaxed);
    if (services::stamp_of(path_) != stamp_) static_cast<void>(read_again());
  }

  // Needs reading_.
  Result<void> read_again() {
    // What is wrong with this state of the file is said once, not every five seconds.
    stamp_ = services::stamp_of(path_);
    auto file = read_keys(path_);
    if (!file) {
      base::log(LogLevel::error, "the api keys stay as they were: their file is unusable",
                {{"reason", file.error().message()}});
      return file.error();
    }
    stamp_ = file->stamp;
    base::log(LogLevel::info, "api keys read",
              {{"path", path_}, {"keys", std::to_string(file->set->digests.size())}});
    const std::lock_guard lock(set_mutex_);
    set_ = std::move(file->set);
    return {};
  }

  const ApiKeysOptions options_;
  const std::string path_ = {};  // empty: of no file
  std::atomic<Time> looked_at_ = Time{};

  std::mutex reading_;
  std::optional<FileStamp> stamp_ = {};  // of the file that was read last, or failed to be

  mutable std::mutex set_mutex_;
  std::shared_ptr<const KeySet> set_;
};

}  // namespace

bool ApiKey::may_reach(std::string_view user_slug) const {
  return users.empty() ||
         std::any_of(users.begin(), users.end(), [user_slug](std::string_view user) {
           if (!user.ends_with('*')) return user == user_slug;
           user.remove_suffix(1);
           return user_slug.starts_with(user);
         });
}

bool ApiKey::is_good_at(Time now) const {
  return (!not_before || *not_before <= now) && (!not_after || now <= *not_after);
}

std::string_view to_string(ApiPermission permission) {
  switch (permission) {
    case ApiPermission::read:
      return "read";
    case ApiPermission::write:
      return "write";
    case ApiPermission::remove:
      return "delete";
    case ApiPermission::history:
      return "history";
    case ApiPermission::purge:
      return "purge";
  }
  return {};
}

std::optional<ApiPermission> parse_api_permission(std::string_view text) {
  for (const ApiPermission permission : all_api_permissions) {
    if (to_string(permission) == text) return permission;
  }
  return std::nullopt;
}

Result<std::shared_ptr<ApiKeys>> ApiKeys::of(const std::vector<ApiKeyRecord>& records,
                                             const ApiKeysOptions& options) {
  std::vector<DigestedKey> keys;
  for (const ApiKeyRecord& record : records) {
    auto key = services::digested(record);
    if (!key) {
      return Error(ErrorCode::invalid_argument,
                   "API key record " + std::to_string(keys.size()) + " " + key.error().message());
    }
    keys.push_back(std::move(*key));
  }
  return std::shared_ptr<ApiKeys>(std::make_shared<HeldApiKeys>(set_of(std::move(keys)), options));
}

Result<std::shared_ptr<ApiKeys>> ApiKeys::load(const std::string& path,
                                               const ApiKeysOptions& options) {
  auto file = TRY(read_keys(path));
  return std::shared_ptr<ApiKeys>(std::make_shared<HeldApiKeys>(path, std::move(file), options));
}

}  // namespace dynakeep
