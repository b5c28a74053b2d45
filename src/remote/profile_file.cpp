#include "remote/profile_file.h"

#include <optional>
#include <utility>

namespace dynakeep::remote {

namespace {

constexpr std::string_view blanks = " \t\r\v\f";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

bool begins_comment(char c) { return c == '#' || c == ';'; }

// The value in what follows the delimiter.
std::string_view value_in(std::string_view rest) {
  for (std::size_t at = 0; at < rest.size(); ++at) {
    const bool after_blank = at == 0 || blanks.find(rest[at - 1]) != std::string_view::npos;
    if (after_blank && begins_comment(rest[at])) return trimmed(rest.substr(0, at));
  }
  return trimmed(rest);
}

struct Entry {
  std::string name = {};
  std::string_view value = {};
};

std::optional<Entry> parse_entry(std::string_view line, std::string_view delimiters) {
  const auto at = line.find_first_of(delimiters);
  if (at == std::string_view::npos) return std::nullopt;
  auto name = in_lower_case(trimmed(line.substr(0, at)));
  if (name.empty()) return std::nullopt;
  return Entry{std::move(name), value_in(line.substr(at + 1))};
}

// NAME of a header "word NAME" or "word 'NAME'"; nothing if it is not one.
std::optional<std::string_view> name_after(std::string_view word, std::string_view header) {
  if (!header.starts_with(word)) return std::nullopt;
  const auto rest = header.substr(word.size());
  auto name = trimmed(rest);
  if (name.empty() || name.size() == rest.size()) return std::nullopt;
  const char quote = name.front();
  if (quote == '"' || quote == '\'') {
    if (name.size() < 3 || name.back() != quote) return std::nullopt;
    return name.substr(1, name.size() - 2);
  }
  if (name.find_first_of(blanks) != std::string_view::npos) return std::nullopt;
  return name;
}

class Parser {
 public:
  Parser(ProfileFileKind kind, std::string_view path) : kind_(kind), path_(path) {}

  Result<ProfileFile> parse(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    while (!text.empty()) {
      const auto end = text.find('\n');
      ++line_;
      TRY(take(text.substr(0, end)));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (default_) file_.profiles.try_emplace("default", std::move(*default_));
    return std::move(file_);
  }

 private:
  Result<void> take(std::string_view line) {
    const auto content = trimmed(line);
    if (content.empty() || begins_comment(content.front())) return {};
    const auto indentation = line.find_first_not_of(blanks);
    if (in_entry_ && indentation > entry_indentation_) return continue_entry(content);
    const auto bracket = content.find(']');
    if (content.front() == '[' && bracket != std::string_view::npos) {
      open_section(trimmed(content.substr(1, bracket - 1)));
      return {};
    }
    if (in_passed_over_) return {};
    if (content.front() == '[') return refusal("a section without its closing bracket");
    if (section_ == nullptr) return refusal("an entry before the first section");
    const auto entry = parse_entry(content, "=:");
    if (!entry) return refusal("neither a [section] nor an entry of the form name = value");
    name_ = entry->name;
    section_->nested.erase(name_);
    section_->values.insert_or_assign(name_, std::string(entry->value));
    in_entry_ = true;
    entry_indentation_ = indentation;
    return {};
  }

  Result<void> continue_entry(std::string_view content) {
    std::string& value = section_->values[name_];
    if (!value.empty()) {
      value.append(1, '\n').append(content);
      return {};
    }
    const auto entry = parse_entry(content, "=");
    if (!entry) return refusal("an indented line that is no entry of the form name = value");
    section_->nested[name_].insert_or_assign(entry->name, std::string(entry->value));
    return {};
  }

  void open_section(std::string_view header) {
    in_entry_ = false;
    section_ = find_section(header);
    in_passed_over_ = section_ == nullptr;
  }

  ProfileSection* find_section(std::string_view header) {
    if (kind_ == ProfileFileKind::credentials) return &file_.profiles[std::string(header)];
    if (header == "default") {
      if (!default_) default_.emplace();
      return &*default_;
    }
    if (const auto name = name_after("profile", header)) return &file_.profiles[std::string(*name)];
    if (const auto name = name_after("services", header)) {
      return &file_.services[std::string(*name)];
    }
    return nullptr;
  }

  Error refusal(std::string_view what) const {
    return {ErrorCode::invalid_argument,
            path_ + ", line " + std::to_string(line_) + ": " + std::string(what)};
  }

  ProfileFileKind kind_;
  std::string path_;
  std::size_t line_ = 0;

  ProfileFile file_;
  std::optional<ProfileSection> default_;  // [default] of a config file
  ProfileSection* section_ = nullptr;      // null: before the first, or in one that is passed over
  bool in_passed_over_ = false;
  bool in_entry_ = false;  // name_ may go on in the next line
  std::string name_;
  std::size_t entry_indentation_ = 0;
};

std::string path_from(const base::Environment& environment, std::string_view variable,
                      std::string_view otherwise) {
  std::string path = environment.variable(variable).value_or(std::string(otherwise));
  if (path.starts_with("~/")) {
    if (const auto home = environment.variable("HOME")) path.replace(0, 1, *home);
  }
  return path;
}

Result<ProfileFile> read_profile_file(const base::Environment& environment, ProfileFileKind kind,
                                      const std::string& path) {
  const auto text = TRY(environment.file(path, profile_file_bytes_max));
  if (!text) return ProfileFile{};
  return parse_profile_file(*text, kind, path);
}

// Puts what the credentials file says of a profile over what the config file says.
void put_over(ProfileSection& section, ProfileSection&& over) {
  // One file's key with the other's secret or token would be credentials that nobody wrote down.
  if (over.find("aws_access_key_id") != nullptr) {
    for (const std::string_view name : {"aws_access_key_id", "aws_secret_access_key",
                                        "aws_session_token", "aws_security_token"}) {
      section.values.erase(std::string(name));
    }
  }
  for (auto& [name, value] : over.values) section.values.insert_or_assign(name, std::move(value));
  for (auto& [name, inner] : over.nested) section.nested.insert_or_assign(name, std::move(inner));
}

}  // namespace

const std::string* ProfileSection::find(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() || found->second.empty() ? nullptr : &found->second;
}

Result<ProfileFile> parse_profile_file(std::string_view text, ProfileFileKind kind,
                                       std::string_view path) {
  return Parser(kind, path).parse(text);
}

Result<Profiles> read_profiles(const base::Environment& environment) {
  Profiles out{.config_path = path_from(environment, "AWS_CONFIG_FILE", "~/.aws/config"),
               .credentials_path =
                   path_from(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")};
  auto config = TRY(read_profile_file(environment, ProfileFileKind::config, out.config_path));
  auto credentials =
      TRY(read_profile_file(environment, ProfileFileKind::credentials, out.credentials_path));
  out.profiles = std::move(config.profiles);
  out.services = std::move(config.services);
  for (auto& [name, section] : credentials.profiles) {
    put_over(out.profiles[name], std::move(section));
  }
  return out;
}

}  // namespace dynakeep::remote
