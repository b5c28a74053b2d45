#include "output_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace dynakeep::app {

namespace {

Error failure_at(std::string_view what, const std::string& path) {
  return Error::internal(
      fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(errno)));
}

}  // namespace

Result<OutputFile> OutputFile::open(const std::string& path) {
  const bool to_stdout = path.empty() || path == "-";
  std::string temporary = to_stdout ? "" : fmt::format("{}.{}.partial", path, ::getpid());
  const int descriptor =
      to_stdout ? ::dup(STDOUT_FILENO)
                : ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) return failure_at("write", to_stdout ? "to stdout" : temporary);
  return OutputFile(to_stdout ? "" : path, std::move(temporary), ::fdopen(descriptor, "w"));
}

OutputFile::~OutputFile() {
  if (file_ != nullptr && !temporary_.empty()) ::unlink(temporary_.c_str());
}

Error OutputFile::failure(std::string_view what) const {
  return failure_at(what, path_.empty() ? "to stdout" : path_);
}

Result<void> OutputFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) return failure("write");
  return {};
}

Result<void> OutputFile::finish() {
  if (std::fflush(file_.get()) != 0) return failure("write");
  if (path_.empty()) return {};
  if (::fsync(::fileno(file_.get())) != 0) return failure("write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure("write");
  temporary_.clear();
  return {};
}

}  // namespace dynakeep::app
