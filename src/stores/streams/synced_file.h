#pragma once

#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "dynakeep/result.h"

// Files that outlive a power loss: what an answer was given for is on the disk.
namespace dynakeep::streams {

// "Cannot <what> <path>", with what errno says.
Error file_error(const char* what, const std::string& path);

// For the owner only where it is made. Closed: errno says why.
base::FileDescriptor open_file(const std::string& path, int flags);

Result<void> write_all(int file, std::string_view text, const std::string& path);
Result<void> sync(int file, const std::string& path);
// For what was made, renamed or removed in it.
Result<void> sync_folder_of(const std::string& path);

// Behind the end of a file that is opened for appending: all of it, synced, or nothing.
Result<void> append_synced(int file, std::string_view text, const std::string& path);

}  // namespace dynakeep::streams
