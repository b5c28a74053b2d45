#include "remote/repeats.h"

#include <string_view>

#include "http/message.h"

namespace dynakeep::remote {

namespace {

// Reads an update expression of the simple kind and nothing else. Not a parser: the service judges
// the expression, and what this does not know is just not repeated.
class SimpleUpdate {
 public:
  explicit SimpleUpdate(std::string_view text) : rest_(text) {}

  bool is_all() {
    do {
      const std::string_view clause = take_word();
      if (http::equal_ignoring_case(clause, "SET")) {
        if (!list([this] { return assignment(); })) return false;
      } else if (http::equal_ignoring_case(clause, "REMOVE")) {
        if (!list([this] { return !take_path().empty(); })) return false;
      } else if (http::equal_ignoring_case(clause, "DELETE")) {
        if (!list([this] { return !take_path().empty() && take_value(); })) return false;
      } else {
        return false;
      }
      skip_spaces();
    } while (!rest_.empty());
    return true;
  }

 private:
  bool assignment() {
    const std::string_view target = take_path();
    if (target.empty() || !take('=')) return false;
    if (take_value()) return true;
    return take_word() == "if_not_exists" && take('(') && take_path() == target && take(',') &&
           take_value() && take(')');
  }

  template <typename Element>
  bool list(const Element& element) {
    do {
      if (!element()) return false;
    } while (take(','));
    return true;
  }

  static bool is_of_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  void skip_spaces() {
    const auto at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  bool take(char wanted) {
    skip_spaces();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Letters, digits and underscores, after `sigil` if that is not 0; empty if they do not come
  // next.
  std::string_view take_word(char sigil = 0) {
    skip_spaces();
    const std::size_t begin = sigil == 0 ? 0 : 1;
    if (sigil != 0 && !rest_.starts_with(sigil)) return {};
    std::size_t end = begin;
    while (end < rest_.size() && is_of_word(rest_[end])) ++end;
    const std::string_view word = rest_.substr(0, end == begin ? 0 : end);
    rest_.remove_prefix(word.size());
    return word;
  }
  bool take_value() { return !take_word(':').empty(); }
  // name.#name.name, without spaces; empty if it is something else.
  std::string_view take_path() {
    skip_spaces();
    const std::string_view from = rest_;
    do {
      if (take_word(rest_.starts_with('#') ? '#' : '\0').empty()) return {};
    } while (rest_.starts_with('.') && take('.'));
    return from.substr(0, from.size() - rest_.size());
  }

  std::string_view rest_;
};

Repeats unless(bool tells_the_first_from_the_second) {
  return tells_the_first_from_the_second ? Repeats::never : Repeats::safe;
}

}  // namespace

Repeats repeats_of(const PutItemRequest& request) {
  return unless(request.return_values == ReturnValues::all_old);
}

Repeats repeats_of(const DeleteItemRequest& request) {
  return unless(request.return_values == ReturnValues::all_old);
}

Repeats repeats_of(const UpdateItemRequest& request) {
  return unless(request.return_values == ReturnValues::all_old ||
                request.return_values == ReturnValues::updated_old ||
                (request.update_expression && !SimpleUpdate(*request.update_expression).is_all()));
}

}  // namespace dynakeep::remote
