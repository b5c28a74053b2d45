#include "expression/reserved_words.h"

#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

TEST(ReservedWords, AreReservedInAnyCase) {
  for (const char* word : {"ABORT", "name", "Status", "sIZe", "TTL", "ttl", "year", "ZONE", "data",
                           "count", "KEY", "timestamp", "users", "SQLEXCEPTION"}) {
    EXPECT_TRUE(is_reserved_word(word)) << word;
  }
}

TEST(ReservedWords, OtherWordsAreNot) {
  for (const char* word :
       {"", "a", "artist", "names_", "ABOR", "ABORTS", "plays", "id", "pk", "sk", "email", "price",
        "LOCALTIMESTAMPS", "averyverylongnamethatislongerthananyreservedword"}) {
    EXPECT_FALSE(is_reserved_word(word)) << word;
  }
}

}  // namespace
}  // namespace dynakeep::expression
