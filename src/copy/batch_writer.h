#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "copy/adaptive_rate.h"
#include "copy/endurance.h"
#include "dynakeep/database.h"

namespace dynakeep::copying {

// Writes into one table, in batches, at the rate that it takes. Thread-safe.
class BatchWriter {
 public:
  // All of them must outlive it.
  BatchWriter(Database& database, std::string table, AdaptiveRate& rate, const Endurance& endurance)
      : database_(database), table_(std::move(table)), rate_(rate), endurance_(endurance) {}

  struct Written {
    bool stopped = false;  // some of it may not be written
    std::uint64_t bytes = 0;
  };
  // No two writes may be of one item. Up to that many requests at once. On return all is as durable
  // as the database makes it. validation: it refuses an item, which is named.
  Result<Written> write(std::vector<WriteRequest> writes, std::size_t at_once,
                        const std::stop_token& stop);

 private:
  // False: it was stopped.
  Result<bool> send(std::vector<WriteRequest> batch, const std::stop_token& stop);
  Error about_an_item(const std::vector<WriteRequest>& batch, const Error& error);

  Database& database_;
  const std::string table_;
  AdaptiveRate& rate_;
  const Endurance& endurance_;
};

}  // namespace dynakeep::copying
