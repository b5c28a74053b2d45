#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/pacing.h"
#include "dynakeep/database.h"

// The functions of pages.h that wait, with the waiting given to them.
namespace dynakeep::model {

// Pauses between a batch of which something was left unprocessed and the next: a random half to
// whole of 50 ms, doubled each time nothing at all was processed, up to 5 s.
class BatchPauses {
 public:
  explicit BatchPauses(base::Pacing& pacing) : pacing_(pacing) {}

  // After a batch of that many, of which that many were left unprocessed. Fails with
  // provisioned_throughput_exceeded if nothing was processed ten times in a row.
  Result<void> after(std::size_t count, std::size_t unprocessed);

 private:
  base::Pacing& pacing_;
  unsigned stalls_ = 0;  // in a row
};

Result<std::vector<std::optional<Item>>> get_items(Database& database, const std::string& table,
                                                   const std::vector<Key>& keys,
                                                   const KeysAndAttributes& request,
                                                   base::Pacing& pacing);

Result<void> write_items(Database& database, const std::string& table,
                         std::vector<WriteRequest> writes, base::Pacing& pacing);

Result<TableDescription> create_table_and_wait(Database& database,
                                               const CreateTableRequest& request,
                                               std::chrono::milliseconds patience,
                                               base::Pacing& pacing);

}  // namespace dynakeep::model
