#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/base64.h"
#include "base/invariant.h"

namespace dynakeep::jwt {

// For tests: a private key, and what its holder makes with it.
class TestIssuer {
 public:
  static TestIssuer rsa(std::string key_id, unsigned bits = 2048) {
    return {std::move(key_id), EVP_RSA_gen(bits)};
  }
  static TestIssuer elliptic(std::string key_id, const char* curve = "P-256") {
    return {std::move(key_id), EVP_EC_gen(curve)};
  }

  const std::string& key_id() const { return key_id_; }

  // The public key; `more` are members to add: R"(,"use":"sig")".
  std::string jwk(std::string_view more = {}) const {
    std::string key = R"({"kid":")" + key_id_ + "\",";
    if (EVP_PKEY_is_a(key_.get(), "RSA") == 1) {
      key += R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
             number(OSSL_PKEY_PARAM_RSA_E) + "\"";
    } else {
      const bool is_p256 = EVP_PKEY_get_bits(key_.get()) == 256;
      const int half = is_p256 ? 32 : 48;
      key += std::string(R"("kty":"EC","crv":")") + (is_p256 ? "P-256" : "P-384") + R"(","x":")" +
             number(OSSL_PKEY_PARAM_EC_PUB_X, half) + R"(","y":")" +
             number(OSSL_PKEY_PARAM_EC_PUB_Y, half) + "\"";
    }
    return key.append(more).append("}");
  }

  // A token of this key, whatever its claims are.
  std::string token(std::string_view claims, std::string_view algorithm = "RS256") const {
    return token_with_header(
        R"({"alg":")" + std::string(algorithm) + R"(","kid":")" + key_id_ + "\"}", claims,
        algorithm);
  }
  std::string token_with_header(std::string_view header, std::string_view claims,
                                std::string_view algorithm = "RS256") const {
    const std::string text = base::to_base64url(header) + "." + base::to_base64url(claims);
    return text + "." + base::to_base64url(signature(text, algorithm));
  }

  std::string signature(std::string_view text, std::string_view algorithm) const {
    const std::string_view bits = algorithm.substr(2);
    const EVP_MD* digest = bits == "256"   ? EVP_sha256()
                           : bits == "384" ? EVP_sha384()
                                           : EVP_sha512();
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> signing(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
    EVP_PKEY_CTX* how = nullptr;
    INVARIANT(EVP_DigestSignInit(signing.get(), &how, digest, nullptr, key_.get()) == 1);
    if (algorithm.starts_with("PS")) {
      INVARIANT(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) > 0);
      INVARIANT(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) > 0);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    INVARIANT(EVP_DigestSign(signing.get(), nullptr, &size, bytes, text.size()) == 1);
    std::string made(size, '\0');
    INVARIANT(EVP_DigestSign(signing.get(), reinterpret_cast<unsigned char*>(made.data()), &size,
                             bytes, text.size()) == 1);
    made.resize(size);
    return algorithm.starts_with("ES") ? side_by_side(made, bits == "256" ? 32 : 48) : made;
  }

 private:
  TestIssuer(std::string key_id, EVP_PKEY* key)
      : key_id_(std::move(key_id)), key_(key, EVP_PKEY_free) {
    INVARIANT(key != nullptr);
  }

  std::string number(const char* name, int bytes = 0) const {
    BIGNUM* value = nullptr;
    INVARIANT(EVP_PKEY_get_bn_param(key_.get(), name, &value) == 1);
    std::string text(static_cast<std::size_t>(bytes != 0 ? bytes : BN_num_bytes(value)), '\0');
    INVARIANT(BN_bn2binpad(value, reinterpret_cast<unsigned char*>(text.data()),
                           static_cast<int>(text.size())) > 0);
    BN_free(value);
    return base::to_base64url(text);
  }

  // From DER to JOSE's form.
  static std::string side_by_side(std::string_view der, int half) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    INVARIANT(both != nullptr);
    std::string text(2 * static_cast<std::size_t>(half), '\0');
    auto* out = reinterpret_cast<unsigned char*>(text.data());
    INVARIANT(BN_bn2binpad(ECDSA_SIG_get0_r(both), out, half) > 0);
    INVARIANT(BN_bn2binpad(ECDSA_SIG_get0_s(both), out + half, half) > 0);
    ECDSA_SIG_free(both);
    return text;
  }

  std::string key_id_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace dynakeep::jwt
