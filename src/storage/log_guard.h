#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include <rocksdb/env.h>
#include <rocksdb/io_status.h>
#include <rocksdb/status.h>

namespace dynakeep::storage {

// Keeps what failed on the log and a later sync of it apart. RocksDB 7.8 takes a sync of a log file
// after a failed append, or after a failed sync by its own flush of a memtable, for a bug of its
// own and aborts the process (Debian's build has its asserts on), and the two come from different
// threads: a full disk would be a crash. So each failure is seen here before RocksDB sees it, and
// no sync is let through from then on.
class LogGuard {
 public:
  // An environment like `base`, which must outlive it, that tells the guard of its logs' failures.
  // The guard must outlive it in turn.
  std::unique_ptr<rocksdb::Env> watch(rocksdb::Env& base);

  // Runs `sync`, or says what failed earlier. While it runs, failures on other threads wait to be
  // seen.
  template <typename Sync>
  rocksdb::Status sync(Sync run) {
    const std::lock_guard lock(mutex_);
    if (failure_) return *failure_;
    return run();
  }

 private:
  class FileSystem;
  class LogFile;

  void failed(const rocksdb::IOStatus& status);

  std::recursive_mutex mutex_;                // `sync` may itself meet the failure
  std::optional<rocksdb::IOStatus> failure_;  // guarded by mutex_
};

}  // namespace dynakeep::storage
