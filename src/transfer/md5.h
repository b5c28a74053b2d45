#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace dynakeep::transfer {

// The MD5 of bytes that come in pieces: what Amazon's manifests name files' content by. It keeps
// nobody out, it finds what was damaged on the way.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;

  void add(std::string_view bytes);
  // The digest's 16 bytes. Nothing may be added from then on.
  std::string digest();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

std::string md5_of(std::string_view bytes);

}  // namespace dynakeep::transfer
