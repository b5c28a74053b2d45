#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/request.h"
#include "engine/catalog.h"

// What operations cost, in DynamoDB's units (Developer Guide, "Read and write capacity").
namespace dynakeep::engine {

enum class ReadKind : std::uint8_t { eventually_consistent, strongly_consistent, transactional };

// For reading `bytes` of items: half a unit, one, or two for each 4 KB begun. At least one unit's
// worth, also where nothing was found.
double read_units(std::size_t bytes, ReadKind kind);

// For an item of `bytes`: one for each 1 KB begun, at least one.
double write_units(std::size_t bytes);

inline ReadKind read_kind(const std::optional<bool>& consistent_read) {
  return consistent_read.value_or(false) ? ReadKind::strongly_consistent
                                         : ReadKind::eventually_consistent;
}

// Gathers what one operation consumes of one table and its indexes, and writes it down as it was
// asked to.
class CapacityMeter {
 public:
  CapacityMeter(const Table& table, std::optional<ReturnConsumedCapacity> asked)
      : table_(&table), asked_(asked.value_or(ReturnConsumedCapacity::none)) {}

  bool is_asked() const { return asked_ != ReturnConsumedCapacity::none; }
  void add_table(double units) { table_units_ += units; }
  void add_index(const Index& index, double units);

  // Nothing if not asked for.
  std::optional<ConsumedCapacity> consumed() const;
  // The same for transactions, which tell read or write units apart as well.
  std::optional<ConsumedCapacity> consumed_reading() const;
  std::optional<ConsumedCapacity> consumed_writing() const;

  const Table& table() const { return *table_; }

 private:
  const Table* table_;
  ReturnConsumedCapacity asked_;
  double table_units_ = 0;
  std::vector<std::pair<const Index*, double>> index_units_;
};

}  // namespace dynakeep::engine
