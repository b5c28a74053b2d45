#include "server/router.h"

#include <gtest/gtest.h>

namespace dynakeep::server {
namespace {

Router::Handler saying(std::string name) {
  return [name = std::move(name)](const http::HttpRequest&) {
    return http::HttpResponse{.body = name};
  };
}

std::string routed(const Router& router, std::string target) {
  const auto response = router.answer({.method = "GET", .target = std::move(target)});
  return response.status == 200 ? response.body : std::to_string(response.status);
}

TEST(Router, TakesTheLongestPrefixOfWholeSegments) {
  Router router;
  router.mount("/", saying("root"));
  router.mount("/collections", saying("collections"));
  router.mount("/collections/admin", saying("admin"));
  EXPECT_EQ(routed(router, "/"), "root");
  EXPECT_EQ(routed(router, "/collections"), "collections");
  EXPECT_EQ(routed(router, "/collections?a=/b"), "collections");
  EXPECT_EQ(routed(router, "/collections/x/y"), "collections");
  EXPECT_EQ(routed(router, "/collectionsx"), "root");
  EXPECT_EQ(routed(router, "/collections/admin/"), "admin");
  EXPECT_EQ(routed(router, "/collections/administration"), "collections");
}

TEST(Router, KnowsNothingBelowPathsThatNobodyTook) {
  Router router;
  router.mount("/metrics", saying("metrics"));
  EXPECT_EQ(routed(router, "/"), "404");
  EXPECT_EQ(routed(router, "/metricsx"), "404");
  EXPECT_EQ(routed(router, "*"), "404");
}

}  // namespace
}  // namespace dynakeep::server
