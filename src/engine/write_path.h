#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/result.h"
#include "engine/engine.h"
#include "engine/index_entries.h"
#include "engine/item_key.h"
#include "expression/bind.h"
#include "model/encoded_item.h"

// The one read-modify-write: lock, read, check, apply, indexes, counts, commit. Every operation
// that writes comes through here, so indexes, counts and durability are right in one place.
namespace dynakeep::engine {

enum class Change : std::uint8_t {
  put,     // the whole item, in place of any
  update,  // what the expression makes of the item, or of its key if there is none
  remove,
  check,  // nothing: only the condition is asked for
};

// One item's change, planned: no names, no text, no JSON. Refers to the request and to what was
// bound from it.
struct ItemWrite {
  TablePointer table;
  ItemKey key;
  Change change = Change::put;
  std::string_view item = {};                        // put: the new item, encoded
  std::string_view key_item = {};                    // update: the key attributes, encoded
  const expression::Update* update = nullptr;        // update: null changes nothing
  const expression::Condition* condition = nullptr;  // null holds always
  bool by_service = false;  // not a user's doing: an expired item that is swept
  bool want_position = false;
};

// What was found and done.
struct WriteOutcome {
  bool condition_held = true;
  std::optional<std::string> old_item = {};  // encoded; nothing if there was none
  std::optional<std::string> new_item =
      {};  // encoded; nothing if there is none now, or nothing was done
  std::vector<IndexChange> index_changes = {};
  double table_write_units = 1;
  // If it was wanted: all changes of the item with numbers up to it are in what it is now.
  SequenceNumber position = 0;

  // Views of the above; empty maps where there is nothing.
  model::MapView old_view() const {
    return old_item ? model::view_item(*old_item) : model::MapView();
  }
  model::MapView new_view() const {
    return new_item ? model::view_item(*new_item) : model::MapView();
  }
};

// Makes the change, and settles it (engine.h). Nothing is written if the condition does not hold,
// or with an error. No value: the table's definition is no longer in force; begin again from
// finding it.
//
// Validation errors are those of the item as it is found: of the update expression, of sizes, of
// index keys.
Result<std::optional<WriteOutcome>> write_item(const Engine& engine, const ItemWrite& write);

// Something to write or refuse along with a transaction, under the same locks: its token.
class TransactionToken {
 public:
  virtual ~TransactionToken() = default;
  virtual std::string_view lock_key() const = 0;
  // Called with the locks held. False: this was done before; nothing is to be done again.
  virtual Result<bool> begin(storage::WriteSet& writes) = 0;
};

struct ManyWrites {
  bool superseded = false;   // a table's definition is no longer in force; begin again
  bool done_before = false;  // the token says so; there are no outcomes
  bool committed = false;
  SequenceNumber position = 0;  // as in WriteOutcome, of all the items
  // One for each write, in order. An error stands for a validation error of that write. If any has
  // failed, or its condition does not hold, nothing was written.
  std::vector<Result<WriteOutcome>> outcomes = {};
};

// Makes all the changes, at one moment, or none. No two of one item. An error is a fault of the
// whole.
Result<ManyWrites> write_all(const Engine& engine, std::span<const ItemWrite> writes,
                             TransactionToken* token = nullptr);

}  // namespace dynakeep::engine
