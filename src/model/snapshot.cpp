#include "dynakeep/snapshot.h"

#include <utility>

namespace dynakeep {
namespace {

// Of what a snapshot begins and ends with only its token matters.
ScanRequest least_read(const std::string& table_name, SnapshotUse use) {
  return {
      .table_name = table_name, .select = Select::count, .limit = 1, .snapshot = std::move(use)};
}

}  // namespace

Snapshot::Snapshot(Database& database, std::string table_name, std::string token,
                   std::optional<StreamPoint> point)
    : database_(&database),
      table_name_(std::move(table_name)),
      token_(std::move(token)),
      point_(std::move(point)) {}

Result<Snapshot> Snapshot::begin(Database& database, std::string table_name) {
  auto first = TRY(database.scan(least_read(table_name, SnapshotUse::begin())));
  if (!first.snapshot) {
    return Error::internal("A snapshot of " + table_name + " was begun, and has no token");
  }
  return Snapshot(database, std::move(table_name), std::move(*first.snapshot),
                  std::move(first.stream_point));
}

Snapshot::Snapshot(Snapshot&& other) noexcept
    : database_(other.database_),
      table_name_(std::move(other.table_name_)),
      token_(std::exchange(other.token_, {})),
      point_(std::move(other.point_)) {}

Snapshot& Snapshot::operator=(Snapshot&& other) noexcept {
  if (this == &other) return *this;
  std::swap(database_, other.database_);
  std::swap(table_name_, other.table_name_);
  std::swap(token_, other.token_);
  std::swap(point_, other.point_);
  return *this;
}

Snapshot::~Snapshot() {
  // Else it expires.
  static_cast<void>(end());
}

Result<void> Snapshot::end() {
  if (token_.empty()) return {};
  const std::string token = std::exchange(token_, {});
  TRY(database_->scan(least_read(table_name_, SnapshotUse::end(token))));
  return {};
}

}  // namespace dynakeep
