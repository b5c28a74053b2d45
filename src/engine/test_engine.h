#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "dynakeep/clock.h"
#include "engine/catalog.h"
#include "engine/engine.h"
#include "storage/key_locks.h"
#include "storage/key_value_store.h"

namespace dynakeep::engine {

// For the unit tests of this layer: an engine on a folder of its own, which can be closed and
// opened again, and goes with it. Nothing runs in the background: tests take the steps.
class TestEngine {
 public:
  TestEngine() : folder_(new_folder()) { open(); }
  TestEngine(const TestEngine&) = delete;
  TestEngine& operator=(const TestEngine&) = delete;
  ~TestEngine() {
    close();
    std::filesystem::remove_all(folder_);
  }

  const Engine& operator*() const { return *engine_; }
  const Engine* operator->() const { return engine_.get(); }

  void reopen() {
    close();
    open();
  }

  ManualClock clock;
  StreamOptions stream_options;  // from the next time it is opened

 private:
  static std::filesystem::path new_folder() {
    std::string name = std::filesystem::temp_directory_path() / "dynakeep-engine-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    return name;
  }
  void open() {
    store_ =
        storage::KeyValueStore::open({.path = folder_, .durability = storage::Durability::none})
            .value();
    locks_ = std::make_unique<storage::KeyLocks>();
    streams_ = Streams::open(*store_, clock, Catalog::Place().arn_prefix(), stream_options).value();
    snapshots_ = std::make_unique<Snapshots>(clock);
    catalog_ = Catalog::open(*store_, *locks_, *streams_, clock, {}).value();
    engine_ = std::make_unique<Engine>(Engine{.store = *store_,
                                              .locks = *locks_,
                                              .catalog = *catalog_,
                                              .streams = *streams_,
                                              .snapshots = *snapshots_,
                                              .clock = clock});
  }
  void close() {
    engine_.reset();
    snapshots_.reset();
    catalog_.reset();
    streams_.reset();
    locks_.reset();
    store_.reset();
  }

  std::filesystem::path folder_;
  std::unique_ptr<storage::KeyValueStore> store_;
  std::unique_ptr<storage::KeyLocks> locks_;
  std::unique_ptr<Streams> streams_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace dynakeep::engine
