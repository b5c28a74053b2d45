#include "expression/lexer.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(std::string_view text) {
  std::vector<std::string> found;
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    found.emplace_back(token.text);
  }
  return found;
}

std::vector<TokenKind> kinds(std::string_view text) {
  std::vector<TokenKind> found;
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    found.push_back(token.kind);
  }
  return found;
}

TEST(Lexer, CutsNamesPlaceholdersIndexesAndSigns) {
  EXPECT_THAT(texts("a.b_1[10].#c = :v"),
              ElementsAre("a", ".", "b_1", "[", "10", "]", ".", "#c", "=", ":v"));
  EXPECT_THAT(texts("a<>b<=c>=d<e>f"),
              ElementsAre("a", "<>", "b", "<=", "c", ">=", "d", "<", "e", ">", "f"));
  EXPECT_THAT(texts(" \t\r\n(a,b)+-"), ElementsAre("(", "a", ",", "b", ")", "+", "-"));
  EXPECT_THAT(texts("#0 :_ #a:b"), ElementsAre("#0", ":_", "#a", ":b"));
}

TEST(Lexer, KnowsItsWordsInAnyCase) {
  EXPECT_THAT(
      kinds("AND and aNd Or NOT in Between"),
      ElementsAre(TokenKind::word_and, TokenKind::word_and, TokenKind::word_and, TokenKind::word_or,
                  TokenKind::word_not, TokenKind::word_in, TokenKind::word_between));
  EXPECT_THAT(kinds("set ADD Remove delete sets android"),
              ElementsAre(TokenKind::word_set, TokenKind::word_add, TokenKind::word_remove,
                          TokenKind::word_delete, TokenKind::name, TokenKind::name));
}

TEST(Lexer, AnIndexHasNoLeadingZeros) {
  EXPECT_THAT(texts("0 10 007"), ElementsAre("0", "10", "0", "0", "7"));
}

TEST(Lexer, WhatNoRuleKnowsIsOneCharacterOrAQuotedText) {
  EXPECT_THAT(texts("a & \xc3\xa9! \"b c\" \"d"),
              ElementsAre("a", "&", "\xc3\xa9", "!", "\"b c\"", "\"", "d"));
  EXPECT_THAT(kinds("# : _ $"), ElementsAre(TokenKind::unknown, TokenKind::unknown,
                                            TokenKind::unknown, TokenKind::unknown));
}

TEST(Lexer, StaysAtTheEnd) {
  Lexer lexer("a ");
  lexer.next();
  EXPECT_EQ(lexer.next().kind, TokenKind::end);
  const Token end = lexer.next();
  EXPECT_EQ(end.kind, TokenKind::end);
  EXPECT_EQ(end.start, 2u);
}

}  // namespace
}  // namespace dynakeep::expression
