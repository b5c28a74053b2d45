#include "http/signature.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "http/percent_encoding.h"

namespace dynakeep::http {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";
constexpr auto clock_skew_max = 5min;
constexpr auto presigned_default = 15min;
constexpr auto presigned_max = std::chrono::seconds{7 * 24 * 3600};

using Digest = std::array<unsigned char, 32>;

std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// ---- hashes ----

// A thread's OpenSSL contexts. Making them anew costs more than the hash of a request.
class Hashes {
 public:
  static Hashes& of_this_thread() {
    thread_local Hashes hashes;
    return hashes;
  }

  Digest sha256(std::string_view bytes) {
    Digest digest;
    INVARIANT(EVP_DigestInit_ex2(digest_.get(), sha256_.get(), nullptr) == 1 &&
              EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size()) == 1 &&
              EVP_DigestFinal_ex(digest_.get(), digest.data(), nullptr) == 1);
    return digest;
  }

  Digest hmac(std::string_view key, std::string_view bytes) {
    Digest digest;
    std::size_t size = 0;
    INVARIANT(EVP_MAC_init(mac_.get(), reinterpret_cast<const unsigned char*>(key.data()),
                           key.size(), nullptr) == 1 &&
              EVP_MAC_update(mac_.get(), reinterpret_cast<const unsigned char*>(bytes.data()),
                             bytes.size()) == 1 &&
              EVP_MAC_final(mac_.get(), digest.data(), &size, digest.size()) == 1 &&
              size == digest.size());
    return digest;
  }

 private:
  template <auto free_it>
  struct Free {
    template <typename T>
    void operator()(T* it) const {
      free_it(it);
    }
  };

  Hashes() {
    sha256_.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    digest_.reset(EVP_MD_CTX_new());
    hmac_.reset(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    INVARIANT(sha256_ && digest_ && hmac_);
    mac_.reset(EVP_MAC_CTX_new(hmac_.get()));
    INVARIANT(mac_);
    char name[] = "SHA256";
    const std::array parameters = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
    INVARIANT(EVP_MAC_CTX_set_params(mac_.get(), parameters.data()) == 1);
  }

  std::unique_ptr<EVP_MD, Free<EVP_MD_free>> sha256_;
  std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> digest_;
  std::unique_ptr<EVP_MAC, Free<EVP_MAC_free>> hmac_;
  std::unique_ptr<EVP_MAC_CTX, Free<EVP_MAC_CTX_free>> mac_;
};

// The key of one secret for one day, region and service: four HMACs, the same for a day's requests.
Digest signing_key(std::string_view secret, std::string_view date, std::string_view region,
                   std::string_view service) {
  struct Kept {
    std::string what = {};
    Digest key = {};
  };
  constexpr std::size_t kept_max = 64;
  thread_local std::array<Kept, kept_max> keys;
  thread_local std::string what;

  what.assign(secret).append(1, '\0').append(date).append(1, '\0').append(region);
  what.append(1, '\0').append(service);
  Kept& kept = keys[std::hash<std::string_view>()(what) % kept_max];
  if (kept.what != what) {
    Hashes& hashes = Hashes::of_this_thread();
    std::string first = "AWS4";
    first += secret;
    const Digest of_date = hashes.hmac(first, date);
    const Digest of_region = hashes.hmac(view(of_date), region);
    const Digest of_service = hashes.hmac(view(of_region), service);
    kept.key = hashes.hmac(view(of_service), terminator);
    kept.what = what;
    OPENSSL_cleanse(first.data(), first.size());
  }
  return kept.key;
}

// ---- text ----

constexpr std::string_view spaces = " \t";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

// Takes the text before the next `separator` off the front of `rest`, and the separator.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const std::string_view taken = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return taken;
}

void append_lower(std::string& out, std::string_view text) {
  for (const char c : text) {
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
}

// The decoded value of a query parameter; names are compared as they are.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (percent_decoded(take_until(value, '=')) == name) return percent_decoded(value);
  }
  return std::nullopt;
}

// ---- dates ----

struct Date {
  std::string text = {};  // "20150830T123600Z"
  Time time = {};

  std::string_view day() const { return std::string_view(text).substr(0, 8); }
};

