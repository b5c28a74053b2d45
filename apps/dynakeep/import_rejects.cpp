#include "import_rejects.h"

#include <cerrno>
#include <iostream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "terminal.h"

namespace dynakeep::app {

namespace {

constexpr std::uint64_t told_max = 20;

std::string cannot_write(const std::string& path) {
  return fmt::format("cannot write {}: {}", path, std::generic_category().message(errno));
}

}  // namespace

Result<ImportRejects::File> ImportRejects::open_at(const std::string& path, std::uint64_t size) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return Error(ErrorCode::invalid_argument, cannot_write(path));
  File file(::fdopen(descriptor, "w"));
  if (::ftruncate(descriptor, static_cast<off_t>(size)) != 0 ||
      std::fseek(file.get(), 0, SEEK_END) != 0) {
    return Error::internal(cannot_write(path));
  }
  return file;
}

Result<ImportRejects> ImportRejects::open(const std::string& path, const Sizes& behind) {
  ImportRejects rejects;
  rejects.path_ = path;
  if (path.empty()) return rejects;
  rejects.lines_ = TRY(open_at(path, behind.lines));
  rejects.reasons_ = TRY(open_at(path + ".reasons", behind.reasons));
  return rejects;
}

bool ImportRejects::add(const RejectedLine& line) {
  const std::string reason =
      fmt::format("{}:{}: {}\n", line.file.empty() ? "stdin" : line.file, line.line, line.reason);
  if (told_ < told_max) {
    ++told_;
    std::cerr << "dynakeep: " << printable(std::string_view(reason).substr(0, reason.size() - 1))
              << '\n';
  } else {
    ++untold_;
  }
  if (path_.empty()) return true;
  if (std::fwrite(reason.data(), 1, reason.size(), reasons_.get()) != reason.size() ||
      (!line.text.empty() &&
       (std::fwrite(line.text.data(), 1, line.text.size(), lines_.get()) != line.text.size() ||
        std::fputc('\n', lines_.get()) == EOF))) {
    failure_ = cannot_write(path_);
    return false;
  }
  return true;
}

Result<ImportRejects::Sizes> ImportRejects::sync() {
  Sizes sizes;
  if (path_.empty()) return sizes;
  for (const auto& [file, size] : {std::pair(&lines_, &sizes.lines), {&reasons_, &sizes.reasons}}) {
    if (std::fflush(file->get()) != 0 || ::fsync(::fileno(file->get())) != 0) {
      return Error::internal(cannot_write(path_));
    }
    *size = static_cast<std::uint64_t>(std::ftell(file->get()));
  }
  return sizes;
}

}  // namespace dynakeep::app
