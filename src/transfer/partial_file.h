#pragma once

#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "dynakeep/result.h"

namespace dynakeep::transfer {

// A file that is there whole or not at all: it is written beside its place, as
// PATH.<process>.partial, and put there when it is done, in place of one that is there.
//
// Errors are internal_server_error, with what the system says of the file.
class PartialFile {
 public:
  static Result<PartialFile> create(std::string path);

  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  // Without finish() before it, what was written is removed.
  ~PartialFile();

  Result<void> write(std::string_view bytes);

  // Puts the file into its place. It is on the disk then.
  Result<void> finish();

 private:
  PartialFile(std::string path, std::string temporary, base::FileDescriptor file);

  std::string path_;
  std::string temporary_;  // empty once it is done with
  base::FileDescriptor file_;
};

// What a folder holds, its files' names and all, is on the disk then.
Result<void> sync_folder(const std::string& path);

// "cannot write FILE: No space left on device", by the system's last error.
Error file_failure(std::string_view what, const std::string& path);

}  // namespace dynakeep::transfer
