#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.h"
#include "stores/streams/lease_table.h"

namespace dynakeep {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{256} << 20;

Error failed(const char* what, const std::string& path) {
  return Error::internal(std::string("Cannot ") + what + " " + path + ": " + std::strerror(errno));
}

// None: there is no such file.
Result<std::optional<std::string>> read_file(const std::string& path) {
  const base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return failed("open", path);
  }
  std::string text;
  char block[1 << 16];
  while (true) {
    const ssize_t count = ::read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", path);
    if (count == 0) return std::optional(std::move(text));
    text.append(block, static_cast<std::size_t>(count));
    if (text.size() > file_bytes_max) {
      return Error(ErrorCode::serialization, path + " is larger than 256 MiB");
    }
  }
}

Result<void> write_file(const std::string& path, std::string_view text) {
  constexpr mode_t owner_only = 0600;
  const base::FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only));
  if (!file.is_open()) return failed("open", path);
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write", path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(file.get()) != 0) return failed("sync", path);
  return {};
}

class CheckpointFile final : public StreamCheckpoints {
 public:
  CheckpointFile(StreamCheckpointFileOptions options, base::FileDescriptor lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}

  Result<StreamProgress> load(const StreamScope& scope) override {
    auto current = parse(options_.path);
    if (current && *current) return take(scope, std::move(**current));
    if (!current && current.error().code() == ErrorCode::invalid_argument) return current.error();
    auto previous = parse(options_.path + ".prev");
    if (current && previous && !*previous) return StreamProgress{};  // the first start
    if (previous && *previous) {
      const Error damage = current ? Error(ErrorCode::serialization, options_.path + " is missing")
                                   : current.error();
      if (options_.on_fallback) options_.on_fallback(damage);
      return take(scope, std::move(**previous));
    }
    const Error damage = current ? previous.error() : current.error();
    if (damage.code() != ErrorCode::serialization || !options_.begin_anew_if_damaged) return damage;
    // At the oldest record: whatever the consumer would begin with, nothing is to be passed over.
    StreamProgress anew;
    anew.start = StreamStart{.decided = options_.clock->now()};
    return anew;
  }

  Result<std::optional<std::string>> last_stream(const std::string& group,
                                                 const std::string& table_name) override {
    for (const std::string& path : {options_.path, options_.path + ".prev"}) {
      const auto document = parse(path);
      if (!document || !*document) continue;  // load() says what is wrong with it
      const StreamScope& scope = (*document)->scope;
      if (scope.group != group || streams::table_in(scope.stream_arn) != table_name) break;
      return std::optional(scope.stream_arn);
    }
    return std::optional<std::string>();
  }

  Result<void> save(const StreamScope& scope, const StreamProgress& progress) override {
    const std::string& path = options_.path;
    const std::string temporary = path + ".tmp";
    const std::string previous = path + ".prev";
    TRY(write_file(temporary,
                   to_document(scope, progress, generation_ + 1, options_.clock->now())));
    // The one before gets its second name first, so that no moment is without a whole file.
    const std::string linked = path + ".link";
    ::unlink(linked.c_str());
    if (::link(path.c_str(), linked.c_str()) == 0) {
      if (std::rename(linked.c_str(), previous.c_str()) != 0) return failed("rename", linked);
    } else if (errno != ENOENT) {
      return failed("link", path);
    }
    if (std::rename(temporary.c_str(), path.c_str()) != 0) return failed("rename", temporary);
    ++generation_;
    return sync_folder();
  }

 private:
  // None: no such file. serialization: it is damaged.
  Result<std::optional<StreamDocument>> parse(const std::string& path) {
    const auto text = TRY(read_file(path));
    if (!text) return std::optional<StreamDocument>();
    auto document = parse_stream_document(*text);
    if (!document) {
      return Error(document.error().code(), path + ": " + document.error().message());
    }
    return std::optional(std::move(*document));
  }

  Result<StreamProgress> take(const StreamScope& scope, StreamDocument document) {
    if (document.scope != scope) {
      return Error(ErrorCode::invalid_argument, options_.path + " is the checkpoint of group \"" +
                                                    document.scope.group + "\" on stream " +
                                                    document.scope.stream_arn);
    }
    generation_ = document.generation;
    return std::move(document.progress);
  }

  Result<void> sync_folder() {
    const std::size_t slash = options_.path.rfind('/');
    const std::string folder =
        slash == std::string::npos ? "." : options_.path.substr(0, slash + 1);
    const base::FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.is_open() || ::fsync(opened.get()) != 0) return failed("sync", folder);
    return {};
  }

  const StreamCheckpointFileOptions options_;
  const base::FileDescriptor lock_;
  std::uint64_t generation_ = 0;
};

}  // namespace

Result<std::unique_ptr<StreamCheckpoints>> open_stream_checkpoint_file(
    StreamCheckpointFileOptions options) {
  constexpr mode_t owner_only = 0600;
  if (options.path.empty()) return Error(ErrorCode::invalid_argument, "path must not be empty");
  const std::string lock_path = options.path + ".lock";
  base::FileDescriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only));
  if (!lock.is_open()) {
    return Error(ErrorCode::invalid_argument, failed("open", lock_path).message());
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(ErrorCode::invalid_argument, "Another process holds " + lock_path);
  }
  return std::unique_ptr<StreamCheckpoints>(
      std::make_unique<CheckpointFile>(std::move(options), std::move(lock)));
}

}  // namespace dynakeep
