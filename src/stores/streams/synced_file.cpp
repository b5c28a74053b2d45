#include "stores/streams/synced_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dynakeep::streams {

Error file_error(const char* what, const std::string& path) {
  return Error::internal(std::string("Cannot ") + what + " " + path + ": " + std::strerror(errno));
}

base::FileDescriptor open_file(const std::string& path, int flags) {
  constexpr mode_t owner_only = 0600;
  return base::FileDescriptor(::open(path.c_str(), flags | O_CLOEXEC, owner_only));
}

Result<void> write_all(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("write", path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> sync(int file, const std::string& path) {
  return ::fsync(file) == 0 ? Result<void>() : file_error("sync", path);
}

Result<void> sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const base::FileDescriptor opened = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened.is_open()) return file_error("open", folder);
  return sync(opened.get(), folder);
}

Result<void> append_synced(int file, std::string_view text, const std::string& path) {
  const off_t end = ::lseek(file, 0, SEEK_END);
  if (end < 0) return file_error("read", path);
  auto written = write_all(file, text, path);
  if (written) written = sync(file, path);
  // What was written counts for nothing, and must not fill a disk that is full already.
  if (!written && ::ftruncate(file, end) != 0) return file_error("shorten", path);
  return written;
}

}  // namespace dynakeep::streams
