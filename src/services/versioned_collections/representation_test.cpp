#include "services/versioned_collections/representation.h"

#include <gtest/gtest.h>

namespace dynakeep::services::collections {
namespace {

std::string compact(const std::string& text) {
  std::string out;
  append_compact_json(out, text);
  return out;
}

TEST(CollectionsRepresentation, LeavesOutTheWhiteSpaceBetweenParts) {
  EXPECT_EQ(compact(" { \"a b\" :\t[ 1 ,\r\n\"c  d\" ] } "), "{\"a b\":[1,\"c  d\"]}");
  EXPECT_EQ(compact("[]"), "[]");
  EXPECT_EQ(compact("\" \""), "\" \"");
}

TEST(CollectionsRepresentation, KnowsWhereAStringEnds) {
  EXPECT_EQ(compact(R"([ "a \" b" , "" , "c \\" , "d \\\" e" ])"),
            R"(["a \" b","","c \\","d \\\" e"])");
}

TEST(CollectionsRepresentation, IsDynamodbMinisUnlessItIsToBeFull) {
  ResourceVersion version{.path = {"app", "user-1", "posts", "post"},
                          .name = "n",
                          .value = "[1, 2]",
                          .version = 1561561562345,
                          .revision = 3,
                          .restored_from = 1561561561000,
                          .by = "ci",
                          .message = "why"};
  std::string plain;
  append_resource(plain, version);
  EXPECT_EQ(plain, R"({"meta":{"user":"user-1","collection":"posts","entry":"post",)"
                   R"("version":1561561562345},"name":"n","value":[1,2]})");
  std::string full;
  append_resource(full, version, View::full);
  EXPECT_EQ(full, R"({"meta":{"user":"user-1","collection":"posts","entry":"post",)"
                  R"("version":1561561562345,"revision":3,"createdAt":"2019-06-26T15:06:02.345Z",)"
                  R"("by":"ci","message":"why","restoredFrom":1561561561000},)"
                  R"("name":"n","value":[1,2]})");
  version.path.entry.clear();
  version.value.reset();
  version.deleted_at = "2019-06-26T16:38:43.123Z";
  std::string deleted;
  append_resource(deleted, version);
  EXPECT_EQ(deleted,
            R"({"meta":{"application":"app","user":"user-1","collection":"posts",)"
            R"("version":1561561562345,"deletedAt":"2019-06-26T16:38:43.123Z"},"name":"n"})");
}

}  // namespace
}  // namespace dynakeep::services::collections
