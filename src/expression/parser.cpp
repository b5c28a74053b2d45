#include "expression/parser.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "expression/lexer.h"
#include "expression/reserved_words.h"

// Complaints come in DynamoDB's order, whatever the order of the text: about the size, then the
// syntax and redundant parentheses, the number of operators; then the first in the text about a
// function, a reserved word, an index or a path's depth; then repeated sections of an update.

namespace dynakeep::expression {
namespace {

constexpr std::size_t path_steps_max = 32;

// Parentheses, NOTs and functions within each other. An expression that is deeper has more than
// operators_max operators, or redundant parentheses.
constexpr std::size_t depth_max = 2 * operators_max + 100;

// What a part of a condition may stand for: a function call is both until its neighbours decide.
struct Part {
  NodeIndex node = 0;
  bool is_operand = false;
  bool is_condition = false;
  bool is_group = false;  // stands in parentheses of its own
};

std::optional<NodeKind> comparator(TokenKind kind) {
  switch (kind) {
    case TokenKind::equal:
      return NodeKind::equal;
    case TokenKind::not_equal:
      return NodeKind::not_equal;
    case TokenKind::less:
      return NodeKind::less;
    case TokenKind::less_or_equal:
      return NodeKind::less_or_equal;
    case TokenKind::greater:
      return NodeKind::greater;
    case TokenKind::greater_or_equal:
      return NodeKind::greater_or_equal;
    default:
      return std::nullopt;
  }
}

// One parse. Every method that may find the text broken returns false or nothing then, and
// `broken_` says why.
class Parser {
 public:
  Parser(Kind kind, std::string_view text) : text_(text), lexer_(text) {
    tree_.kind = kind;
    tree_.text = text;
    advance();
  }

  Result<Tree> parse() {
    if (!parse_text()) return Error::validation(std::move(broken_));
    if (operators_ > operators_max) {
      return Error::validation("The expression contains too many operators; operator count: " +
                               std::to_string(operators_max + 1));
    }
    if (!complaint_.empty()) return Error::validation(std::move(complaint_));
    if (!repeated_section_.empty()) {
      return Error::validation("The \"" + repeated_section_ +
                               "\" section can only be used once in an update expression;");
    }
    return std::move(tree_);
  }

 private:
  bool parse_text() {
    switch (tree_.kind) {
      case Kind::condition:
      case Kind::filter:
      case Kind::key_condition: {
        const auto root = disjunction();
        if (!root || !require_condition(*root)) return false;
        tree_.root = root->node;
        break;
      }
      case Kind::update:
        if (!sections()) return false;
        break;
      case Kind::projection:
        do {
          const auto step = path();
          if (!step) return false;
          tree_.paths.push_back(*step);
        } while (accept(TokenKind::comma));
        break;
    }
    return token_.kind == TokenKind::end || syntax_error();
  }

  // ---- conditions ----

  std::optional<Part> disjunction() {
    return chain(TokenKind::word_or, NodeKind::disjunction, &Parser::conjunction);
  }

  std::optional<Part> conjunction() {
    return chain(TokenKind::word_and, NodeKind::conjunction, &Parser::negation);
  }

  // One part, or several with `word` between them, which are then conditions.
  std::optional<Part> chain(TokenKind word, NodeKind kind, std::optional<Part> (Parser::*part)()) {
    auto first = (this->*part)();
    if (!first || token_.kind != word) return first;
    std::vector<NodeIndex> children;
    for (auto each = first;; each = (this->*part)()) {
      if (!each || !require_condition(*each)) return std::nullopt;
      children.push_back(each->node);
      if (token_.kind != word) break;
      advance();
      ++operators_;
    }
    return Part{.node = add_node({.kind = kind}, children), .is_condition = true};
  }

  std::optional<Part> negation() {
    if (token_.kind != TokenKind::word_not) return primary();
    Nesting nesting(*this);
    if (!nesting.fits()) return std::nullopt;
    advance();
    ++operators_;
    const auto operand = negation();
    if (!operand || !require_condition(*operand)) return std::nullopt;
    return Part{.node = add_node({.kind = NodeKind::negation}, {operand->node}),
                .is_condition = true};
  }

