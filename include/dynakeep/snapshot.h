#pragma once

#include <optional>
#include <string>

#include "dynakeep/database.h"

namespace dynakeep {

// A table as it is at one moment, for reads that are many calls (SnapshotUse):
//
//   const Snapshot snapshot = TRY(Snapshot::begin(database, "Songs"));
//   for (;;) {
//     auto page = TRY(database.scan({.table_name = "Songs", …, .snapshot = snapshot.use()}));
//     …
//   }
//
// A scan under it and the records of the stream after point() are the table, without a gap and
// without an overlap. Ends with its owner, at the latest 15 minutes after it began: then reads fail
// with snapshot_expired, and the way on is to begin again. Costs nothing to take; while it lives
// the database keeps what is overwritten.
//
// Thread-safe but for end() and moving. The database must outlive it.
class Snapshot {
 public:
  // unsupported: the database has none (Capabilities::snapshots). limit_exceeded: it has too many.
  static Result<Snapshot> begin(Database& database, std::string table_name);

  ~Snapshot();
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot&& other) noexcept;

  // For `snapshot` of GetItem, Query and Scan, of its table.
  SnapshotUse use() const { return SnapshotUse::of(token_); }

  // Of all its reads. Nothing if the table had no stream.
  const std::optional<StreamPoint>& point() const { return point_; }

  // Lets go of it, and says whether that could be told to the database, which lets go of it in any
  // case when it expires. Nothing if that is done already.
  Result<void> end();

 private:
  Snapshot(Database& database, std::string table_name, std::string token,
           std::optional<StreamPoint> point);

  Database* database_;
  std::string table_name_;
  std::string token_;  // empty: it has ended, or another owns it
  std::optional<StreamPoint> point_;
};

}  // namespace dynakeep
