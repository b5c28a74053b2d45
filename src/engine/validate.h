#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/request.h"
#include "dynakeep/result.h"

// The rules that a request must meet before anyone looks at a table, and DynamoDB's words for those
// it does not. DynamoDB gathers all broken ones into one ValidationException:
//
//   2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member
//   must not be null; Value 'NEW' at 'returnValues' failed to satisfy constraint: Member must
//   satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]
namespace dynakeep::engine {

// Where in a request a value stands, as complaints name it: 'keySchema.1.member.keyType'. Written
// out only if there is something to complain about; a field refers to its parent, which must
// outlive it:
//
//   const Field schema("keySchema");
//   const Field element = schema.member(i);        // counts from 0; the words count from 1
//   constraints.required(key.attribute_name, element.at("attributeName"));
class Field {
 public:
  constexpr Field(const char* name) : name_(name) {}  // NOLINT: a literal is a field
  constexpr explicit Field(std::string_view name) : name_(name) {}

  constexpr Field at(std::string_view name) const { return Field(this, name, 0); }
  constexpr Field member(std::size_t index) const { return Field(this, {}, index + 1); }

  std::string path() const;

 private:
  constexpr Field(const Field* parent, std::string_view name, std::size_t ordinal)
      : parent_(parent), name_(name), ordinal_(ordinal) {}

  const Field* parent_ = nullptr;
  std::string_view name_;
  std::size_t ordinal_ = 0;  // of a list's member; 0: a name
};

// Gathers the broken constraints of one request. Ask in DynamoDB's order, then take the verdict:
//
//   Constraints constraints(request.unknown_words);
//   constraints.table_name(request.table_name);
//   constraints.word("returnValues");
//   if (request.limit) constraints.at_least(*request.limit, 1, "limit");
//   TRY(constraints.verdict());
//
// Costs nothing but the comparisons while all is well. DynamoDB lists at most ten broken
// constraints and so does the verdict.
class Constraints {
 public:
  Constraints() = default;
  // `unknown_words` must outlive this object.
  explicit Constraints(const UnknownWords& unknown_words) : unknown_words_(&unknown_words) {}

  // TableName of the operations on items: required, and a name or an ARN by its looks. What it
  // names is the catalog's affair (Catalog::find).
  void table_name(const std::optional<std::string>& value, Field field = "tableName");

  // IndexName of Query and Scan, if given: 3 to 255 characters of a-z A-Z 0-9 _ . -
  void index_name(const std::optional<std::string>& value, Field field = "indexName");

  // "Member must not be null". True if it is there.
  template <typename T>
  bool required(const std::optional<T>& value, Field field) {
    if (!value) complain_null(field);
    return value.has_value();
  }
  // The same of a field with a set of words, if the request has no unknown word for it either.
  template <typename T>
  bool required_word(const std::optional<T>& value, Field field) {
    return word(field) ? false : required(value, field);
  }

  // "Member must have length greater than or equal to 1", "… less than or equal to 255". Counts
  // UTF-16 units, as DynamoDB's framework does.
  void length(std::string_view value, std::size_t min, std::size_t max, Field field);

  // "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
  void name_pattern(std::string_view value, Field field);

  // "Member must have value greater than or equal to 1", "… less than or equal to 1000000".
  void at_least(std::int64_t value, std::int64_t min, Field field);
  void at_most(std::int64_t value, std::int64_t max, Field field);

  // "Member must have length …", of a list or map of `size` members. `shown` writes the list as
  // DynamoDB does ("[a, b]") and is called only to complain.
  template <typename Shown>
  void size(std::size_t size, std::size_t min, std::size_t max, Field field, Shown&& shown) {
    if (size < min || size > max) complain_size(size, min, max, field, shown());
  }

  // "Member must satisfy enum value set: […]", if the request has a word for this field that is
  // none of its values. True if it has.
  bool word(Field field);

  // Any other broken constraint; `value` as shown, without quotes.
  void complain(std::string_view value, Field field, std::string_view constraint);

  bool met() const { return complaints_.empty() && !has_unasked_words(); }

  // Nothing, or the ValidationException that lists what is broken. Unknown words of fields that
  // nobody asked about come last: none goes unanswered.
  Result<void> verdict();

 private:
  void complain_null(const Field& field);
  void complain_at(std::string_view value, std::string_view path, std::string_view constraint);
  void complain_word(const UnknownWord& unknown);
  void complain_size(std::size_t size, std::size_t min, std::size_t max, const Field& field,
                     const std::string& shown);
  bool has_unasked_words() const {
    return unknown_words_ != nullptr && unknown_words_->size() > asked_words_.size();
  }

  const UnknownWords* unknown_words_ = nullptr;
  std::vector<std::string> complaints_;
  std::vector<std::size_t> asked_words_;  // positions in unknown_words_
};

// The values that a field of this name may have, as DynamoDB prints them: "[HASH, RANGE]" for
// "keyType". Empty if it has no such set.
std::string_view enum_value_set(std::string_view last_name_of_field);

// Whether a text is 3 to 255 characters of a-z A-Z 0-9 _ . - : a table's or an index's name.
bool is_table_name(std::string_view text);

// "One or more parameter values were invalid: " and `what`, as a ValidationException.
Error invalid_parameter_values(std::string_view what);

}  // namespace dynakeep::engine
