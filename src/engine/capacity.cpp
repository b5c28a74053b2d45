#include "engine/capacity.h"

#include <algorithm>

#include "model/limits.h"

namespace dynakeep::engine {

double read_units(std::size_t bytes, ReadKind kind) {
  const auto blocks = static_cast<double>(
      std::max<std::size_t>(1, (bytes + model::read_unit_bytes - 1) / model::read_unit_bytes));
  switch (kind) {
    case ReadKind::eventually_consistent:
      return blocks * 0.5;
    case ReadKind::strongly_consistent:
      return blocks;
    case ReadKind::transactional:
      return blocks * 2;
  }
  return blocks;
}

double write_units(std::size_t bytes) {
  return static_cast<double>(
      std::max<std::size_t>(1, (bytes + model::write_unit_bytes - 1) / model::write_unit_bytes));
}

void CapacityMeter::add_index(const Index& index, double units) {
  for (auto& [known, sum] : index_units_) {
    if (known == &index) {
      sum += units;
      return;
    }
  }
  index_units_.emplace_back(&index, units);
}

std::optional<ConsumedCapacity> CapacityMeter::consumed() const {
  if (!is_asked()) return std::nullopt;
  ConsumedCapacity consumed{.table_name = table_->name, .capacity_units = table_units_};
  for (const auto& [index, units] : index_units_) consumed.capacity_units += units;
  if (asked_ != ReturnConsumedCapacity::indexes) return consumed;
  consumed.table = Capacity{.capacity_units = table_units_};
  for (const auto& [index, units] : index_units_) {
    auto& indexes = index->kind == IndexKind::local ? consumed.local_secondary_indexes
                                                    : consumed.global_secondary_indexes;
    indexes[index->name].capacity_units += units;
  }
  return consumed;
}

namespace {

// Says each figure again as `units_kind`, read or write units.
std::optional<ConsumedCapacity> in_kind(std::optional<ConsumedCapacity> consumed,
                                        std::optional<double> ConsumedCapacity::*total_kind,
                                        std::optional<double> Capacity::*units_kind) {
  if (!consumed) return consumed;
  (*consumed).*total_kind = consumed->capacity_units;
  const auto say = [&](Capacity& capacity) { capacity.*units_kind = capacity.capacity_units; };
  if (consumed->table) say(*consumed->table);
  for (auto& [name, capacity] : consumed->local_secondary_indexes) say(capacity);
  for (auto& [name, capacity] : consumed->global_secondary_indexes) say(capacity);
  return consumed;
}

}  // namespace

std::optional<ConsumedCapacity> CapacityMeter::consumed_reading() const {
  return in_kind(consumed(), &ConsumedCapacity::read_capacity_units,
                 &Capacity::read_capacity_units);
}

std::optional<ConsumedCapacity> CapacityMeter::consumed_writing() const {
  return in_kind(consumed(), &ConsumedCapacity::write_capacity_units,
                 &Capacity::write_capacity_units);
}

}  // namespace dynakeep::engine
