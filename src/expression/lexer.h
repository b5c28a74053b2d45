#pragma once

#include <string_view>

#include "expression/token.h"

namespace dynakeep::expression {

// Cuts an expression into tokens, one at a time. The text must outlive the lexer and its tokens.
// Never fails: what no rule knows is a token of kind unknown, which no grammar takes.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // The next token; of kind end, and empty, once there are no more.
  Token next();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace dynakeep::expression
