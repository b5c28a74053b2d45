#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"

namespace dynakeep::jwt {

// How a token may be signed (RFC 7518, section 3.1). Not here, and so never good: "none", which
// proves nothing, and the HMACs, with which whoever can check a token can make one.
enum class Algorithm : std::uint8_t { rs256, rs384, rs512, ps256, ps384, ps512, es256, es384 };

// By the name that a token's header says: "RS256". Case counts.
std::optional<Algorithm> parse_algorithm(std::string_view name);

// What signatures are checked with: RSA of 2048 to 16384 bits, or a point of P-256 or P-384. Cheap
// to copy; all functions may be called from many threads.
class PublicKey {
 public:
  // A JSON Web Key (RFC 7517). invalid_argument, in one line: not a public key of these kinds, not
  // meant for signatures ("use"), or one that makes no sense.
  static Result<PublicKey> from_jwk(const JsonDocument& jwk);

  // Whether the key's holder signed the text so. False, too, if the algorithm is not for this kind
  // of key, or the key says that it is for another.
  bool verifies(Algorithm algorithm, std::string_view text, std::string_view signature) const;

 private:
  enum class Kind : std::uint8_t { rsa, p256, p384 };

  PublicKey(std::shared_ptr<void> key, Kind kind, std::optional<Algorithm> only)
      : key_(std::move(key)), kind_(kind), only_(only) {}

  static Result<PublicKey> rsa(const JsonDocument& jwk, std::optional<Algorithm> only);
  static Result<PublicKey> elliptic(const JsonDocument& jwk, std::optional<Algorithm> only);

  std::shared_ptr<void> key_;  // an EVP_PKEY
  Kind kind_;
  std::optional<Algorithm> only_;
};

}  // namespace dynakeep::jwt
