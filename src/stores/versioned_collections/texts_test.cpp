#include "stores/versioned_collections/texts.h"

#include <gtest/gtest.h>

#include "dynakeep/json_document.h"
#include "stores/versioned_collections/reader.h"

namespace dynakeep::collections {
namespace {

TEST(CollectionTexts, JsonIsWhatItsParserTakes) {
  for (const char* text : {"1",
                           "-0.5e+3",
                           "\"\\u00e9\\n\"",
                           "[]",
                           "[1, 2]",
                           "{}",
                           R"({"a" : [true, false, null]})",
                           " 1 ",
                           "",
                           " ",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "tru",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "[1,]",
                           "{\"a\"}",
                           "{a:1}",
                           "[1] 2",
                           "\"\t\"",
                           "[",
                           "nan",
                           "-",
                           "{\"a\":1,}"}) {
    EXPECT_EQ(is_json(text), JsonDocument::parse(text).has_value()) << text;
  }
  EXPECT_TRUE(is_json(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(is_json(std::string(100'000, '[')));
}

TEST(CollectionTexts, Sha256IsThatOfItsStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(CollectionTexts, RevisionsFollowTheStoredOnesAsFarAsThereIsRoom) {
  using Rows = std::vector<Reader::Numbered>;
  const auto derived = [](Rows rows) {
    derive_revisions(rows);
    std::vector<std::int64_t> revisions;
    for (const auto& row : rows) revisions.push_back(row.revision.value_or(-1));
    return revisions;
  };
  using Revisions = std::vector<std::int64_t>;
  EXPECT_EQ(derived({{1, {}}, {2, {}}}), (Revisions{1, 2}));
  EXPECT_EQ(derived({{1, {}}, {2, 2}, {3, {}}}), (Revisions{1, 2, 3}));
  EXPECT_EQ(derived({{1, 1}, {2, {}}, {3, 2}}), (Revisions{1, -1, 2}));
  EXPECT_EQ(derived({{1, 5}, {2, {}}, {3, 7}}), (Revisions{5, 6, 7}));
}

}  // namespace
}  // namespace dynakeep::collections
