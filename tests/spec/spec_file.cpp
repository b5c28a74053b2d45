#include "spec/spec_file.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

namespace dynakeep::spec {

namespace {

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
}

Json string_json(std::string text) {
  return Json{.kind = Json::Kind::string, .text = std::move(text)};
}

Json array_json() { return Json{.kind = Json::Kind::array}; }

Json object_json(std::vector<std::pair<std::string, Json>> members) {
  return Json{.kind = Json::Kind::object, .members = std::move(members)};
}

void add(Json& object, std::string name, Json value) {
  object.members.emplace_back(std::move(name), std::move(value));
}

class Reader {
 public:
  Reader(std::string_view text, SpecFile& file) : text_(text), file_(file) {}

  std::size_t position() const { return position_; }

  void read() {
    while (skip_to_content()) {
      const auto start = position_;
      const auto word = name();
      if (word == "table") {
        table(line_of(start));
      } else if (word == "ok" || word == "error") {
        position_ = start;
        last_request().expected = expectation();
      } else if (word == "known") {
        known();
      } else if (word == "remote") {
        expect(':');
        last_request().remote = expectation();
      } else if (word == "keep") {
        keep();
      } else if (word == "wait") {
        wait(line_of(start));
      } else if (word == "later") {
        skip_space();
        step(line_of(start)).later = std::chrono::seconds(std::stol(name()));
      } else if (std::isupper(static_cast<unsigned char>(word[0]))) {
        request(line_of(start), word);
      } else {
        position_ = start;
        fail("no line starts with '" + word + "'");
      }
    }
  }

