#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "services/jwt/public_key.h"
#include "transport/transport.h"
#include "transport/url.h"

namespace dynakeep::jwt {

struct SigningKeysOptions {
  std::string discovery_url = {};  // of an OpenID provider's configuration, which names "jwks_uri"
  std::chrono::milliseconds kept_for{600'000};
  std::chrono::milliseconds request_timeout{30'000};
  const Clock* clock = &system_clock();  // how old keys are; must outlive the object
};

// A provider's public keys by their ids. Thread-safe.
//
// Whoever asks is a thread that serves connections, and must not be kept by a provider that is slow
// or gone. So the keys are fetched by a thread of their own, and find() answers from what is there:
//
//  - Keys count for `kept_for`. From half of that on, the first who asks has them fetched anew, and
//    does not wait: a provider may be out of reach for that long and nobody will see it.
//  - For an id that is not there, and once the keys have expired, they are fetched anew too, and
//    find() waits for that, for at most `patience` from the moment the fetch began.
//  - No fetch begins within 10 s of the last one's begin. So those who make up ids cost the
//    provider a request in 10 s, and the threads at most a tenth of their time.
//
// What cannot be fetched is logged, and the keys that are there stay until they expire.
class SigningKeys {
 public:
  static constexpr std::chrono::seconds fetch_spacing{10};
  static constexpr std::chrono::seconds patience{1};

  // Asks for the configuration, which must come and name the keys, and then for the keys, which may
  // follow later. invalid_argument, unavailable, timed_out.
  static Result<std::unique_ptr<SigningKeys>> open(const SigningKeysOptions& options,
                                                   std::shared_ptr<transport::Transport> transport);

  // Waits for a fetch under way to end.
  ~SigningKeys();
  SigningKeys(const SigningKeys&) = delete;
  SigningKeys& operator=(const SigningKeys&) = delete;

  std::optional<PublicKey> find(std::string_view key_id);

 private:
  using Keys = std::map<std::string, PublicKey, std::less<>>;
  using Moment = std::chrono::steady_clock::time_point;

  SigningKeys(const SigningKeysOptions& options, transport::Url url,
              std::shared_ptr<transport::Transport> transport);

  bool expired(Time now) const;
  void begin_fetch(Time now);
  void fetch_when_wanted();
  Result<Keys> fetch() const;
  void take(Result<Keys> fetched);

  const SigningKeysOptions options_;
  const transport::Url url_;
  const std::shared_ptr<transport::Transport> transport_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Keys keys_;
  std::optional<Time> keys_of_ = {};     // when the fetch began that brought the keys
  std::optional<Time> fetched_at_ = {};  // when the last fetch began
  Moment fetch_began_ = {};              // the same, on the clock that waiting goes by
  std::uint64_t fetches_begun_ = 0;
  std::uint64_t fetches_ended_ = 0;
  bool stopping_ = false;

  std::thread thread_;
};

// The keys of a JSON Web Key Set that have an id and are of a kind that is known here; others may
// be in it and are left out. invalid_argument: no such set, or more than 1000 keys.
Result<std::map<std::string, PublicKey, std::less<>>> parse_key_set(std::string_view text);

}  // namespace dynakeep::jwt
