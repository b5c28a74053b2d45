#include "services/api_keys/private_file.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dynakeep::services {
namespace {

constexpr mode_t mode_of_secrets = S_IRUSR | S_IWUSR;

Error failed(const std::string& path, const std::string& what) {
  return {ErrorCode::invalid_argument,
          "'" + path + "' " + what + ": " + std::string(std::strerror(errno))};
}

FileStamp stamp_from(const struct stat& status) {
  return {
      .device = status.st_dev,
      .inode = status.st_ino,
      .modified_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
      .bytes = status.st_size};
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// Where the links at the path lead; the path itself if there is nothing yet.
std::string target_of(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> target(::realpath(path.c_str(), nullptr),
                                                           &std::free);
  return target ? target.get() : path;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Removes a file at the end, unless it has become another's.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return stamp_from(status);
}

Result<FileContent> read_private_file(const std::string& path, std::size_t bytes_max) {
  const base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status = {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return failed(path, "cannot be read");
  FileContent content{.stamp = stamp_from(status),
                      .others_may_read = (status.st_mode & (S_IRGRP | S_IROTH)) != 0};
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, "cannot be read");
    if (count == 0) return content;
    content.text.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.text.size() > bytes_max) {
      errno = EFBIG;
      return failed(path, "cannot be read");
    }
  }
}

Result<void> replace_private_file(const std::string& path, std::string_view text) {
  const std::string target = target_of(path);
  std::string name = target + ".XXXXXX";
  // Readable by nobody else from its first moment.
  const base::FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.is_open()) return failed(path, "cannot be written");
  Unfinished unfinished(name);

  // A service that reads the file under a user of its own must still be able to.
  struct stat old = {};
  const bool replaces = ::stat(target.c_str(), &old) == 0;
  if (replaces && (old.st_uid != ::geteuid() || old.st_gid != ::getegid()) &&
      ::fchown(file.get(), old.st_uid, old.st_gid) != 0) {
    return failed(path, "cannot be given to its owner");
  }
  if (::fchmod(file.get(), mode_of_secrets) != 0 || !write_all(file.get(), text) ||
      ::fsync(file.get()) != 0 || ::rename(name.c_str(), target.c_str()) != 0) {
    return failed(path, "cannot be written");
  }
  unfinished.keep();

  const base::FileDescriptor folder(
      ::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return failed(path, "cannot be synced");
  return {};
}

Result<FileLock> FileLock::take(const std::string& path) {
  const std::string folder = folder_of(target_of(path));
  base::FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open()) return failed(folder, "cannot be opened");
  while (::flock(descriptor.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return failed(folder, "cannot be locked");
  }
  return FileLock(std::move(descriptor));
}

}  // namespace dynakeep::services
