#pragma once

#include <cstdint>
#include <memory>

namespace rocksdb {
class Env;
}

namespace dynakeep::test {

// A disk in memory whose power can be taken away. It keeps of each file what was synced and, beyond
// that, as a real one does, whatever happened to be written out: a random part of the rest. The
// name of a new or renamed file is there only if its folder was synced after.
//
// Thread-safe, but power_on() is for when nobody has a file open.
class PowerLossDisk {
 public:
  explicit PowerLossDisk(std::uint64_t seed);
  ~PowerLossDisk();

  // For StoreOptions::env; lives as long as the disk.
  rocksdb::Env* env() const;

  // Once this returns nothing changes the disk any more: every write and sync fails.
  void power_off();
  // Takes away what was not synced by then, and works again.
  void power_on();

  // The power goes with that sync, counted from 1 and from now on, which makes nothing durable.
  void power_off_at_sync(std::uint64_t number);

  // Every sync fails, and makes nothing durable.
  void break_syncs(bool broken);
  // Every write fails for want of space.
  void fill(bool full);

 private:
  class FileSystem;
  std::shared_ptr<FileSystem> file_system_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace dynakeep::test
