#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/request.h"
#include "dynakeep/result.h"
#include "expression/ast.h"
#include "model/encoded_item.h"

// From expression text to something that decides. How an operation uses it:
//
//   Binder binder(request.expression_attribute_names, request.expression_attribute_values);
//   TRY(binder.start({{Kind::update, request.update_expression},
//                     {Kind::condition, request.condition_expression}}));
//   if (request.update_expression) update = TRY(bind_update(binder, *request.update_expression));
//   if (request.condition_expression) condition = TRY(bind_condition(binder, Kind::condition, …));
//   TRY(binder.finish());
//
// A request's expressions are bound in the order of Binder::start's table, which is DynamoDB's.
//
// All of that needs no table: DynamoDB makes these complaints before it looks for one. Every error
// is a validation error in DynamoDB's words.
//
// Bound expressions refer to the binder, and to the request's names and values: both must outlive
// them, unchanged. They are read-only once made and may be used from several threads.
namespace dynakeep::expression {

// The names and values that a request's expressions share. Not thread-safe; one for each request
// (for each action of a transaction, and for each table of a BatchGetItem).
class Binder {
 public:
  Binder(const std::optional<ExpressionAttributeNames>& names,
         const std::optional<ExpressionAttributeValues>& values);
  // For operations without ExpressionAttributeValues.
  explicit Binder(const std::optional<ExpressionAttributeNames>& names);
  Binder(const Binder&) = delete;
  Binder& operator=(const Binder&) = delete;

  // An expression that the operation takes, given or not.
  struct Field {
    Kind kind = Kind::condition;
    const std::optional<std::string>& text;
  };

  // Before the first bind: refuses names or values without an expression that could use them, empty
  // maps, keys that are no placeholders, and values that cannot be. `fields` are all expressions
  // that the operation takes:
  //
  //   GetItem, BatchGetItem   projection
  //   PutItem, DeleteItem, …  condition
  //   UpdateItem              update, condition
  //   Query                   filter, projection, key_condition
  //   Scan                    filter, projection
  Result<void> start(std::initializer_list<Field> fields);

  // After the last bind: refuses names and values that no expression used.
  Result<void> finish() const;

  // The name behind `#placeholder`, or the value behind `:placeholder`, which then counts as used.
  // Nothing if the request has none.
  std::optional<std::string_view> name(std::string_view placeholder);
  model::ValueView value(std::string_view placeholder);

 private:
  struct Name {
    std::string_view placeholder;
    std::string_view name;
    bool used = false;
  };
  struct Value {
    std::string_view placeholder;
    model::ValueView value;
    bool used = false;
  };

  Result<void> start_names();
  Result<void> start_values();

  const ExpressionAttributeNames* given_names_ = nullptr;    // null if absent
  const ExpressionAttributeValues* given_values_ = nullptr;  // null if absent
  std::string scratch_;      // holds the values' encoding if the request does not
  std::vector<Name> names_;  // in order of the placeholders, as are values_
  std::vector<Value> values_;
};

// A tree with its slots filled in. The base of every bound expression. One that no bind function
// made has no tree, and may only be assigned to.
class Bound {
 public:
  const Tree& tree() const { return *tree_; }
  std::string_view name(std::uint32_t slot) const { return names_[slot]; }
  model::ValueView value(std::uint32_t slot) const { return values_[slot]; }

  // The names of the top-level attributes that the expression's paths begin with, each once, in
  // bytewise order. For an update those it changes, not those it only reads.
  std::vector<std::string_view> attributes() const;
  // Of the top-level attributes, those that the expression looks inside of, as a in a.b or a[0],
  // to read or to change; each once, in bytewise order.
  std::vector<std::string_view> documents() const;

 protected:
  Bound() = default;

 private:
  friend class Filling;  // bind.cpp: makes them

  // Shared with the parse cache and with every other request that sends this text; never changed.
  std::shared_ptr<const Tree> tree_;
  std::vector<std::string_view> names_;   // by slot
  std::vector<model::ValueView> values_;  // by slot
};

// A ConditionExpression or FilterExpression: evaluate.h.
class Condition : public Bound {};

// An UpdateExpression: update.h.
class Update : public Bound {
 public:
  // The paths of tree().actions, and their positions in order of the paths.
  const std::vector<Path>& paths() const { return paths_; }
  const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  friend Result<Update> bind_update(Binder& binder, std::string_view text);
  std::vector<Path> paths_;
  std::vector<std::uint32_t> order_;
};

// A ProjectionExpression: projection.h.
class Projection : public Bound {
 public:
  // Positions of tree().paths in order of the paths.
  const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  friend Result<Projection> bind_projection(Binder& binder, std::string_view text);
  std::vector<std::uint32_t> order_;
};

// A KeyConditionExpression: key_condition.h.
class KeyConditionText : public Bound {};

// Parse (or find in the cache), fill in, and check what can be checked without an item. Each
// refusal begins "Invalid ConditionExpression: ", with the field's own name.
// `kind` is condition or filter.
Result<Condition> bind_condition(Binder& binder, Kind kind, std::string_view text);
Result<Update> bind_update(Binder& binder, std::string_view text);
Result<Projection> bind_projection(Binder& binder, std::string_view text);
Result<KeyConditionText> bind_key_condition(Binder& binder, std::string_view text);

}  // namespace dynakeep::expression
