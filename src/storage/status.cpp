#include "storage/status.h"

#include <string>

#include <rocksdb/status.h>

namespace dynakeep::storage {
namespace {

// One line: RocksDB quotes paths and causes, but never on purpose a line break.
std::string one_line(const rocksdb::Status& status) {
  std::string text = status.ToString();
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

bool says(const rocksdb::Status& status, std::string_view words) {
  return status.ToString().find(words) != std::string::npos;
}

bool is_no_space(const rocksdb::Status& status) {
  return status.IsNoSpace() || says(status, "No space left on device");
}

}  // namespace

Error to_error(const rocksdb::Status& status) {
  if (is_no_space(status)) {
    return Error::internal("The disk is full: free some space, then open the database again (" +
                           one_line(status) + ")");
  }
  if (status.IsCorruption()) {
    return Error::internal("The stored data is damaged: restore it from a backup (" +
                           one_line(status) + ")");
  }
  return Error::internal("The storage failed (" + one_line(status) + ")");
}

Error to_open_error(const rocksdb::Status& status, std::string_view path) {
  const auto refuse = [](std::string message) {
    return Error(ErrorCode::invalid_argument, std::move(message));
  };
  const std::string folder = "data folder '" + std::string(path) + "'";
  const std::string reason = " (" + one_line(status) + ")";

  if (is_no_space(status)) {
    return Error::internal("No space left for " + folder + ": free some and try again" + reason);
  }
  // RocksDB has no status for it: the first is of another process, the second of this one.
  if (says(status, "LOCK: Resource temporarily unavailable")) {
    return refuse("Another process uses " + folder + ": end it, or choose another folder");
  }
  if (says(status, "lock hold by current process")) {
    return refuse("This process has " + folder + " open already: share it, or choose another");
  }
  if (says(status, "Permission denied") || says(status, "Read-only file system")) {
    return refuse("No permission to read and write " + folder + ": change it, or choose another" +
                  reason);
  }
  if (status.IsInvalidArgument()) {
    return refuse("Something else than Dynakeep made " + folder + ": choose another" + reason);
  }
  if (status.IsCorruption() || says(status, "No such file or directory")) {
    return Error::internal("What is in " + folder + " is damaged: restore it from a backup" +
                           reason);
  }
  return Error::internal("Cannot open " + folder + reason);
}

}  // namespace dynakeep::storage
