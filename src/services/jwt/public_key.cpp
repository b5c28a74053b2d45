#include "services/jwt/public_key.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/base64.h"

namespace dynakeep::jwt {

namespace {

constexpr int rsa_bits_min = 2048;
constexpr int rsa_bits_max = 16384;

template <auto free>
struct FreedBy {
  template <typename T>
  void operator()(T* thing) const {
    free(thing);
  }
};
template <typename T, auto free>
using Owned = std::unique_ptr<T, FreedBy<free>>;

using BigNumber = Owned<BIGNUM, BN_free>;

struct Named {
  std::string_view name;
  Algorithm algorithm;
};
constexpr std::array<Named, 8> names = {{{"RS256", Algorithm::rs256},
                                         {"RS384", Algorithm::rs384},
                                         {"RS512", Algorithm::rs512},
                                         {"PS256", Algorithm::ps256},
                                         {"PS384", Algorithm::ps384},
                                         {"PS512", Algorithm::ps512},
                                         {"ES256", Algorithm::es256},
                                         {"ES384", Algorithm::es384}}};

const EVP_MD* digest_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
    case Algorithm::es256:
      return EVP_sha256();
    case Algorithm::rs384:
    case Algorithm::ps384:
    case Algorithm::es384:
      return EVP_sha384();
    case Algorithm::rs512:
    case Algorithm::ps512:
      return EVP_sha512();
  }
  return nullptr;
}

bool is_padded(Algorithm algorithm) {
  return algorithm == Algorithm::ps256 || algorithm == Algorithm::ps384 ||
         algorithm == Algorithm::ps512;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text_of(const JsonDocument& jwk, std::string_view name) {
  const JsonDocument* member = jwk.find(name);
  return member != nullptr && member->is_string() ? std::string_view(member->text())
                                                  : std::string_view();
}

Error bad(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// The bytes of a base64url member, which must be there.
Result<std::string> member_bytes(const JsonDocument& jwk, std::string_view name) {
  auto bytes = base::from_base64url(text_of(jwk, name));
  if (!bytes || bytes->empty()) return bad("a key without a good \"" + std::string(name) + "\"");
  return std::move(*bytes);
}

// Null if OpenSSL finds that these parameters are no such key.
std::shared_ptr<void> key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> making(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !making || EVP_PKEY_fromdata_init(making.get()) <= 0 ||
      EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) <= 0) {
    return nullptr;
  }
  std::shared_ptr<void> key(made, [](void* it) { EVP_PKEY_free(static_cast<EVP_PKEY*>(it)); });
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> checking(
      EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr));
  if (!checking || EVP_PKEY_public_check(checking.get()) <= 0) return nullptr;
  return key;
}

// The two numbers of `half` bytes each that JOSE puts side by side, as OpenSSL wants them: in DER.
// Empty: they cannot be.
std::string der_signature(std::string_view signature, std::size_t half) {
  if (signature.size() != 2 * half) return {};
  const auto number = [half](std::string_view bytes) {
    return BN_bin2bn(bytes_of(bytes), static_cast<int>(half), nullptr);
  };
  const Owned<ECDSA_SIG, ECDSA_SIG_free> both(ECDSA_SIG_new());
  BigNumber r(number(signature.substr(0, half)));
  BigNumber s(number(signature.substr(half)));
  if (!both || !r || !s || ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return {};
  // They are the signature's now.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  const int size = i2d_ECDSA_SIG(both.get(), nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(both.get(), &at);
  return der;
}

}  // namespace

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const Named& named : names) {
    if (named.name == name) return named.algorithm;
  }
  return std::nullopt;
}

Result<PublicKey> PublicKey::from_jwk(const JsonDocument& jwk) {
  if (!jwk.is_object()) return bad("a key that is no object");
  if (jwk.find("use") != nullptr && text_of(jwk, "use") != "sig") {
    return bad("a key that is not for signatures");
  }
  std::optional<Algorithm> only;
  if (jwk.find("alg") != nullptr) {
    only = parse_algorithm(text_of(jwk, "alg"));
    if (!only) return bad("a key for an algorithm that is not known here");
  }
  const std::string_view type = text_of(jwk, "kty");
  if (type == "RSA") return rsa(jwk, only);
  if (type == "EC") return elliptic(jwk, only);
  return bad("a key of a kind that is not known here");
}

Result<PublicKey> PublicKey::rsa(const JsonDocument& jwk, std::optional<Algorithm> only) {
  const std::string modulus = TRY(member_bytes(jwk, "n"));
  const std::string exponent = TRY(member_bytes(jwk, "e"));
  constexpr std::size_t bytes_max = rsa_bits_max / 8;
  if (modulus.size() > bytes_max + 1 || exponent.size() > 8) return bad("an RSA key too large");
  const auto number = [](const std::string& bytes) {
    return BigNumber(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
  };
  const BigNumber n = number(modulus);
  const BigNumber e = number(exponent);
  if (!n || !e || BN_num_bits(n.get()) < rsa_bits_min) {
    return bad("an RSA key of less than 2048 bits");
  }
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return bad("an RSA key that makes no sense");
  }
  auto key = key_from("RSA", builder.get());
  if (!key) return bad("an RSA key that makes no sense");
  return PublicKey(std::move(key), Kind::rsa, only);
}

Result<PublicKey> PublicKey::elliptic(const JsonDocument& jwk, std::optional<Algorithm> only) {
  const std::string_view curve = text_of(jwk, "crv");
  if (curve != "P-256" && curve != "P-384") return bad("a key on a curve that is not known here");
  const bool is_p256 = curve == "P-256";
  const std::size_t half = is_p256 ? 32 : 48;
  const std::string x = TRY(member_bytes(jwk, "x"));
  const std::string y = TRY(member_bytes(jwk, "y"));
  if (x.size() != half || y.size() != half) return bad("a key off its curve");
  const std::string point = '\x04' + x + y;  // uncompressed (SEC 1, 2.3.3)
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                      is_p256 ? "P-256" : "P-384", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return bad("a key that makes no sense");
  }
  auto key = key_from("EC", builder.get());
  if (!key) return bad("a key off its curve");
  return PublicKey(std::move(key), is_p256 ? Kind::p256 : Kind::p384, only);
}

bool PublicKey::verifies(Algorithm algorithm, std::string_view text,
                         std::string_view signature) const {
  if (only_ && *only_ != algorithm) return false;
  const Kind wanted = algorithm == Algorithm::es256   ? Kind::p256
                      : algorithm == Algorithm::es384 ? Kind::p384
                                                      : Kind::rsa;
  if (kind_ != wanted || signature.empty()) return false;
  std::string der;
  if (kind_ != Kind::rsa) {
    der = der_signature(signature, kind_ == Kind::p256 ? 32 : 48);
    if (der.empty()) return false;
    signature = der;
  }
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> check(EVP_MD_CTX_new());
  EVP_PKEY_CTX* how = nullptr;
  if (!check || EVP_DigestVerifyInit(check.get(), &how, digest_of(algorithm), nullptr,
                                     static_cast<EVP_PKEY*>(key_.get())) != 1) {
    return false;
  }
  // RFC 7518, 3.5: the salt is as long as the digest.
  if (is_padded(algorithm) &&
      (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) <= 0 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) <= 0)) {
    return false;
  }
  return EVP_DigestVerify(check.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

}  // namespace dynakeep::jwt
