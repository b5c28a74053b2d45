#include "transfer/md5.h"

#include <new>

#include <openssl/evp.h>

#include "base/invariant.h"

namespace dynakeep::transfer {

struct Md5::Body {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  Body() {
    if (context == nullptr) throw std::bad_alloc();
    INVARIANT(EVP_DigestInit_ex(context, EVP_md5(), nullptr) == 1);
  }
  ~Body() { EVP_MD_CTX_free(context); }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
};

Md5::Md5() : body_(std::make_unique<Body>()) {}
Md5::~Md5() = default;
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;

void Md5::add(std::string_view bytes) {
  INVARIANT(EVP_DigestUpdate(body_->context, bytes.data(), bytes.size()) == 1);
}

std::string Md5::digest() {
  std::string bytes(16, '\0');
  INVARIANT(EVP_DigestFinal_ex(body_->context, reinterpret_cast<unsigned char*>(bytes.data()),
                               nullptr) == 1);
  return bytes;
}

std::string md5_of(std::string_view bytes) {
  Md5 md5;
  md5.add(bytes);
  return md5.digest();
}

}  // namespace dynakeep::transfer
