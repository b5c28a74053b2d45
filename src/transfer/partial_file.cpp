#include "transfer/partial_file.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace dynakeep::transfer {

Error file_failure(std::string_view what, const std::string& path) {
  return Error::internal("cannot " + std::string(what) + " " + path + ": " +
                         std::generic_category().message(errno));
}

Result<void> sync_folder(const std::string& path) {
  const base::FileDescriptor folder(
      ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return file_failure("sync", path);
  return {};
}

PartialFile::PartialFile(std::string path, std::string temporary, base::FileDescriptor file)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)) {}

PartialFile::~PartialFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<PartialFile> PartialFile::create(std::string path) {
  std::string temporary = path + "." + std::to_string(::getpid()) + ".partial";
  ::unlink(temporary.c_str());  // of a process that had our number and was killed
  base::FileDescriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.is_open()) return file_failure("write", temporary);
  return PartialFile(std::move(path), std::move(temporary), std::move(file));
}

Result<void> PartialFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_failure("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> PartialFile::finish() {
  if (::fsync(file_.get()) != 0) return file_failure("write", path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return file_failure("write", path_);
  temporary_.clear();
  const std::size_t slash = path_.rfind('/');
  return sync_folder(slash == std::string::npos ? "" : path_.substr(0, slash + 1));
}

}  // namespace dynakeep::transfer
