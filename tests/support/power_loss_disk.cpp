#include "support/power_loss_disk.h"

#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace dynakeep::test {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

}  // namespace

// Wraps RocksDB's file system in memory, which forgets nothing, and remembers how much of it
// counts.
class PowerLossDisk::FileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FileSystem(std::unique_ptr<rocksdb::Env> memory, std::uint64_t seed)
      : FileSystemWrapper(memory->GetFileSystem()), memory_(std::move(memory)), random_(seed) {}

  const char* Name() const override { return "PowerLossDisk"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* debug) override {
    return open(name, file, [&](auto* opened) {
      return target()->NewWritableFile(name, options, opened, debug);
    });
  }

  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& /*options*/,
                              std::unique_ptr<rocksdb::FSWritableFile>* /*file*/,
                              IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("PowerLossDisk: reopening " + name);
  }

  IOStatus ReuseWritableFile(const std::string& name, const std::string& /*old_name*/,
                             const FileOptions& /*options*/,
                             std::unique_ptr<rocksdb::FSWritableFile>* /*file*/,
                             IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("PowerLossDisk: reusing " + name);
  }

  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory,
                        IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSDirectory> opened;
    auto status = target()->NewDirectory(name, options, &opened, debug);
    if (status.ok()) *directory = std::make_unique<Directory>(*this, std::move(opened));
    return status;
  }

  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override {
    const std::lock_guard lock(mutex_);
    if (auto refused = write_refusal(); !refused.ok()) return refused;
    files_.erase(name);
    return target()->DeleteFile(name, options, debug);
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    const std::lock_guard lock(mutex_);
    if (auto refused = write_refusal(); !refused.ok()) return refused;
    std::optional<std::string> replaced;
    if (std::string content; rocksdb::ReadFileToString(memory_.get(), to, &content).ok()) {
      replaced = std::move(content);
    }
    auto status = target()->RenameFile(from, to, options, debug);
    if (!status.ok()) return status;
    if (auto file = files_.extract(from)) {
      files_.erase(to);
      file.key() = to;
      file.mapped().name_is_durable = true;  // renames_ has it
      files_.insert(std::move(file));
    }
    renames_.try_emplace(to, std::move(replaced));
    return status;
  }

  // ---- the power ----

  void power_off() {
    const std::lock_guard lock(mutex_);
    down_ = true;
  }

  void power_on() {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, file] : files_) {
      const auto kept = file.synced + random_() % (file.written - file.synced + 1);
      if (!file.name_is_durable) {
        must(memory_->DeleteFile(name));
      } else if (kept < file.written) {
        std::string content;
        must(rocksdb::ReadFileToString(memory_.get(), name, &content));
        content.resize(kept);
        rewrite(name, content);
      }
    }
    for (const auto& [name, replaced] : renames_) {
      if (replaced) {
        rewrite(name, *replaced);
      } else {
        must(memory_->DeleteFile(name));
      }
    }
    files_.clear();  // what is left is all durable
    renames_.clear();
    down_ = false;
    syncs_until_dark_ = 0;
  }

  void power_off_at_sync(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    syncs_until_dark_ = number;
  }

  void break_syncs(bool broken) {
    const std::lock_guard lock(mutex_);
    syncs_broken_ = broken;
  }

  void fill(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }

 private:
  // Of a file opened for writing since the power came on.
  struct State {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
    bool name_is_durable = false;
  };

  class WritableFile final : public rocksdb::FSWritableFileWrapper {
   public:
    WritableFile(FileSystem& disk, std::string name, std::unique_ptr<FSWritableFile> target)
        : FSWritableFileWrapper(target.get()),
          disk_(disk),
          name_(std::move(name)),
          owned_(std::move(target)) {}

    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
      return append(data, [&] { return FSWritableFileWrapper::Append(data, options, debug); });
    }
    IOStatus Append(const Slice& data, const IOOptions& options,
                    const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* debug) override {
      return append(data, [&] { return FSWritableFileWrapper::Append(data, options, debug); });
    }
    IOStatus PositionedAppend(const Slice& /*data*/, std::uint64_t /*offset*/,
                              const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
      return IOStatus::NotSupported("PowerLossDisk: positioned append");
    }
    IOStatus PositionedAppend(const Slice& /*data*/, std::uint64_t /*offset*/,
                              const IOOptions& /*options*/,
                              const rocksdb::DataVerificationInfo& /*info*/,
                              IODebugContext* /*debug*/) override {
      return IOStatus::NotSupported("PowerLossDisk: positioned append");
    }
    IOStatus Truncate(std::uint64_t size, const IOOptions& options,
                      IODebugContext* debug) override {
      const std::lock_guard lock(disk_.mutex_);
      if (auto refused = disk_.write_refusal(); !refused.ok()) return refused;
      auto& state = disk_.files_[name_];
      state.written = std::min(state.written, size);
      state.synced = std::min(state.synced, size);
      return FSWritableFileWrapper::Truncate(size, options, debug);
    }
    IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
      return sync();
    }
    IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
      return sync();
    }
    // A hint to the system; what it writes out is not known to be on the disk.
    IOStatus RangeSync(std::uint64_t /*offset*/, std::uint64_t /*bytes*/,
                       const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
      return IOStatus::OK();
    }
    bool IsSyncThreadSafe() const override { return true; }

   private:
    template <typename Write>
    IOStatus append(const Slice& data, Write write) {
      const std::lock_guard lock(disk_.mutex_);
      if (auto refused = disk_.write_refusal(); !refused.ok()) return refused;
      auto status = write();
      if (status.ok()) disk_.files_[name_].written += data.size();
      return status;
    }

    IOStatus sync() {
      const std::lock_guard lock(disk_.mutex_);
      if (auto refused = disk_.sync_refusal(); !refused.ok()) return refused;
      auto& state = disk_.files_[name_];
      state.synced = state.written;
      return IOStatus::OK();
    }

    FileSystem& disk_;
    const std::string name_;
    const std::unique_ptr<FSWritableFile> owned_;
  };

  class Directory final : public rocksdb::FSDirectoryWrapper {
   public:
    Directory(FileSystem& disk, std::unique_ptr<FSDirectory> target)
        : FSDirectoryWrapper(std::move(target)), disk_(disk) {}

    IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
      return sync();
    }
    IOStatus FsyncWithDirOptions(const IOOptions& /*options*/, IODebugContext* /*debug*/,
                                 const rocksdb::DirFsyncOptions& /*directory*/) override {
      return sync();
    }

   private:
    IOStatus sync() {
      const std::lock_guard lock(disk_.mutex_);
      if (auto refused = disk_.sync_refusal(); !refused.ok()) return refused;
      for (auto& [name, state] : disk_.files_) state.name_is_durable = true;
      disk_.renames_.clear();
      return IOStatus::OK();
    }

    FileSystem& disk_;
  };

  template <typename Open>
  IOStatus open(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* file,
                Open open_target) {
    const std::lock_guard lock(mutex_);
    if (auto refused = write_refusal(); !refused.ok()) return refused;
    std::unique_ptr<rocksdb::FSWritableFile> opened;
    auto status = open_target(&opened);
    if (!status.ok()) return status;
    files_[name] = {};
    *file = std::make_unique<WritableFile>(*this, name, std::move(opened));
    return status;
  }

  IOStatus write_refusal() const {
    if (down_) return IOStatus::IOError("PowerLossDisk: no power");
    if (full_) return IOStatus::NoSpace("No space left on device");
    return IOStatus::OK();
  }

  IOStatus sync_refusal() {
    if (syncs_until_dark_ > 0 && --syncs_until_dark_ == 0) down_ = true;
    if (down_) return IOStatus::IOError("PowerLossDisk: no power");
    if (syncs_broken_) return IOStatus::IOError("PowerLossDisk: sync failed");
    return IOStatus::OK();
  }

  void rewrite(const std::string& name, const std::string& content) {
    must(memory_->DeleteFile(name));
    must(rocksdb::WriteStringToFile(memory_.get(), content, name));
  }

  static void must(const rocksdb::Status& status) {
    if (!status.ok()) {
      std::fputs(("PowerLossDisk: " + status.ToString() + "\n").c_str(), stderr);
      std::abort();
    }
  }

  const std::unique_ptr<rocksdb::Env> memory_;

  std::mutex mutex_;
  // Guarded by mutex_.
  std::mt19937_64 random_;
  std::map<std::string, State> files_;
  // Names given by a rename that is not durable, and what they named before.
  std::map<std::string, std::optional<std::string>> renames_;
  bool down_ = false;
  std::uint64_t syncs_until_dark_ = 0;  // 0: the power stays
  bool syncs_broken_ = false;
  bool full_ = false;
};

PowerLossDisk::PowerLossDisk(std::uint64_t seed)
    : file_system_(std::make_shared<FileSystem>(
          std::unique_ptr<rocksdb::Env>(rocksdb::NewMemEnv(rocksdb::Env::Default())), seed)),
      env_(rocksdb::NewCompositeEnv(file_system_)) {}

PowerLossDisk::~PowerLossDisk() = default;

rocksdb::Env* PowerLossDisk::env() const { return env_.get(); }

void PowerLossDisk::power_off() { file_system_->power_off(); }
void PowerLossDisk::power_on() { file_system_->power_on(); }
void PowerLossDisk::power_off_at_sync(std::uint64_t number) {
  file_system_->power_off_at_sync(number);
}
void PowerLossDisk::break_syncs(bool broken) { file_system_->break_syncs(broken); }
void PowerLossDisk::fill(bool full) { file_system_->fill(full); }

}  // namespace dynakeep::test
