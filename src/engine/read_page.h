#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/item.h"
#include "engine/capacity.h"
#include "engine/engine.h"
#include "expression/bind.h"
#include "storage/key_codec.h"

// Pages of Query and Scan: the one place that knows where a page ends, what its LastEvaluatedKey
// is, and how a request goes on from there.
namespace dynakeep::engine {

// What the answer holds of each entry that passes the filter.
enum class PageItems : std::uint8_t {
  none,       // they are counted
  entries,    // all that the table or index holds of it
  projected,  // what the ProjectionExpression names
};

// Which entries a page reads, in which order, and what it answers of each: a request with its
// table, names, values and keys resolved. Refers to what was bound from the request.
struct PagePlan {
  TablePointer table;
  const Index* index = nullptr;  // null: the table itself is read
  storage::KeyRange range = {};
  storage::Direction direction = storage::Direction::forward;
  // The one that `range` stays in, if it is of one partition key: only writes to it are waited for.
  std::optional<storage::Partition> partition = {};
  std::optional<std::int32_t> limit = {};              // of entries read
  const expression::Condition* filter = nullptr;       // null holds always
  const expression::Projection* projection = nullptr;  // of PageItems::projected
  PageItems items = PageItems::entries;
  // Whether the answer is made of the table's items: of a local index that does not hold all that
  // was asked for.
  bool fetches_items = false;
  ReadKind read_kind = ReadKind::eventually_consistent;
};

struct Page {
  std::vector<Item> items = {};  // none if they are only counted
  std::int64_t count = 0;
  std::int64_t scanned_count = 0;
  std::optional<Key> last_evaluated_key = {};
  double read_units = 0;   // of the table or index that was read
  double fetch_units = 0;  // of the table, for items that an index sent for
};

// Reads until the range or the limit is done, or 1 MB of entries and fetched items is read (the
// entry that completes it is still in the page), and settles it (engine.h). A page that ended at
// the end of its range has no last_evaluated_key; one that ended for another reason has, even if
// nothing follows.
//
// Reads through `view`, or the store as it is if that is null.
//
// No value: the table's definition is no longer in force; begin again from finding it.
Result<std::optional<Page>> read_page(const Engine& engine, const PagePlan& plan,
                                      const storage::ReadView* view = nullptr);

}  // namespace dynakeep::engine
