#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "dynakeep/request.h"
#include "dynakeep/result.h"
#include "engine/engine.h"
#include "engine/snapshots.h"
#include "storage/read_view.h"

// Which moment a read is of, and what is told of it.
namespace dynakeep::engine {

// The point of the tables at that position; nothing if none of them has a stream.
std::optional<StreamPoint> stream_point(std::span<const TablePointer> tables,
                                        SequenceNumber position);
std::optional<StreamPoint> stream_point(const Table& table, SequenceNumber position);

// A view that holds exactly the commits up to a position.
struct ViewAtPosition {
  storage::ReadView view;
  SequenceNumber position = 0;
};
// Waits for the commits under way, and lets others wait meanwhile.
ViewAtPosition view_at_position(const Engine& engine);

// The moment of one read of one table:
//
//   for (;;) {
//     const auto table = TRY(engine.catalog.find(name));
//     auto moment = TRY(ReadMoment::of(engine, table, request));
//     … read through moment.view(), or the store if that is null …
//     if (!Catalog::is_current(*table)) continue;
//     TRY(moment.tell(result));
//     return result;
//   }
//
// Costs nothing where the request asks for neither a point nor a snapshot.
class ReadMoment {
 public:
  // `request` has want_stream_point and snapshot. snapshot_expired; validation: the snapshot is of
  // another table.
  template <typename Request>
  static Result<ReadMoment> of(const Engine& engine, const TablePointer& table,
                               const Request& request) {
    if (!request.want_stream_point && request.snapshot.step == SnapshotUse::Step::none) {
      return ReadMoment(engine);
    }
    return take(engine, table, request.snapshot);
  }

  // Null: the store as it is.
  const storage::ReadView* view() const {
    if (snapshot_) return &snapshot_->view;
    return own_ ? &own_->view : nullptr;
  }

  // validation: what the index of the table holds at the moment of the snapshot is not known.
  Result<void> check_index(const Index* index) const;

  // Once the read has succeeded: begins or ends the snapshot, and fills in stream_point and
  // snapshot of the result.
  template <typename Answer>
  Result<void> tell(Answer& result) {
    if (view() == nullptr && !point_) return {};
    result.stream_point = std::move(point_);
    result.snapshot = TRY(settle_snapshot(result.stream_point));
    return {};
  }

 private:
  explicit ReadMoment(const Engine& engine) : engine_(&engine) {}
  static Result<ReadMoment> take(const Engine& engine, const TablePointer& table,
                                 const SnapshotUse& use);
  Result<std::optional<std::string>> settle_snapshot(const std::optional<StreamPoint>& point);

  const Engine* engine_;
  TablePointer table_ = {};  // where a snapshot is begun
  const SnapshotUse* use_ = nullptr;
  std::optional<ViewAtPosition> own_ = {};
  std::shared_ptr<const Snapshot> snapshot_ = {};
  std::optional<StreamPoint> point_ = {};
};

}  // namespace dynakeep::engine
