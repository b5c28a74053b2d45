#include "services/jwt/signing_keys.h"

#include <utility>

#include "base/log.h"
#include "dynakeep/json_document.h"

namespace dynakeep::jwt {

namespace {

constexpr std::size_t keys_max = 1000;

// GET of a document that must be there.
Result<std::string> get(transport::Transport& transport, const transport::Url& url,
                        std::chrono::milliseconds timeout) {
  http::HttpRequest request{.method = "GET", .target = url.target};
  request.headers.add("Host", transport::host_and_port(url.origin));
  request.headers.add("Accept", "application/json");
  const auto answer =
      TRY(transport.send(url.origin, request, std::chrono::steady_clock::now() + timeout));
  if (answer.status == 200) return answer.body;
  return Error(ErrorCode::unavailable, transport::to_string(url.origin) + " answers with status " +
                                           std::to_string(answer.status));
}

}  // namespace

Result<std::map<std::string, PublicKey, std::less<>>> parse_key_set(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  const JsonDocument* keys = document ? document->find("keys") : nullptr;
  if (keys == nullptr || !keys->is_array() || keys->elements().size() > keys_max) {
    return Error(ErrorCode::invalid_argument, "this is no JSON Web Key Set");
  }
  std::map<std::string, PublicKey, std::less<>> known;
  for (const JsonDocument& jwk : keys->elements()) {
    const JsonDocument* id = jwk.find("kid");
    if (id == nullptr || !id->is_string() || id->text().empty()) continue;
    auto key = PublicKey::from_jwk(jwk);
    if (key) {
      known.insert_or_assign(id->text(), std::move(*key));
    } else {
      base::log(LogLevel::info, "a signing key is left out", {{"why", key.error().message()}});
    }
  }
  return known;
}

Result<std::unique_ptr<SigningKeys>> SigningKeys::open(
    const SigningKeysOptions& options, std::shared_ptr<transport::Transport> transport) {
  const transport::Url discovery = TRY(transport::parse_url(options.discovery_url));
  const std::string text = TRY(get(*transport, discovery, options.request_timeout));
  const auto configuration = JsonDocument::parse(text);
  const JsonDocument* url = configuration ? configuration->find("jwks_uri") : nullptr;
  if (url == nullptr || !url->is_string()) {
    return Error(ErrorCode::invalid_argument,
                 transport::to_string(discovery.origin) +
                     " has no OpenID configuration there, or one without \"jwks_uri\"");
  }
  // Not within the new expression: an early return out of that leaks what it has allocated.
  transport::Url keys_url = TRY(transport::parse_url(url->text()));
  std::unique_ptr<SigningKeys> keys(
      new SigningKeys(options, std::move(keys_url), std::move(transport)));
  keys->begin_fetch(options.clock->now());
  keys->take(keys->fetch());
  keys->thread_ = std::thread([it = keys.get()] { it->fetch_when_wanted(); });
  return keys;
}

SigningKeys::SigningKeys(const SigningKeysOptions& options, transport::Url url,
                         std::shared_ptr<transport::Transport> transport)
    : options_(options), url_(std::move(url)), transport_(std::move(transport)) {}

SigningKeys::~SigningKeys() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool SigningKeys::expired(Time now) const {
  return !keys_of_ || now - *keys_of_ >= options_.kept_for;
}

// One at a time, and not too often.
void SigningKeys::begin_fetch(Time now) {
  if (fetches_begun_ != fetches_ended_) return;
  // A clock that was set back says nothing of how long ago the last one was.
  if (fetched_at_ && now >= *fetched_at_ && now - *fetched_at_ < fetch_spacing) return;
  fetched_at_ = now;
  fetch_began_ = std::chrono::steady_clock::now();
  ++fetches_begun_;
  changed_.notify_all();
}

std::optional<PublicKey> SigningKeys::find(std::string_view key_id) {
  const Time now = options_.clock->now();
  std::unique_lock lock(mutex_);
  auto found = keys_.find(key_id);
  if (found == keys_.end() || expired(now)) {
    begin_fetch(now);
    changed_.wait_until(lock, fetch_began_ + patience,
                        [this] { return fetches_begun_ == fetches_ended_ || stopping_; });
    found = keys_.find(key_id);
    if (found == keys_.end() || expired(now)) return std::nullopt;
  } else if (now - *keys_of_ >= options_.kept_for / 2) {
    begin_fetch(now);
  }
  return found->second;
}

void SigningKeys::fetch_when_wanted() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return fetches_begun_ != fetches_ended_ || stopping_; });
    if (stopping_) return;
    lock.unlock();
    auto fetched = fetch();
    lock.lock();
    take(std::move(fetched));
  }
}

Result<SigningKeys::Keys> SigningKeys::fetch() const {
  return parse_key_set(TRY(get(*transport_, url_, options_.request_timeout)));
}

void SigningKeys::take(Result<Keys> fetched) {
  if (fetched) {
    keys_ = std::move(*fetched);
    keys_of_ = fetched_at_;
  } else {
    base::log(LogLevel::warning, "signing keys cannot be fetched",
              {{"from", transport::to_string(url_.origin)}, {"why", fetched.error().message()}});
  }
  ++fetches_ended_;
  changed_.notify_all();
}

}  // namespace dynakeep::jwt