  // What stands between AND, OR and NOT, or in parentheses.
  std::optional<Part> primary() {
    auto left = token_.kind == TokenKind::open ? group() : single_operand();
    if (!left || !left->is_operand) return left;
    if (const auto kind = comparator(token_.kind)) {
      advance();
      const auto right = operand();
      if (!right) return std::nullopt;
      return comparison(*kind, {used_as_operand(*left), *right});
    }
    if (accept(TokenKind::word_between)) {
      const auto lower = operand();
      if (!lower || !expect(TokenKind::word_and)) return std::nullopt;
      const auto upper = operand();
      if (!upper) return std::nullopt;
      return comparison(NodeKind::between, {used_as_operand(*left), *lower, *upper});
    }
    if (token_.kind == TokenKind::word_in) {
      const std::size_t start = token_.start;
      advance();
      std::vector<NodeIndex> children{used_as_operand(*left)};
      if (!expect(TokenKind::open)) return std::nullopt;
      if (!operands(children)) return std::nullopt;
      if (children.size() - 1 > in_operands_max) {
        complain(start, "The IN operator is provided with too many operands; number of operands: " +
                            std::to_string(children.size() - 1));
      }
      return comparison(NodeKind::in, children);
    }
    return left;
  }

  Part comparison(NodeKind kind, const std::vector<NodeIndex>& children) {
    ++operators_;
    return Part{.node = add_node({.kind = kind}, children), .is_condition = true};
  }

  // A condition or an operand in parentheses.
  std::optional<Part> group() {
    Nesting nesting(*this);
    if (!nesting.fits()) return std::nullopt;
    advance();
    auto inner = disjunction();
    if (!inner || !expect(TokenKind::close)) return std::nullopt;
    if (inner->is_group) {
      redundant_parentheses();
      return std::nullopt;
    }
    inner->is_group = true;
    return inner;
  }

  // Whether the part is whole as a condition; else the token after it is out of place.
  bool require_condition(const Part& part) {
    if (!part.is_condition) return syntax_error();
    const Node& node = tree_.nodes[part.node];
    // A size needs something to be compared with.
    if (node.kind == NodeKind::function && node.function == Function::size) {
      complain_misused(part.node);
    }
    return true;
  }

  // ---- operands ----

  // A path, a value or a function call, in parentheses or not.
  std::optional<NodeIndex> operand() {
    if (token_.kind != TokenKind::open) {
      const auto single = single_operand();
      if (!single) return std::nullopt;
      return used_as_operand(*single);
    }
    Nesting nesting(*this);
    if (!nesting.fits()) return std::nullopt;
    advance();
    const bool inner_is_group = token_.kind == TokenKind::open;
    const auto inner = operand();
    if (!inner || !expect(TokenKind::close)) return std::nullopt;
    if (inner_is_group) {
      redundant_parentheses();
      return std::nullopt;
    }
    return inner;
  }

  std::optional<Part> single_operand() {
    if (token_.kind == TokenKind::value_placeholder) {
      const std::uint32_t slot = value_slot(token_.text);
      advance();
      return Part{.node = add_node({.kind = NodeKind::value, .slot = slot}), .is_operand = true};
    }
    if (token_.kind == TokenKind::name) {
      const Token name = token_;
      advance();
      if (token_.kind == TokenKind::open) return call(name);
      const auto found = path_from(name);
      if (!found) return std::nullopt;
      return Part{.node = add_node({.kind = NodeKind::path, .path = *found}), .is_operand = true};
    }
    if (token_.kind == TokenKind::name_placeholder) {
      const auto found = path();
      if (!found) return std::nullopt;
      return Part{.node = add_node({.kind = NodeKind::path, .path = *found}), .is_operand = true};
    }
    syntax_error();
    return std::nullopt;
  }

  // A function's operands; `name` has been read.
  std::optional<Part> call(const Token& name) {
    Nesting nesting(*this);
    if (!nesting.fits()) return std::nullopt;
    advance();
    ++operators_;
    const auto function = function_named(name.text);
    if (!function) {
      complain(name.start, "Invalid function name; function: " + std::string(name.text));
    } else if (is_update_function(*function) != (tree_.kind == Kind::update)) {
      complain(name.start, "The function is not allowed in " +
                               std::string(tree_.kind == Kind::update ? "an update expression"
                                                                      : "a condition expression") +
                               "; function: " + std::string(name.text));
    }
    std::vector<NodeIndex> children;
    if (!operands(children)) return std::nullopt;
    const NodeIndex node = add_node(
        {.kind = NodeKind::function, .function = function.value_or(Function::size)}, children);
    function_starts_.emplace_back(node, name.start);
    return Part{.node = node, .is_operand = true, .is_condition = tree_.kind != Kind::update};
  }

  // Operands with commas between them and a closing parenthesis behind.
  bool operands(std::vector<NodeIndex>& into) {
    do {
      const auto each = operand();
      if (!each) return false;
      into.push_back(*each);
    } while (accept(TokenKind::comma));
    return expect(TokenKind::close);
  }

