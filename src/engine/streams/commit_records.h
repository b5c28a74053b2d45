#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog.h"
#include "engine/streams/streams.h"
#include "storage/key_codec.h"

namespace dynakeep::storage {
class WriteSet;
}

namespace dynakeep::engine {

// The records of one commit, for all the streams that it touches:
//
//   CommitRecords records(streams);
//   {
//     … lock …
//     records.add(table, hash, old_item, new_item);
//     records.write_to(writes);              // before the commit
//     position = TRY(store.commit(writes));
//   }
//   position = records.end(position);        // after it, without the locks
//
// Tables without a stream cost a look. Not thread-safe. What was added is referred to, not copied.
class CommitRecords {
 public:
  explicit CommitRecords(Streams& streams) : streams_(streams) {}
  // A commit that failed ends too, last after the locks.
  ~CommitRecords();
  CommitRecords(const CommitRecords&) = delete;
  CommitRecords& operator=(const CommitRecords&) = delete;

  // A change, if the table has a stream. Encoded items; an empty one is none.
  void add(const Table& table, storage::PartitionHash hash, std::string_view old_item,
           std::string_view new_item, bool by_service);
  void write_to(storage::WriteSet& writes);
  // What the items are now, while their locks are held, holds all their changes with numbers up to
  // this: that of the commit, or of the last one that began if there are no records.
  SequenceNumber position() const;
  // The position that the answer rests on. May wait for commits that began before.
  storage::Position end(storage::Position position);

 private:
  struct Change {
    std::shared_ptr<Stream> stream;
    storage::PartitionHash hash = 0;
    std::string_view old_item;
    std::string_view new_item;
    bool by_service = false;
  };

  Streams& streams_;
  std::vector<Change> changes_;
  std::optional<CommitNumber> number_;
};

}  // namespace dynakeep::engine
