#pragma once

namespace dynakeep {

// Something that a Server serves over HTTP under paths of its own, beside DynamoDB's protocol: the
// HTTP face of a store, made by the functions of dynakeep/services/. What a service promises, and
// whom it lets in, stands with the function that makes it.
class Service {
 public:
  virtual ~Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

 protected:
  Service() = default;
};

}  // namespace dynakeep