std::string iso_basic(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  std::string out;
  const auto append = [&out](unsigned value, std::size_t width) {
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const auto count = static_cast<std::size_t>(end - digits.data());
    out.append(width > count ? width - count : 0, '0').append(digits.data(), count);
  };
  append(static_cast<unsigned>(static_cast<int>(date.year())), 4);
  append(static_cast<unsigned>(date.month()), 2);
  append(static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  append(static_cast<unsigned>(clock.hours().count()), 2);
  append(static_cast<unsigned>(clock.minutes().count()), 2);
  append(static_cast<unsigned>(clock.seconds().count()), 2);
  out.push_back('Z');
  return out;
}

std::optional<unsigned> digits(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return text.empty() ? std::nullopt : std::optional(value);
}

std::optional<Time> to_time(std::optional<unsigned> year, std::optional<unsigned> month,
                            std::optional<unsigned> day, std::optional<unsigned> hour,
                            std::optional<unsigned> minute, std::optional<unsigned> second) {
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Time{std::chrono::sys_days(date)} + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

// "20150830T123600Z"
std::optional<Time> parse_iso_basic(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  return to_time(digits(text.substr(0, 4)), digits(text.substr(4, 2)), digits(text.substr(6, 2)),
                 digits(text.substr(9, 2)), digits(text.substr(11, 2)), digits(text.substr(13, 2)));
}

// ---- the canonical request ----

// "/a/./b/../c//d" -> "/a/c/d"; a slash at the end stays.
std::string normalized_path(std::string_view path) {
  std::vector<std::string_view> kept;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view segment = take_until(rest, '/');
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append(1, '/').append(segment);
  if (out.empty() || path.ends_with('/')) out.push_back('/');
  return out;
}

void append_canonical_query(std::string& out, std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    if (name == "X-Amz-Signature") continue;
    if (name.empty() && value.empty()) continue;
    auto& [encoded_name, encoded_value] = parameters.emplace_back();
    append_percent_encoded(encoded_name, percent_decoded(name));
    append_percent_encoded(encoded_value, percent_decoded(value));
  }
  std::sort(parameters.begin(), parameters.end());
  bool first = true;
  for (const auto& [name, value] : parameters) {
    if (!first) out.push_back('&');
    first = false;
    out.append(name).append(1, '=').append(value);
  }
}

// Without the spaces around it, and with single spaces inside.
void append_canonical_value(std::string& out, std::string_view value) {
  bool spaced = false;
  for (const char c : trimmed(value)) {
    const bool space = spaces.find(c) != std::string_view::npos;
    if (!space) out.push_back(c);
    if (space && !spaced) out.push_back(' ');
    spaced = space;
  }
}

// `signed_headers` are names with ';' between them.
void append_canonical_request(std::string& out, const HttpRequest& request,
                              std::string_view signed_headers) {
  out.append(request.method).append(1, '\n');
  const std::string_view path = request.path();
  if (path == "/") {
    out.push_back('/');
  } else {
    append_percent_encoded(out, normalized_path(path), Slashes::kept);
  }
  out.push_back('\n');
  append_canonical_query(out, request.query());
  out.push_back('\n');
  std::string_view names = signed_headers;
  while (!names.empty()) {
    const std::string_view name = take_until(names, ';');
    append_lower(out, name);
    out.push_back(':');
    bool first = true;
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
      const Headers::Field field = request.headers[i];
      if (!equal_ignoring_case(field.name, name)) continue;
      if (!first) out.push_back(',');
      first = false;
      append_canonical_value(out, field.value);
    }
    out.push_back('\n');
  }
  out.push_back('\n');
  append_lower(out, signed_headers);
  out.push_back('\n');
  out.append(base::to_hex(view(Hashes::of_this_thread().sha256(request.body))));
}

struct Signing {
  std::string canonical_request = {};
  std::string string_to_sign = {};
  std::string signature = {};
};