  // Notes that the part is an operand of something: not every function may be.
  NodeIndex used_as_operand(const Part& part) {
    const Node& node = tree_.nodes[part.node];
    if (node.kind == NodeKind::function && node.function != Function::size &&
        node.function != Function::if_not_exists) {
      complain_misused(part.node);
    }
    return part.node;
  }

  void complain_misused(NodeIndex node) {
    const auto found = std::find_if(function_starts_.begin(), function_starts_.end(),
                                    [node](const auto& each) { return each.first == node; });
    const Function function = tree_.nodes[node].function;
    complain(found->second,
             "The function is not allowed to be used this way in an expression; function: " +
                 std::string(function_name(function)));
  }

  // ---- paths ----

  std::optional<Path> path() {
    const Token name = token_;
    if (!is_name(name)) {
      syntax_error();
      return std::nullopt;
    }
    advance();
    return path_from(name);
  }

  // The steps of a path whose first name has been read.
  std::optional<Path> path_from(const Token& name) {
    Path path{.first = static_cast<std::uint32_t>(tree_.steps.size()), .count = 0};
    add_name_step(name);
    for (;;) {
      if (accept(TokenKind::dot)) {
        const Token member = token_;
        if (!is_name(member)) {
          syntax_error();
          return std::nullopt;
        }
        advance();
        add_name_step(member);
      } else if (accept(TokenKind::open_bracket)) {
        const Token index = token_;
        if (!expect(TokenKind::index)) return std::nullopt;
        if (!expect(TokenKind::close_bracket)) return std::nullopt;
        add_index_step(index);
      } else {
        break;
      }
    }
    path.count = static_cast<std::uint32_t>(tree_.steps.size()) - path.first;
    if (path.count > path_steps_max) {
      complain(name.start, "The document path has too many nesting levels; nesting levels: " +
                               std::to_string(path.count));
    }
    return path;
  }

  static bool is_name(const Token& token) {
    return token.kind == TokenKind::name || token.kind == TokenKind::name_placeholder;
  }

  void add_name_step(const Token& name) {
    if (name.kind == TokenKind::name && is_reserved_word(name.text)) {
      complain(name.start,
               "Attribute name is a reserved keyword; reserved keyword: " + std::string(name.text));
    }
    tree_.steps.push_back({.is_index = false, .number = name_slot(name)});
  }

  void add_index_step(const Token& index) {
    std::uint32_t number = 0;
    const char* const end = index.text.data() + index.text.size();
    const bool fits = std::from_chars(index.text.data(), end, number).ec == std::errc() &&
                      number <= std::numeric_limits<std::int32_t>::max();
    if (!fits) {
      complain(index.start, "List index is not within the allowable range; index: [" +
                                std::string(index.text) + "]");
    }
    tree_.steps.push_back({.is_index = true, .number = number});
  }

  std::uint32_t name_slot(const Token& name) {
    const bool is_placeholder = name.kind == TokenKind::name_placeholder;
    const auto found = std::find_if(tree_.names.begin(), tree_.names.end(),
                                    [&](const NameSlot& slot) { return slot.text == name.text; });
    if (found != tree_.names.end()) {
      return static_cast<std::uint32_t>(found - tree_.names.begin());
    }
    tree_.names.push_back({.text = std::string(name.text), .is_placeholder = is_placeholder});
    return static_cast<std::uint32_t>(tree_.names.size() - 1);
  }

  std::uint32_t value_slot(std::string_view placeholder) {
    const auto found = std::find(tree_.values.begin(), tree_.values.end(), placeholder);
    if (found != tree_.values.end()) {
      return static_cast<std::uint32_t>(found - tree_.values.begin());
    }
    tree_.values.emplace_back(placeholder);
    return static_cast<std::uint32_t>(tree_.values.size() - 1);
  }

  // ---- updates ----

  bool sections() {
    bool seen[4] = {};
    do {
      ActionKind kind{};
      switch (token_.kind) {
        case TokenKind::word_set:
          kind = ActionKind::set;
          break;
        case TokenKind::word_remove:
          kind = ActionKind::remove;
          break;
        case TokenKind::word_add:
          kind = ActionKind::add;
          break;
        case TokenKind::word_delete:
          kind = ActionKind::remove_members;
          break;
        default:
          return syntax_error();
      }
      advance();
      bool& repeated = seen[static_cast<std::size_t>(kind)];
      if (repeated && repeated_section_.empty()) repeated_section_ = section_name(kind);
      repeated = true;
      do {
        if (!action(kind)) return false;
      } while (accept(TokenKind::comma));
    } while (token_.kind != TokenKind::end);
    return true;
  }

