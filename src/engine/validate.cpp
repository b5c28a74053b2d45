#include "engine/validate.h"

#include <algorithm>
#include <array>
#include <utility>

namespace dynakeep::engine {
namespace {

constexpr std::size_t complaints_max = 10;
constexpr std::size_t table_name_length_min = 3;
constexpr std::size_t table_name_length_max = 255;
constexpr std::size_t table_arn_length_max = 1024;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

bool has_name_pattern(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

// DynamoDB's framework prints its sets in an order of its own, so they are listed, not made.
constexpr auto enum_value_sets = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"attributeType", "[B, N, S]"},
    {"billingMode", "[PROVISIONED, PAY_PER_REQUEST]"},
    {"keyType", "[HASH, RANGE]"},
    {"projectionType", "[ALL, INCLUDE, KEYS_ONLY]"},
    {"returnConsumedCapacity", "[INDEXES, TOTAL, NONE]"},
    {"returnItemCollectionMetrics", "[SIZE, NONE]"},
    {"returnValues", "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"},
    {"returnValuesOnConditionCheckFailure", "[ALL_OLD, NONE]"},
    {"select", "[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"},
    {"sSEType", "[AES256, KMS]"},
    {"shardIteratorType", "[AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"},
    {"streamViewType", "[NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY]"},
    {"tableClass", "[STANDARD, STANDARD_INFREQUENT_ACCESS]"},
    {"type", "[CHILD_SHARDS]"},  // of a ShardFilter
});

std::string_view last_name(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

// Java's String.length counts UTF-16 units; for text of ASCII, which names must be, that is bytes.
std::size_t length_of(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

}  // namespace

std::string Field::path() const {
  std::string path = parent_ == nullptr ? std::string() : parent_->path();
  if (!path.empty()) path += '.';
  if (ordinal_ == 0) {
    path += name_;
  } else {
    path += std::to_string(ordinal_) + ".member";
  }
  return path;
}

std::string_view enum_value_set(std::string_view last_name_of_field) {
  for (const auto& [name, set] : enum_value_sets) {
    if (name == last_name_of_field) return set;
  }
  return {};
}

bool is_table_name(std::string_view text) {
  return text.size() >= table_name_length_min && text.size() <= table_name_length_max &&
         has_name_pattern(text);
}

Error invalid_parameter_values(std::string_view what) {
  return Error::validation("One or more parameter values were invalid: " + std::string(what));
}

void Constraints::table_name(const std::optional<std::string>& value, Field field) {
  if (!required(value, field)) return;
  const bool is_arn = value->starts_with("arn:");
  if (!is_arn && !value->empty()) name_pattern(*value, field);
  length(*value, 1, is_arn ? table_arn_length_max : table_name_length_max, field);
}

void Constraints::index_name(const std::optional<std::string>& value, Field field) {
  if (!value) return;
  name_pattern(*value, field);
  length(*value, table_name_length_min, table_name_length_max, field);
}

void Constraints::length(std::string_view value, std::size_t min, std::size_t max, Field field) {
  const std::size_t length = length_of(value);
  if (length < min) {
    complain(value, field,
             "Member must have length greater than or equal to " + std::to_string(min));
  }
  if (length > max) {
    complain(value, field, "Member must have length less than or equal to " + std::to_string(max));
  }
}

void Constraints::name_pattern(std::string_view value, Field field) {
  if (!has_name_pattern(value)) {
    complain(value, field, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
  }
}

void Constraints::at_least(std::int64_t value, std::int64_t min, Field field) {
  if (value < min) {
    complain(std::to_string(value), field,
             "Member must have value greater than or equal to " + std::to_string(min));
  }
}

void Constraints::at_most(std::int64_t value, std::int64_t max, Field field) {
  if (value > max) {
    complain(std::to_string(value), field,
             "Member must have value less than or equal to " + std::to_string(max));
  }
}

bool Constraints::word(Field field) {
  if (unknown_words_ == nullptr || unknown_words_->empty()) return false;
  const std::string path = field.path();
  for (std::size_t i = 0; i < unknown_words_->size(); ++i) {
    const UnknownWord& unknown = (*unknown_words_)[i];
    if (unknown.field != path) continue;
    asked_words_.push_back(i);
    complain_word(unknown);
    return true;
  }
  return false;
}

void Constraints::complain_word(const UnknownWord& unknown) {
  complain_at(unknown.word, unknown.field,
              "Member must satisfy enum value set: " +
                  std::string(enum_value_set(last_name(unknown.field))));
}

void Constraints::complain(std::string_view value, Field field, std::string_view constraint) {
  complain_at(value, field.path(), constraint);
}

void Constraints::complain_at(std::string_view value, std::string_view path,
                              std::string_view constraint) {
  std::string text = "Value '";
  text.append(value).append("' at '").append(path);
  text.append("' failed to satisfy constraint: ").append(constraint);
  complaints_.push_back(std::move(text));
}

void Constraints::complain_null(const Field& field) {
  complaints_.push_back("Value null at '" + field.path() +
                        "' failed to satisfy constraint: Member must not be null");
}

void Constraints::complain_size(std::size_t size, std::size_t min, std::size_t max,
                                const Field& field, const std::string& shown) {
  complain(shown, field,
           size < min ? "Member must have length greater than or equal to " + std::to_string(min)
                      : "Member must have length less than or equal to " + std::to_string(max));
}

Result<void> Constraints::verdict() {
  if (met()) return {};
  if (has_unasked_words()) {
    for (std::size_t i = 0; i < unknown_words_->size(); ++i) {
      if (std::find(asked_words_.begin(), asked_words_.end(), i) != asked_words_.end()) continue;
      asked_words_.push_back(i);
      complain_word((*unknown_words_)[i]);
    }
  }
  const std::size_t count = std::min(complaints_.size(), complaints_max);
  std::string message =
      std::to_string(count) + " validation error" + (count == 1 ? "" : "s") + " detected: ";
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) message += "; ";
    message += complaints_[i];
  }
  return Error::validation(std::move(message));
}

}  // namespace dynakeep::engine
