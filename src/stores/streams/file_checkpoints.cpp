#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.h"
#include "stores/streams/lease_table.h"
#include "stores/streams/progress_json.h"
#include "stores/streams/synced_file.h"

namespace dynakeep {
namespace {

using base::FileDescriptor;
using streams::file_error;
using streams::open_file;

constexpr std::size_t file_bytes_max = std::size_t{256} << 20;
// Changes may be so long, however short what they change is.
constexpr std::size_t changes_bytes_min = std::size_t{64} << 10;

// None: there is no such file.
Result<std::optional<std::string>> read_file(const std::string& path) {
  const FileDescriptor file = open_file(path, O_RDONLY);
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return file_error("open", path);
  }
  std::string text;
  char block[1 << 16];
  while (true) {
    const ssize_t count = ::read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("read", path);
    if (count == 0) return std::optional(std::move(text));
    text.append(block, static_cast<std::size_t>(count));
    if (text.size() > file_bytes_max) {
      return Error(ErrorCode::serialization, path + " is larger than 256 MiB");
    }
  }
}

class CheckpointFile final : public StreamCheckpoints {
 public:
  CheckpointFile(StreamCheckpointFileOptions options, FileDescriptor lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}

  Result<StreamProgress> load(const StreamScope& scope) override {
    kept_.reset();
    fallback_.reset();
    auto current = parse(options_.path);
    if (current && *current) {
      if ((*current)->is_damaged) tell_of(damaged(options_.path + " is damaged behind a change"));
      return take(scope, std::move(**current));
    }
    if (!current && current.error().code() == ErrorCode::invalid_argument) return current.error();
    auto previous = parse(options_.path + ".prev");
    if (current && previous && !*previous) return StreamProgress{};  // the first start
    if (previous && *previous) {
      tell_of(current ? damaged(options_.path + " is missing") : current.error());
      (*previous)->is_whole = false;  // it is not the file that changes are written to
      return take(scope, std::move(**previous));
    }
    const Error damage = current ? previous.error() : current.error();
    if (damage.code() != ErrorCode::serialization || !options_.begin_anew_if_damaged) return damage;
    // At the oldest record: whatever the consumer would begin with, nothing is to be passed over.
    StreamProgress anew;
    anew.start = StreamStart{.decided = options_.clock->now()};
    return anew;
  }

  std::optional<std::string> fallback() const override { return fallback_; }

  Result<std::optional<std::string>> last_stream(const std::string& group,
                                                 const std::string& table_name) override {
    for (const std::string& path : {options_.path, options_.path + ".prev"}) {
      const auto document = parse(path);
      if (!document || !*document) continue;  // load() says what is wrong with it
      const StreamScope& scope = (*document)->document.scope;
      if (scope.group != group || streams::table_in(scope.stream_arn) != table_name) break;
      return std::optional(scope.stream_arn);
    }
    return std::optional<std::string>();
  }

  Result<void> save(const StreamScope& scope, const StreamProgress& progress) override {
    const std::string& path = options_.path;
    const std::string temporary = path + ".tmp";
    const std::string previous = path + ".prev";
    const std::string text = to_document(scope, progress, generation_ + 1, options_.clock->now());
    {
      const FileDescriptor file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
      if (!file.is_open()) return file_error("open", temporary);
      TRY(streams::write_all(file.get(), text, temporary));
      TRY(streams::sync(file.get(), temporary));
    }
    // The one before gets its second name first, so that no moment is without a whole file.
    const std::string linked = path + ".link";
    ::unlink(linked.c_str());
    if (::link(path.c_str(), linked.c_str()) == 0) {
      if (std::rename(linked.c_str(), previous.c_str()) != 0) return file_error("rename", linked);
    } else if (errno != ENOENT) {
      return file_error("link", path);
    }
    if (std::rename(temporary.c_str(), path.c_str()) != 0) return file_error("rename", temporary);
    TRY(streams::sync_folder_of(path));
    ++generation_;
    kept_ = Kept{
        .scope = scope, .progress = progress, .document_bytes = text.size(), .bytes = text.size()};
    return {};
  }