  int line_of(std::size_t offset) const {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text_.size()));
    return 1 + static_cast<int>(std::count(text_.begin(), end, '\n'));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw JsonError(what, position_); }

  void skip_space() {
    while (position_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[position_]))) {
      ++position_;
    }
  }

  std::string rest_of_line() {
    const auto end = std::min(text_.find('\n', position_), text_.size());
    auto start = position_;
    while (start < end && std::isspace(static_cast<unsigned char>(text_[start]))) ++start;
    position_ = end;
    return std::string(text_.substr(start, end - start));
  }

  // Skips white space and comments, noting the behaviour that a "##" line names.
  bool skip_to_content() {
    while (true) {
      skip_space();
      if (position_ == text_.size()) return false;
      if (text_[position_] != '#') return true;
      const bool heading = text_.substr(position_, 2) == "##";
      position_ += heading ? 2 : 1;
      auto line = rest_of_line();
      if (heading) {
        behaviour_ = std::move(line);
        file_.behaviours.push_back(behaviour_);
      }
    }
  }

  std::string name() {
    const auto start = position_;
    while (position_ < text_.size() && is_word_character(text_[position_])) ++position_;
    if (position_ == start) fail("a word is missing");
    return std::string(text_.substr(start, position_ - start));
  }

  bool accept(char c) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail(std::string("expected ") + c);
  }

  // The next word of this line, if one of `wanted` stands there.
  bool accept_word(std::string_view wanted) {
    auto at = position_;
    while (at < text_.size() && std::isspace(static_cast<unsigned char>(text_[at]))) ++at;
    if (text_.substr(at, wanted.size()) != wanted) return false;
    const auto end = at + wanted.size();
    if (end < text_.size() && is_word_character(text_[end])) return false;
    position_ = end;
    return true;
  }

  bool value_follows_on_this_line() {
    auto at = position_;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
    return at < text_.size() && text_[at] != '\n';
  }

  Json value() { return parse_value(text_, position_); }

  Step& step(int line) {
    file_.steps.push_back(Step{.line = line, .behaviour = behaviour_});
    return file_.steps.back();
  }

  Step& last_request() {
    if (file_.steps.empty() || file_.steps.back().operation.empty()) {
      fail("there is no request above this");
    }
    return file_.steps.back();
  }

  void request(int line, const std::string& operation) {
    auto& request = step(line);
    request.operation = operation;
    request.expected.line = line;
    if (accept_word("raw")) {
      request.raw_body = rest_of_line();
      return;
    }
    request.body = value();
    if (operation == "CreateTable") {
      const auto* table_name = request.body.find("TableName");
      if (table_name != nullptr && table_name->kind == Json::Kind::string) {
        file_.tables.push_back(table_name->text);
      }
    }
  }

  Expectation expectation() {
    skip_space();
    Expectation result{.line = line_of(position_)};
    if (accept_word("ok")) {
      if (!value_follows_on_this_line()) return result;
      result.partly = accept_word("has");
      result.body = value();
      return result;
    }
    if (!accept_word("error")) fail("expected ok or error");
    skip_space();
    result.error = name();
    if (text_.substr(position_, 1) == "#") {
      ++position_;
      result.error += "#" + name();
    }
    if (!value_follows_on_this_line()) return result;
    result.like = accept_word("like");
    const auto message = value();
    if (message.kind != Json::Kind::string) fail("a message is a string");
    result.message = message.text;
    Json members = object_json({});
    for (const std::string_view member : {"Item", "CancellationReasons"}) {
      if (accept_word(member)) add(members, std::string(member), value());
    }
    if (!members.members.empty()) {
      result.body = std::move(members);
      result.partly = true;
    }
    return result;
  }

  // known: why / what DynamoDB says / ours: what we say
  void known() {
    expect(':');
    auto& request = last_request();
    request.known = rest_of_line();
    if (request.known.empty()) fail("say why we differ");
    request.expected = expectation();
    skip_to_content();
    if (!accept_word("ours")) fail("expected 'ours:' and what we answer");
    expect(':');
    request.ours = expectation();
  }

  // wait NAME / wait "NA" + "ME" / wait NAME gone
  void wait(int line) {
    skip_space();
    auto& waiting = step(line);
    waiting.wait_for_table = text_.substr(position_, 1) == "\"" ? value().text : name();
    waiting.until_gone = accept_word("gone");
  }

  void keep() {
    skip_space();
    Step::Keep kept{.name = name()};
    expect('=');
    auto path = rest_of_line();
    std::istringstream parts(path);
    for (std::string part; std::getline(parts, part, '.');) kept.path.push_back(part);
    if (kept.path.empty()) fail("say what to keep");
    last_request().keeps.push_back(std::move(kept));
  }

  struct KeyPart {
    std::string name = {};
    bool partition = false;
  };

  // { name: TYPE partition, name: TYPE sort, .. }: notes the types, gives the keys. Indexes among
  // them go to `entry`, which is called behind the word local or global.
  template <typename Entry>
  Json key_schema(Json& types, const Entry& entry) {
    Json keys = array_json();
    expect('{');
    do {
      skip_space();
      auto attribute = name();
      if (attribute == "local" || attribute == "global") {
        skip_space();
        if (text_[position_] != ':') {
          entry(attribute == "global");
          continue;
        }
      }
      expect(':');
      skip_space();
      auto type = name();
      define(types, attribute, std::move(type));
      const bool partition = accept_word("partition");
      if (!partition && !accept_word("sort")) fail("expected partition or sort");
      keys.elements.push_back(
          object_json({{"AttributeName", string_json(attribute)},
                       {"KeyType", string_json(partition ? "HASH" : "RANGE")}}));
    } while (accept(','));
    expect('}');
    return keys;
  }

  static void define(Json& types, const std::string& attribute, std::string type) {
    for (const auto& known : types.elements) {
      if (known.find("AttributeName")->text == attribute) return;
    }
    types.elements.push_back(object_json({{"AttributeName", string_json(attribute)},
                                          {"AttributeType", string_json(std::move(type))}}));
  }

  Json projection() {
    if (!accept_word("projects") || accept_word("all")) {
      return object_json({{"ProjectionType", string_json("ALL")}});
    }
    if (accept_word("keys_only")) {
      return object_json({{"ProjectionType", string_json("KEYS_ONLY")}});
    }
    if (!accept_word("include")) fail("projects all, keys_only or include(..)");
    Json names = array_json();
    expect('(');
    do {
      skip_space();
      names.elements.push_back(string_json(name()));
    } while (accept(','));
    expect(')');
    return object_json(
        {{"ProjectionType", string_json("INCLUDE")}, {"NonKeyAttributes", std::move(names)}});
  }

  // table Songs { artist: S partition, title: S sort,
  //               local ByYear { artist: S partition, year: N sort } projects keys_only,
  //               global ByGenre { genre: S partition } projects include(label) }
  void table(int line) {
    skip_space();
    const auto table_name = name();
    Json types = array_json();
    Json local = array_json();
    Json global = array_json();
    auto keys = key_schema(types, [&](bool is_global) {
      skip_space();
      Json index = object_json({{"IndexName", string_json(name())}});
      add(index, "KeySchema", key_schema(types, [&](bool) { fail("an index has no index"); }));
      add(index, "Projection", projection());
      (is_global ? global : local).elements.push_back(std::move(index));
    });
    auto& request = step(line);
    request.operation = "CreateTable";
    request.expected.line = line;
    request.body = object_json({{"TableName", string_json(table_name)},
                                {"AttributeDefinitions", std::move(types)},
                                {"KeySchema", std::move(keys)},
                                {"BillingMode", string_json("PAY_PER_REQUEST")}});
    if (!local.elements.empty()) add(request.body, "LocalSecondaryIndexes", std::move(local));
    if (!global.elements.empty()) add(request.body, "GlobalSecondaryIndexes", std::move(global));
    file_.tables.push_back(table_name);
    step(line).wait_for_table = table_name;
  }

  std::string_view text_;
  SpecFile& file_;
  std::size_t position_ = 0;
  std::string behaviour_;
};

}  // namespace

Result<SpecFile> parse_spec(std::string_view text, const std::string& path) {
  SpecFile file{.path = path};
  Reader reader(text, file);
  try {
    reader.read();
  } catch (const JsonError& error) {
    return Error(ErrorCode::invalid_argument,
                 path + ":" + std::to_string(reader.line_of(error.offset)) + ": " + error.what());
  }
  if (file.behaviours.empty()) {
    return Error(ErrorCode::invalid_argument, path + ":1: no line '## behaviour'");
  }
  return file;
}

Result<SpecFile> read_spec_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error(ErrorCode::invalid_argument, path + ": cannot be read");
  return parse_spec(text.str(), path);
}

}  // namespace dynakeep::spec
