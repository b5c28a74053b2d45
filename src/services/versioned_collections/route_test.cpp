#include "services/versioned_collections/route.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::services::collections {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CollectionRoutes, AreFoundByWordsInAnyCaseAndParametersInTheirs) {
  const auto found = match("GET", "/API/User/Ab%20%C3%A9/Collection/C/ENTRY/E+1/");
  ASSERT_TRUE(found && found->route);
  EXPECT_EQ(found->route->pattern, "/api/user/{user}/collection/{c}/entry/{e}");
  EXPECT_EQ(found->user, "Ab \xC3\xA9");
  EXPECT_EQ(found->collection, "C");
  EXPECT_EQ(found->entry, "E+1");
}

TEST(CollectionRoutes, OfHeadAreThoseOfGet) {
  const auto found = match("HEAD", "/api/collection");
  ASSERT_TRUE(found && found->route);
  EXPECT_EQ(found->route->method, "GET");
}

TEST(CollectionRoutes, TakeOneSlashAtTheEndAndNoEmptyParameter) {
  EXPECT_TRUE(match("GET", "/")->route);
  EXPECT_TRUE(match("GET", "/api")->route);
  EXPECT_TRUE(match("GET", "/api/")->route);
  EXPECT_TRUE(match("GET", "/api/collection/")->route);
  for (const char* const path : {"//", "/api//", "/api/collection//", "/api/user//collection",
                                 "/nothing", "/api/nothing", "/api/user/u"}) {
    const auto found = match("GET", path);
    ASSERT_TRUE(found) << path;
    EXPECT_FALSE(found->route) << path;
  }
}

TEST(CollectionRoutes, TellWhichMethodsAPathHas) {
  const auto found = match("DELETE", "/api/user/u/collection");
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->route);
  EXPECT_THAT(found->allowed, ElementsAre("GET", "POST"));
  EXPECT_THAT(match("DELETE", "/api/nothing")->allowed, IsEmpty());
}

TEST(CollectionRoutes, RefuseAPathThatCannotBeDecoded) {
  for (const char* const path : {"/api/user/%E0%A4%A/collection", "/api/user/%/collection", "/%zz",
                                 "/api/user/%FF/collection"}) {
    EXPECT_FALSE(match("GET", path)) << path;
  }
}

TEST(CollectionRoutes, OfOnePathAndMethodAreOne) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& routes : all_routes()) {
    for (const Route& route : routes) {
      EXPECT_TRUE(seen.emplace(route.method, route.pattern).second)
          << route.method << " " << route.pattern;
      EXPECT_TRUE(route.handle);
    }
  }
}

}  // namespace
}  // namespace dynakeep::services::collections