  Result<void> save_change(const StreamScope& scope, const StreamProgressChange& change) override {
    if (!kept_ || kept_->scope != scope) TRY(load(scope));
    const std::string lines = streams::to_change_lines(change, generation_ + 1);
    if (!kept_ || !TRY(append(lines))) {
      StreamProgress changed = kept_ ? kept_->progress : StreamProgress{};
      apply(change, changed);
      return save(scope, changed);
    }
    apply(change, kept_->progress);
    ++generation_;
    return {};
  }

 private:
  // What the file says, as far as changes can be written behind it.
  struct Kept {
    StreamScope scope = {};
    StreamProgress progress = {};
    std::size_t document_bytes = 0;
    std::size_t bytes = 0;  // with the changes; 0: it has to be written anew
  };

  // False: it has to be written anew.
  Result<bool> append(const std::string& lines) {
    const std::size_t changes = kept_->bytes - kept_->document_bytes + lines.size();
    if (kept_->bytes == 0 || changes > std::max(kept_->document_bytes, changes_bytes_min)) {
      return false;
    }
    // Opened anew each time: who removes or replaces it gets it back.
    const FileDescriptor file = open_file(options_.path, O_WRONLY | O_APPEND);
    struct stat status = {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0 ||
        static_cast<std::size_t>(status.st_size) != kept_->bytes) {
      return false;
    }
    const std::size_t end = std::exchange(kept_->bytes, 0);
    TRY(streams::append_synced(file.get(), lines, options_.path));
    kept_->bytes = end + lines.size();
    return true;
  }

  static Error damaged(std::string what) { return {ErrorCode::serialization, std::move(what)}; }
  void tell_of(const Error& damage) {
    fallback_ = damage.message();
    if (options_.on_fallback) options_.on_fallback(damage);
  }

  // A document, and how long it and the changes behind it are.
  struct Parsed : streams::ChangedDocument {
    std::size_t document_bytes = 0;
    std::size_t bytes = 0;
  };
  // None: no such file. serialization: it is damaged.
  Result<std::optional<Parsed>> parse(const std::string& path) const {
    const auto text = TRY(read_file(path));
    if (!text) return std::optional<Parsed>();
    auto document = streams::parse_changed_document(*text);
    if (!document) {
      return Error(document.error().code(), path + ": " + document.error().message());
    }
    const std::size_t line = text->find('\n');
    return std::optional(
        Parsed{std::move(*document), text->find('\n', line + 1) + 1, text->size()});
  }

  Result<StreamProgress> take(const StreamScope& scope, Parsed parsed) {
    StreamDocument& document = parsed.document;
    if (document.scope != scope) {
      return Error(ErrorCode::invalid_argument, options_.path + " is the checkpoint of group \"" +
                                                    document.scope.group + "\" on stream " +
                                                    document.scope.stream_arn);
    }
    generation_ = document.generation;
    kept_ = Kept{.scope = scope,
                 .progress = document.progress,
                 .document_bytes = parsed.document_bytes,
                 .bytes = parsed.is_whole ? parsed.bytes : 0};
    return std::move(document.progress);
  }

  const StreamCheckpointFileOptions options_;
  const FileDescriptor lock_;
  std::uint64_t generation_ = 0;
  std::optional<Kept> kept_;
  std::optional<std::string> fallback_;
};

}  // namespace

Result<std::unique_ptr<StreamCheckpoints>> open_stream_checkpoint_file(
    StreamCheckpointFileOptions options) {
  if (options.path.empty()) return Error(ErrorCode::invalid_argument, "path must not be empty");
  const std::string lock_path = options.path + ".lock";
  FileDescriptor lock = open_file(lock_path, O_RDWR | O_CREAT);
  if (!lock.is_open()) {
    return Error(ErrorCode::invalid_argument, file_error("open", lock_path).message());
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(ErrorCode::invalid_argument, "Another process holds " + lock_path);
  }
  return std::unique_ptr<StreamCheckpoints>(
      std::make_unique<CheckpointFile>(std::move(options), std::move(lock)));
}

}  // namespace dynakeep