// What both sides compute.
Signing compute(const HttpRequest& request, std::string_view signed_headers, const Date& date,
                const SigningScope& scope, std::string_view secret) {
  Hashes& hashes = Hashes::of_this_thread();
  Signing signing;
  signing.canonical_request.reserve(1024);
  append_canonical_request(signing.canonical_request, request, signed_headers);

  std::string& to_sign = signing.string_to_sign;
  to_sign.reserve(192);
  to_sign.append(algorithm).append(1, '\n').append(date.text).append(1, '\n');
  to_sign.append(date.day()).append(1, '/').append(scope.region).append(1, '/');
  to_sign.append(scope.service).append(1, '/').append(terminator).append(1, '\n');
  to_sign.append(base::to_hex(view(hashes.sha256(signing.canonical_request))));

  const Digest key = signing_key(secret, date.day(), scope.region, scope.service);
  signing.signature = base::to_hex(view(hashes.hmac(view(key), to_sign)));
  return signing;
}

// ---- signing ----

// Headers that a proxy or the connection may add or change on the way.
bool is_left_unsigned(std::string_view name) {
  constexpr std::array<std::string_view, 10> unsigned_names = {
      "authorization", "connection",        "content-length", "expect",         "keep-alive", "te",
      "user-agent",    "transfer-encoding", "upgrade",        "x-amzn-trace-id"};
  return std::any_of(unsigned_names.begin(), unsigned_names.end(),
                     [name](std::string_view other) { return equal_ignoring_case(name, other); });
}

std::string names_to_sign(const Headers& headers) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (!is_left_unsigned(headers[i].name)) append_lower(names.emplace_back(), headers[i].name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string joined;
  for (const std::string& name : names) {
    if (!joined.empty()) joined.push_back(';');
    joined += name;
  }
  return joined;
}

std::string credential(const Credentials& credentials, const SigningScope& scope,
                       std::string_view day) {
  std::string out = credentials.access_key_id;
  for (const std::string_view part :
       {day, std::string_view(scope.region), std::string_view(scope.service), terminator}) {
    out.append(1, '/').append(part);
  }
  return out;
}

// ---- verifying ----

// The parts of a signature, as the request has them.
struct Presented {
  bool in_query = false;
  std::string algorithm = {};
  std::string credential = {};
  std::string signed_headers = {};
  std::string signature = {};
  std::string date = {};
  std::optional<std::string> expires = {};
};

Error incomplete(std::string message) {
  return {ErrorCode::incomplete_signature, std::move(message)};
}
Error invalid(std::string message) { return {ErrorCode::invalid_signature, std::move(message)}; }

Result<Presented> present_in_query(std::string_view query, std::string found_algorithm) {
  Presented presented;
  presented.in_query = true;
  presented.algorithm = std::move(found_algorithm);
  presented.expires = query_parameter(query, "X-Amz-Expires");
  std::string missing;
  const auto take = [&](std::string_view name, std::string& into) {
    into = query_parameter(query, name).value_or("");
    if (into.empty()) {
      missing.append("AWS query-string parameters must include '").append(name).append("'. ");
    }
  };
  take("X-Amz-Algorithm", presented.algorithm);
  take("X-Amz-Credential", presented.credential);
  take("X-Amz-Signature", presented.signature);
  take("X-Amz-SignedHeaders", presented.signed_headers);
  take("X-Amz-Date", presented.date);
  if (!missing.empty()) return incomplete(missing + "Re-examine the query-string parameters.");
  return presented;
}

Result<Presented> present_in_header(const Headers& headers, std::string_view authorization) {
  Presented presented;
  std::string_view rest = authorization;
  presented.algorithm = take_until(rest, ' ');
  while (!rest.empty()) {
    std::string_view value = trimmed(take_until(rest, ','));
    const std::string_view name = take_until(value, '=');
    if (name == "Credential") presented.credential = value;
    if (name == "Signature") presented.signature = value;
    if (name == "SignedHeaders") presented.signed_headers = value;
  }
  auto date = headers.find("x-amz-date");
  if (!date) date = headers.find("date");
  presented.date = date.value_or("");

  std::string missing;
  const auto require = [&missing](const std::string& part, std::string_view name) {
    if (part.empty()) {
      missing.append("Authorization header requires '").append(name).append("' parameter. ");
    }
  };
  require(presented.credential, "Credential");
  require(presented.signature, "Signature");
  require(presented.signed_headers, "SignedHeaders");
  if (presented.date.empty()) {
    missing +=
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!missing.empty()) {
    return incomplete(missing.append("Authorization=").append(authorization));
  }
  return presented;
}

