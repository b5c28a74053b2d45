#include "engine/upkeep.h"

#include "base/log.h"
#include "engine/backfill.h"
#include "engine/engine.h"
#include "engine/expiry.h"

namespace dynakeep::engine {
namespace {

// Few enough that a writer who waits for one of their locks does not notice.
constexpr std::size_t backfill_items_max = 32;

Result<void> fill_indexes(const Engine& engine, const std::stop_token& stop) {
  for (const TablePointer& table : engine.catalog.tables_to_fill()) {
    bool entered = !table->time_to_live || table->time_to_live->filled;
    while (!entered && !stop.stop_requested()) {
      entered = TRY(fill_expiry_step(engine, *table, backfill_items_max));
    }
    for (const Index& index : table->indexes) {
      if (index.status != IndexStatus::creating) continue;
      bool filled = false;
      while (!filled && !stop.stop_requested()) {
        filled = TRY(backfill_step(engine, *table, index.space, backfill_items_max));
      }
    }
  }
  return {};
}

Result<void> erase_dropped(const Engine& engine, const std::stop_token& stop) {
  for (const storage::SpaceId space : engine.catalog.dropped_spaces()) {
    const bool erased = TRY(engine.store.erase_space(space, [&] { return stop.stop_requested(); }));
    if (!erased) return {};
    TRY(engine.catalog.space_erased(space));
  }
  return {};
}

}  // namespace

Result<void> keep_up(const Engine& engine, const std::stop_token& stop) {
  // Indexes first: someone waits for them.
  TRY(fill_indexes(engine, stop));
  return erase_dropped(engine, stop);
}

Upkeep::Upkeep(const Engine& engine) : engine_(engine) {
  engine_.catalog.on_background_work([this] { wake(); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Upkeep::~Upkeep() {
  engine_.catalog.on_background_work({});
  thread_.request_stop();
}

void Upkeep::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    idle_ = false;
  }
  changed_.notify_all();
}

void Upkeep::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return idle_; });
}

void Upkeep::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return woken_; })) return;
      woken_ = false;
    }
    // What fails is on disk still, and is tried again when something else wakes us, or the database
    // is opened again.
    if (auto done = keep_up(engine_, stop); !done) {
      base::log(LogLevel::error, "upkeep of tables failed", {{"error", done.error().message()}});
    }
    {
      const std::lock_guard lock(mutex_);
      idle_ = !woken_;
    }
    changed_.notify_all();
  }
}

}  // namespace dynakeep::engine
