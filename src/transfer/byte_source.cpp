#include "transfer/byte_source.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/file_descriptor.h"

namespace dynakeep::transfer {

namespace {

std::string failure(const char* what, const std::string& path) {
  return std::string("cannot ") + what + " " + path + ": " + std::generic_category().message(errno);
}

class File final : public ByteSource {
 public:
  File(std::string path, base::FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Result<std::size_t> read(std::span<char> to) override {
    while (true) {
      const ssize_t count = ::read(file_.get(), to.data(), to.size());
      if (count >= 0) {
        bytes_read_ += static_cast<std::uint64_t>(count);
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) return Error::internal(failure("read", path_));
    }
  }
  std::uint64_t bytes_read() const override { return bytes_read_; }

 private:
  std::string path_;
  base::FileDescriptor file_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::string& path) {
  base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return Error(ErrorCode::invalid_argument, failure("open", path));
  return std::unique_ptr<ByteSource>(std::make_unique<File>(path, std::move(file)));
}

}  // namespace dynakeep::transfer
