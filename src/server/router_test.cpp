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
  ASSERT_TRUE(router.mount("/", saying("root")));
  ASSERT_TRUE(router.mount("/collections", saying("collections")));
  ASSERT_TRUE(router.mount("/collections/admin", saying("admin")));
  EXPECT_EQ(routed(router, "/"), "root");
  EXPECT_EQ(routed(router, "/collections"), "collections");
  EXPECT_EQ(routed(router, "/collections?a=/b"), "collections");
  EXPECT_EQ(routed(router, "/collections/x/y"), "collections");
  EXPECT_EQ(routed(router, "/collectionsx"), "root");
  EXPECT_EQ(routed(router, "/collections/admin/"), "admin");
  EXPECT_EQ(routed(router, "/collections/administration"), "collections");
}

TEST(Router, LooksAtNoCase) {
  Router router;
  ASSERT_TRUE(router.mount("/api", saying("api")));
  EXPECT_EQ(routed(router, "/API/user/x"), "api");
}

TEST(Router, GivesAPathToOneOnly) {
  Router router;
  ASSERT_TRUE(router.mount("/api", saying("one")));
  const auto again = router.mount("/Api", saying("two"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(), "two services want the path /Api");
  EXPECT_EQ(routed(router, "/api"), "one");
}

TEST(Router, KnowsNothingBelowPathsThatNobodyTook) {
  Router router;
  ASSERT_TRUE(router.mount("/metrics", saying("metrics")));
  EXPECT_EQ(routed(router, "/"), "404");
  EXPECT_EQ(routed(router, "/metricsx"), "404");
  EXPECT_EQ(routed(router, "*"), "404");
}

}  // namespace
}  // namespace dynakeep::server
