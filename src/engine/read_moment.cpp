#include "engine/read_moment.h"

#include <algorithm>
#include <utility>

#include "engine/streams/streams.h"

namespace dynakeep::engine {

std::optional<StreamPoint> stream_point(std::span<const TablePointer> tables,
                                        SequenceNumber position) {
  const Stream* only = nullptr;
  bool several = false;
  for (const TablePointer& table : tables) {
    const Stream* stream = table->stream_log.get();
    if (stream == nullptr || stream == only) continue;
    several = only != nullptr;
    if (several) break;
    only = stream;
  }
  if (only == nullptr) return {};
  return StreamPoint{.stream_arn = several ? std::string() : only->arn(),
                     .position = to_text(position)};
}

std::optional<StreamPoint> stream_point(const Table& table, SequenceNumber position) {
  if (table.stream_log == nullptr) return {};
  return StreamPoint{.stream_arn = table.stream_log->arn(), .position = to_text(position)};
}

ViewAtPosition view_at_position(const Engine& engine) {
  std::optional<storage::ReadView> view;
  SequenceNumber position = 0;
  CommitNumbers& numbers = engine.streams.numbers();
  numbers.alone([&] {
    view.emplace(engine.store.view());
    position = last_of(numbers.last());
  });
  return {.view = std::move(*view), .position = position};
}

Result<ReadMoment> ReadMoment::take(const Engine& engine, const TablePointer& table,
                                    const SnapshotUse& use) {
  ReadMoment moment(engine);
  moment.use_ = &use;
  switch (use.step) {
    case SnapshotUse::Step::none:
    case SnapshotUse::Step::begin:
      break;
    case SnapshotUse::Step::read:
    case SnapshotUse::Step::end:
      moment.snapshot_ = TRY(engine.snapshots.find(use.token));
      if (moment.snapshot_->table->space != table->space) {
        return Error::validation("The snapshot is not of the table " + table->name);
      }
      moment.point_ = moment.snapshot_->point;
      return moment;
  }
  // Without a stream no position is told, and any view will do.
  if (table->stream_log != nullptr) {
    moment.own_ = view_at_position(engine);
    moment.point_ = stream_point(*table, moment.own_->position);
  } else if (use.step == SnapshotUse::Step::begin) {
    moment.own_ = ViewAtPosition{.view = engine.store.view()};
  }
  if (use.step == SnapshotUse::Step::begin) moment.table_ = table;
  return moment;
}

Result<void> ReadMoment::check_index(const Index* index) const {
  if (index == nullptr || !snapshot_) return {};
  const auto& then = snapshot_->table->indexes;
  const bool was_whole = std::any_of(then.begin(), then.end(), [index](const Index& known) {
    return known.space == index->space && known.is_readable();
  });
  if (was_whole) return {};
  return Error::validation("The index " + index->name + " is younger than the snapshot");
}

Result<std::optional<std::string>> ReadMoment::settle_snapshot(
    const std::optional<StreamPoint>& point) {
  if (table_ != nullptr) {
    return TRY(engine_->snapshots.keep({.table = std::move(table_),
                                        .view = std::move(own_->view),
                                        .point = point,
                                        .begun = engine_->clock.now()}));
  }
  if (use_->step == SnapshotUse::Step::end) engine_->snapshots.end(use_->token);
  return std::optional<std::string>();
}

}  // namespace dynakeep::engine