  bool action(ActionKind kind) {
    const auto target = path();
    if (!target) return false;
    Action action{.kind = kind, .path = *target};
    if (kind == ActionKind::set) {
      if (!expect(TokenKind::equal)) return false;
      const auto value = set_value();
      if (!value) return false;
      action.operand = *value;
    } else if (kind != ActionKind::remove) {
      const Token value = token_;
      if (!expect(TokenKind::value_placeholder)) return false;
      action.operand = add_node({.kind = NodeKind::value, .slot = value_slot(value.text)});
    }
    tree_.actions.push_back(action);
    return true;
  }

  // An operand, or the sum or difference of two; in parentheses or not.
  std::optional<NodeIndex> set_value() {
    bool is_group = false;
    const auto value = sum(is_group);
    if (!value) return std::nullopt;
    return value->node;  // any function may stand alone here, list_append too
  }

  // `is_group` says whether the whole of it stands in parentheses. A Part that is no operand is a
  // sum.
  std::optional<Part> sum(bool& is_group) {
    std::optional<Part> left;
    is_group = token_.kind == TokenKind::open;
    if (is_group) {
      Nesting nesting(*this);
      if (!nesting.fits()) return std::nullopt;
      advance();
      bool inner_is_group = false;
      left = sum(inner_is_group);
      if (!left || !expect(TokenKind::close)) return std::nullopt;
      if (inner_is_group) {
        redundant_parentheses();
        return std::nullopt;
      }
      if (!left->is_operand) return left;
    } else {
      left = single_operand();
      if (!left) return std::nullopt;
    }
    if (token_.kind != TokenKind::plus && token_.kind != TokenKind::minus) return left;
    const NodeKind kind = token_.kind == TokenKind::plus ? NodeKind::plus : NodeKind::minus;
    advance();
    ++operators_;
    is_group = false;
    const NodeIndex left_node = used_as_operand(*left);
    const auto right = operand();
    if (!right) return std::nullopt;
    return Part{.node = add_node({.kind = kind}, {left_node, *right})};
  }

  // ---- tokens ----

  void advance() {
    before_ = token_;
    token_ = lexer_.next();
  }

  bool accept(TokenKind kind) {
    if (token_.kind != kind) return false;
    advance();
    return true;
  }

  bool expect(TokenKind kind) { return accept(kind) || syntax_error(); }

  // The current token is out of place. Quotes it with its neighbours.
  bool syntax_error() {
    if (!broken_.empty()) return false;
    const bool at_end = token_.kind == TokenKind::end;
    const std::size_t start = before_.text.empty() ? 0 : before_.start;
    const Token after = at_end ? token_ : lexer_.next();
    broken_ = "Syntax error; token: \"";
    broken_ += at_end ? "<EOF>" : token_.text;
    broken_ += "\", near: \"";
    broken_ += text_.substr(start, after.end() - start);
    broken_ += "\"";
    return false;
  }

  void redundant_parentheses() {
    if (broken_.empty()) broken_ = "The expression has redundant parentheses;";
  }

  // ---- bounds ----

  // One level of nesting, for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > depth_max) parser_.redundant_parentheses();
    }
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    bool fits() const { return parser_.depth_ <= depth_max; }

   private:
    Parser& parser_;
  };

  // Keeps the complaint that comes first in the text.
  void complain(std::size_t at, std::string message) {
    if (!complaint_.empty() && complaint_at_ <= at) return;
    complaint_at_ = at;
    complaint_ = std::move(message);
  }

  NodeIndex add_node(Node node, const std::vector<NodeIndex>& children = {}) {
    node.first_child = static_cast<std::uint32_t>(tree_.children.size());
    node.child_count = static_cast<std::uint32_t>(children.size());
    tree_.children.insert(tree_.children.end(), children.begin(), children.end());
    tree_.nodes.push_back(node);
    return static_cast<NodeIndex>(tree_.nodes.size() - 1);
  }

  std::string_view text_;
  Lexer lexer_;
  Token before_;
  Token token_;
  Tree tree_;
  std::size_t depth_ = 0;
  std::size_t operators_ = 0;
  std::string broken_;
  std::string complaint_;
  std::size_t complaint_at_ = 0;
  std::string repeated_section_;
  std::vector<std::pair<NodeIndex, std::size_t>> function_starts_;
};

}  // namespace

Result<Tree> parse(Kind kind, std::string_view text) {
  if (text.empty()) return Error::validation("The expression can not be empty;");
  if (text.size() > text_bytes_max) {
    return Error::validation(
        "Expression size has exceeded the maximum allowed size; expression size: " +
        std::to_string(text.size()));
  }
  return Parser(kind, text).parse();
}

}  // namespace dynakeep::expression
