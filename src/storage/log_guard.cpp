#include "storage/log_guard.h"

#include <string>
#include <string_view>
#include <utility>

#include <rocksdb/file_system.h>

namespace dynakeep::storage {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class LogGuard::LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogFile(std::unique_ptr<FSWritableFile> file, LogGuard& guard)
      : FSWritableFileOwnerWrapper(std::move(file)), guard_(guard) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    return checked(target()->Append(data, options, debug));
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    return checked(target()->Append(data, options, verification, debug));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return checked(target()->Flush(options, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return checked(target()->Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return checked(target()->Fsync(options, debug));
  }

 private:
  IOStatus checked(IOStatus status) {
    if (!status.ok()) guard_.failed(status);
    return status;
  }

  LogGuard& guard_;
};

class LogGuard::FileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FileSystem(const std::shared_ptr<rocksdb::FileSystem>& base, LogGuard& guard)
      : FileSystemWrapper(base), guard_(guard) {}

  const char* Name() const override { return "LogGuard"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* debug) override {
    auto status = target()->NewWritableFile(name, options, file, debug);
    if (status.ok() && std::string_view(name).ends_with(".log")) {
      *file = std::make_unique<LogFile>(std::move(*file), guard_);
    }
    return status;
  }

 private:
  LogGuard& guard_;
};

std::unique_ptr<rocksdb::Env> LogGuard::watch(rocksdb::Env& base) {
  return rocksdb::NewCompositeEnv(std::make_shared<FileSystem>(base.GetFileSystem(), *this));
}

void LogGuard::failed(const IOStatus& status) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = status;
}

}  // namespace dynakeep::storage