Result<Presented> present(const HttpRequest& request) {
  const auto authorization = request.headers.find("authorization");
  const std::string_view query = request.query();
  std::optional<std::string> query_algorithm;
  if (!query.empty()) query_algorithm = query_parameter(query, "X-Amz-Algorithm");

  if (authorization && query_algorithm) {
    return invalid(
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
  }
  if (query_algorithm) return present_in_query(query, *std::move(query_algorithm));
  if (authorization && authorization->starts_with("AWS4-")) {
    return present_in_header(request.headers, *authorization);
  }
  return Error(ErrorCode::missing_authentication_token, "Request is missing Authentication Token");
}

struct CredentialScope {
  std::string access_key_id = {};
  std::string day = {};
  SigningScope scope = {};
  std::string terminator = {};
};

Result<CredentialScope> parse_credential(std::string_view text) {
  std::array<std::string, 5> parts;
  std::string_view rest = text;
  for (std::string& part : parts) part = take_until(rest, '/');
  if (std::count(text.begin(), text.end(), '/') != 4) {
    return incomplete(
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term, got '" +
        std::string(text) + "'");
  }
  return CredentialScope{.access_key_id = parts[0],
                         .day = parts[1],
                         .scope = {.region = parts[2], .service = parts[3]},
                         .terminator = parts[4]};
}

Result<Date> parse_date(const std::string& text) {
  if (const auto time = parse_iso_basic(text)) return Date{.text = text, .time = *time};
  // A Date header has its own form; what is signed is always the basic one.
  if (const auto time = parse_http_date(text)) return Date{.text = iso_basic(*time), .time = *time};
  return incomplete("Date must be in ISO-8601 'basic format'. Got '" + text +
                    "'. See http://en.wikipedia.org/wiki/ISO_8601");
}

Result<void> check_scope(const CredentialScope& credential_scope, const Date& date,
                         std::string_view service) {
  std::string wrong;
  if (credential_scope.scope.service != service) {
    wrong.append("Credential should be scoped to correct service: '").append(service).append("'. ");
  }
  if (credential_scope.terminator != terminator) {
    wrong.append("Credential should be scoped with a valid terminator: 'aws4_request', not '")
        .append(credential_scope.terminator)
        .append("'. ");
  }
  if (credential_scope.day != date.day()) {
    wrong.append("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date ")
        .append("from HTTP: '")
        .append(credential_scope.day)
        .append("' != '")
        .append(date.day())
        .append("', from '")
        .append(date.text)
        .append("'. ");
  }
  if (!wrong.empty()) return invalid(wrong);
  return {};
}

bool names_header(std::string_view signed_headers, std::string_view name) {
  while (!signed_headers.empty()) {
    if (equal_ignoring_case(take_until(signed_headers, ';'), name)) return true;
  }
  return false;
}

// A name with a line break in it, possible in query form, would let one canonical request pass for
// another.
bool are_header_names(std::string_view names) {
  // The characters of a token (RFC 9110, section 5.6.2).
  static constexpr std::string_view other_token_characters = "!#$%&'*+^`|";
  return std::all_of(names.begin(), names.end(), [](char c) {
    return is_unreserved(c) || c == ';' || other_token_characters.find(c) != std::string_view::npos;
  });
}

Result<void> check_signed_headers(const HttpRequest& request, std::string_view signed_headers) {
  if (!are_header_names(signed_headers)) {
    return invalid("SignedHeaders must be header names with ';' between them.");
  }
  if (!names_header(signed_headers, "host")) {
    return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  if (request.headers.contains("x-amz-target") && !names_header(signed_headers, "x-amz-target")) {
    return invalid("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
  }
  return {};
}

Result<void> check_age(const Presented& presented, const Date& date, Time now) {
  if (date.time > now + clock_skew_max) {
    return invalid("Signature not yet current: " + date.text + " is still later than " +
                   iso_basic(now + clock_skew_max) + " (" + iso_basic(now) + " + 5 min.)");
  }
  std::chrono::seconds good_for = clock_skew_max;
  if (presented.in_query) {
    good_for = presigned_default;
    if (presented.expires) {
      const auto& text = *presented.expires;
      const auto seconds = text.size() <= 6 ? digits(text) : std::nullopt;
      if (!seconds || *seconds < 1 || std::chrono::seconds(*seconds) > presigned_max) {
        return invalid("X-Amz-Expires must be between 1 and 604800 seconds, not '" + text + "'.");
      }
      good_for = std::chrono::seconds(*seconds);
    }
  }
  if (date.time < now - good_for) {
    const bool whole_minutes = good_for.count() % 60 == 0;
    return invalid("Signature expired: " + date.text + " is now earlier than " +
                   iso_basic(now - good_for) + " (" + iso_basic(now) + " - " +
                   std::to_string(whole_minutes ? good_for.count() / 60 : good_for.count()) +
                   (whole_minutes ? " min.)" : " sec.)"));
  }
  return {};
}

}  // namespace

void sign(HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
          Time now) {
  const Date date{.text = iso_basic(now), .time = now};
  request.headers.remove("Authorization");
  request.headers.set("X-Amz-Date", date.text);
  if (!credentials.session_token.empty()) {
    request.headers.set("X-Amz-Security-Token", credentials.session_token);
  }
  const std::string names = names_to_sign(request.headers);
  const Signing signing = compute(request, names, date, scope, credentials.secret_access_key);
  std::string authorization(algorithm);
  authorization.append(" Credential=").append(credential(credentials, scope, date.day()));
  authorization.append(", SignedHeaders=").append(names);
  authorization.append(", Signature=").append(signing.signature);
  request.headers.add("Authorization", authorization);
}

void presign(HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
             Time now, std::chrono::seconds expires) {
  INVARIANT(expires.count() > 0 && expires <= presigned_max);
  const Date date{.text = iso_basic(now), .time = now};
  const std::string names = names_to_sign(request.headers);
  const auto append = [&request](std::string_view name, std::string_view value) {
    request.target.push_back(request.target.find('?') == std::string::npos ? '?' : '&');
    request.target.append(name).append(1, '=');
    append_percent_encoded(request.target, value);
  };
  append("X-Amz-Algorithm", algorithm);
  append("X-Amz-Credential", credential(credentials, scope, date.day()));
  append("X-Amz-Date", date.text);
  append("X-Amz-Expires", std::to_string(expires.count()));
  append("X-Amz-SignedHeaders", names);
  if (!credentials.session_token.empty()) {
    append("X-Amz-Security-Token", credentials.session_token);
  }
  const Signing signing = compute(request, names, date, scope, credentials.secret_access_key);
  append("X-Amz-Signature", signing.signature);
}

Result<void> check_signature_is_complete(const HttpRequest& request) {
  static_cast<void>(TRY(present(request)));
  return {};
}

Result<void> verify(const HttpRequest& request, const SecretKeys& secrets, std::string_view service,
                    Time now) {
  const Presented presented = TRY(present(request));
  if (presented.algorithm != algorithm) {
    return incomplete("Unsupported AWS 'algorithm': '" + presented.algorithm + "'.");
  }
  const CredentialScope credential_scope = TRY(parse_credential(presented.credential));
  const Date date = TRY(parse_date(presented.date));
  if (auto checked = check_scope(credential_scope, date, service); !checked) return checked;
  if (auto checked = check_signed_headers(request, presented.signed_headers); !checked) {
    return checked;
  }
  const auto secret = secrets.find(credential_scope.access_key_id);
  if (secret == secrets.end()) {
    return Error(ErrorCode::unrecognized_client,
                 "The security token included in the request is invalid.");
  }
  if (auto checked = check_age(presented, date, now); !checked) return checked;

  const Signing signing =
      compute(request, presented.signed_headers, date, credential_scope.scope, secret->second);
  if (presented.signature.size() != signing.signature.size() ||
      CRYPTO_memcmp(presented.signature.data(), signing.signature.data(),
                    signing.signature.size()) != 0) {
    return invalid(
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details."
        "\n\nThe Canonical String for this request should have been\n'" +
        signing.canonical_request + "'\n\nThe String-to-Sign should have been\n'" +
        signing.string_to_sign + "'\n");
  }
  return {};
}

std::optional<Time> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  return to_time(digits(text.substr(12, 4)), static_cast<unsigned>(month - months.begin()) + 1,
                 digits(text.substr(5, 2)), digits(text.substr(17, 2)), digits(text.substr(20, 2)),
                 digits(text.substr(23, 2)));
}

}  // namespace dynakeep::http
