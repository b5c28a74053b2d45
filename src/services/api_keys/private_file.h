#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "dynakeep/result.h"

// A small file of secrets: read as a whole, replaced as a whole. Errors are invalid_argument, and
// say which file and what the system has to say of it.
namespace dynakeep::services {

// Tells one state of a file from another: a file that is written or replaced has a new one.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t bytes = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct FileContent {
  std::string text = {};
  FileStamp stamp = {};  // as it was before it was read
  bool others_may_read = false;
};

// Nothing if there is no file, or it may not be looked at.
std::optional<FileStamp> stamp_of(const std::string& path);

// Refuses what is longer than `bytes_max`.
Result<FileContent> read_private_file(const std::string& path, std::size_t bytes_max);

// Whoever reads the file finds the old text or the new one, whole, also after a power loss. Nobody
// but its owner, who stays the same, may read it from then on. A symbolic link stays one.
Result<void> replace_private_file(const std::string& path, std::string_view text);

// Held by one at a time, of all processes: for reading a file and replacing it by what follows from
// that. It is the folder that is locked, since the file may not be there, or be another one soon.
class FileLock {
 public:
  // Waits until no one else has it.
  static Result<FileLock> take(const std::string& path);

 private:
  explicit FileLock(base::FileDescriptor folder) : folder_(std::move(folder)) {}
  base::FileDescriptor folder_;
};

}  // namespace dynakeep::services
