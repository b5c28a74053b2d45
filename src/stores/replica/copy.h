#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/pages.h"
#include "dynakeep/stores/stream_progress.h"
#include "stores/replica/table_keys.h"

namespace dynakeep::replicas {

// What a key's item becomes.
struct Change {
  Key key = {};
  std::string text = {};          // TableKeys::text_of
  std::optional<Item> item = {};  // nothing: there is none any more
  // Of what is read: where the table stood. Of a record: its number. Null: nothing to compare.
  std::shared_ptr<const std::string> position = {};
};

// What becomes of rows of shards, with changes or without.
struct ProgressChange {
  std::vector<ShardProgress> rows = {};
  std::vector<std::string> forgotten = {};

  bool empty() const { return rows.empty() && forgotten.empty(); }
};

struct CopyProgress {
  std::string stream_arn = {};
  bool is_complete = false;  // else the table was not read to its end
  StreamProgress stream = {};
};

// Told of an item that became another, after the fact. Empty: nobody asks.
using Tell = std::function<void(const Key& key, const std::optional<Item>& before,
                                const std::optional<Item>& after)>;

// Where the items of a replica are. One thread changes it; those that read it are any.
class Copy {
 public:
  virtual ~Copy() = default;
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  // How far it had come; nothing but defaults if it is new.
  virtual Result<CopyProgress> load() = 0;
  // The table is read anew, from here to complete(). What was read before remains readable as far
  // as it can.
  virtual Result<void> begin(const CopyProgress& progress) = 0;
  // Whether it may hold items that are not in the table any more, which reading alone does not
  // show: each of keys() is to be looked for.
  virtual bool needs_sweep() const = 0;
  virtual Result<void> complete(const Tell& tell) = 0;

  // What was read: items as they are in the table, and keys for which it has none.
  virtual Result<void> store(std::vector<Change> read, const Tell& tell) = 0;
  // What the stream tells, each key once: all of it, and durable together with the progress; or,
  // with an error, perhaps none.
  virtual Result<void> apply(std::vector<Change> changes, const ProgressChange& progress,
                             const Tell& tell) = 0;
  // How many records may be applied at once.
  virtual std::size_t records_max() const = 0;

  virtual Result<std::optional<Item>> get(const Key& key) const = 0;
  // One for each key, in their order.
  virtual Result<std::vector<std::optional<Item>>> get_all(const std::vector<Key>& keys) const = 0;
  virtual Result<std::size_t> for_each(const ItemVisitor& visit) const = 0;
  virtual Result<std::size_t> for_each_of(const AttributeValue& partition,
                                          const ItemVisitor& visit) const = 0;
  virtual Result<std::size_t> size() const = 0;

  struct KeyPage {
    std::vector<Key> keys = {};
    std::optional<Key> last = {};  // go on behind it; nothing: that was all
  };
  virtual Result<KeyPage> keys(const std::optional<Key>& behind) const = 0;

 protected:
  Copy() = default;
};

std::unique_ptr<Copy> make_memory_copy(TableKeys keys, std::size_t bytes_max);

// Makes the tables if they are not there. invalid_argument: what is there is of another kind, or of
// another replica.
Result<std::unique_ptr<Copy>> open_table_copy(Database& database, std::string name,
                                              const TableDescription& original);

}  // namespace dynakeep::replicas
