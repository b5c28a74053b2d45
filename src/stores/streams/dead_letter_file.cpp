#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.h"
#include "stores/streams/dead_letter_replay.h"
#include "stores/streams/synced_file.h"

namespace dynakeep {
namespace {

using base::FileDescriptor;
using streams::file_error;
using streams::open_file;
using streams::Replayed;

constexpr std::size_t line_bytes_max = std::size_t{64} << 20;
// What a crash of a replay repeats, against how often the file is written anew.
constexpr std::size_t replayed_unsaved_max = 1000;

// The lines of a file, one after the other: as far as it goes now, however it grows.
class Lines {
 public:
  static Result<Lines> of(int file, const std::string& path) {
    struct stat status = {};
    if (::fstat(file, &status) != 0) return file_error("read", path);
    return Lines(file, path, static_cast<std::size_t>(status.st_size));
  }

  struct Line {
    std::string_view text = {};  // until the next call
    bool is_ended = true;        // by a line feed; only the last may not be
  };
  // None: that was all.
  Result<std::optional<Line>> next() {
    while (true) {
      const std::size_t end = text_.find('\n', searched_);
      if (end != std::string::npos) {
        const Line line{.text = std::string_view(text_).substr(begin_, end - begin_)};
        begin_ = searched_ = end + 1;
        return std::optional(line);
      }
      text_.erase(0, std::exchange(begin_, 0));
      searched_ = text_.size();
      if (text_.size() > line_bytes_max) {
        return Error(ErrorCode::serialization, path_ + " has a line that is longer than 64 MiB");
      }
      if (TRY(read_more())) continue;
      if (text_.empty()) return std::optional<Line>();
      begin_ = searched_ = text_.size();
      return std::optional(Line{.text = text_, .is_ended = false});
    }
  }

 private:
  Lines(int file, const std::string& path, std::size_t bytes)
      : file_(file), path_(path), unread_(bytes) {}

  Result<bool> read_more() {
    constexpr std::size_t block_bytes = std::size_t{1} << 18;
    const std::size_t before = text_.size();
    text_.resize(before + std::min(block_bytes, unread_));
    while (true) {
      const ssize_t count = ::read(file_, text_.data() + before, text_.size() - before);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error("read", path_);
      text_.resize(before + static_cast<std::size_t>(count));
      unread_ -= static_cast<std::size_t>(count);
      return count > 0;
    }
  }

  int file_;
  const std::string& path_;
  std::size_t unread_;
  std::string text_;
  std::size_t begin_ = 0;     // of the line that comes next
  std::size_t searched_ = 0;  // no line feed from there to here
};

// Which record a letter is about. No part has a line feed in it.
std::string name_of(const StreamDeadLetter& letter) {
  return letter.group + '\n' + letter.stream_arn + '\n' + letter.shard_id + '\n' +
         letter.record.dynamodb.sequence_number;
}

// How a letter failed again; the rest of it is in the file.
struct Failure {
  unsigned attempts = 0;
  Time last_failure = {};
  std::string error = {};
};
// By record; none: it was handled, and the letter goes.
using Replays = std::map<std::string, std::optional<Failure>>;

class DeadLetterFile final : public StreamDeadLetters {
 public:
  DeadLetterFile(StreamDeadLetterFileOptions options, FileDescriptor lock)
      : path_(std::move(options.path)), lock_(std::move(lock)) {}

  Result<void> add(const StreamDeadLetter& letter) override {
    const Locked locked(*this);
    TRY(locked.result());
    // Opened anew each time: a replay may have put another file in its place.
    FileDescriptor file = open_file(path_, O_RDWR | O_APPEND);
    const bool is_new = !file.is_open() && errno == ENOENT;
    if (is_new) file = open_file(path_, O_RDWR | O_APPEND | O_CREAT);
    if (!file.is_open()) return file_error("open", path_);

    const off_t end = ::lseek(file.get(), 0, SEEK_END);
    if (end < 0) return file_error("read", path_);
    char last = '\n';
    if (end > 0 && ::pread(file.get(), &last, 1, end - 1) != 1) return file_error("read", path_);
    const std::string line = (last == '\n' ? "" : "\n") + to_json(letter) + "\n";
    TRY(streams::append_synced(file.get(), line, path_));
    return is_new ? streams::sync_folder_of(path_) : Result<void>();
  }

  Result<StreamLetterFigures> for_each(
      const std::function<bool(const StreamDeadLetter&)>& visit) override {
    StreamLetterFigures figures;
    TRY(walk([&](const StreamDeadLetter* letter) {
      ++(letter == nullptr ? figures.damaged : figures.letters);
      return letter == nullptr || visit(*letter);
    }));
    return figures;
  }

  Result<StreamReplayFigures> replay(const StreamHandler& handler,
                                     const StreamReplayOptions& options) override {
    StreamReplayFigures figures;
    Replays replays;
    std::size_t unsaved = 0;
    Result<void> saved;
    const auto walked = walk([&](const StreamDeadLetter* found) {
      figures.was_stopped = options.stop.stop_requested();
      if (figures.was_stopped) return false;
      if (found == nullptr) {
        ++figures.damaged;
        return true;
      }
      if (options.only && !options.only(*found)) return true;
      const auto [done, is_first] = replays.try_emplace(name_of(*found));
      if (!is_first) return true;  // the same record once more
      StreamDeadLetter letter = *found;
      const Replayed outcome = streams::replay(letter, handler, *options.clock);
      if (outcome == Replayed::refused) {
        replays.erase(done);
        figures.was_stopped = true;
        return false;
      }
      ++(outcome == Replayed::handled ? figures.handled : figures.failed);
      if (outcome == Replayed::failed) {
        done->second = Failure{letter.attempts, letter.last_failure, letter.error};
      }
      if (options.on_progress) options.on_progress();
      if (++unsaved < replayed_unsaved_max) return true;
      unsaved = 0;
      saved = rewrite(replays);
      return saved.has_value();
    });
    TRY(std::move(saved));
    if (unsaved > 0) TRY(rewrite(replays));
    if (!walked) return walked.error();
    return figures;
  }

 private:
  // Of this process and of all others.
  class Locked {
   public:
    explicit Locked(DeadLetterFile& file) : lock_(file.mutex_), file_(file) {
      while (::flock(file.lock_.get(), LOCK_EX) != 0) {
        if (errno == EINTR) continue;
        failure_ = file_error("lock", file.path_ + ".lock");
        return;
      }
    }
    ~Locked() {
      if (!failure_) ::flock(file_.lock_.get(), LOCK_UN);
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

    Result<void> result() const { return failure_ ? Result<void>(*failure_) : Result<void>(); }

   private:
    const std::lock_guard<std::mutex> lock_;
    DeadLetterFile& file_;
    std::optional<Error> failure_;
  };

  // With a null pointer for a line that is no letter. The file may be replaced meanwhile: this one
  // remains readable.
  Result<void> walk(const std::function<bool(const StreamDeadLetter*)>& visit) const {
    const FileDescriptor file = open_file(path_, O_RDONLY);
    if (!file.is_open()) {
      return errno == ENOENT ? Result<void>() : file_error("open", path_);
    }
    Lines lines = TRY(Lines::of(file.get(), path_));
    while (const auto line = TRY(lines.next())) {
      if (!line->is_ended) break;
      const auto letter = dead_letter_from_json(line->text);
      if (!visit(letter ? &*letter : nullptr)) break;
    }
    return {};
  }

  // The file without what was handled. What was added meanwhile stays, and what is no letter.
  Result<void> rewrite(const Replays& replays) {
    const Locked locked(*this);
    TRY(locked.result());
    const FileDescriptor from = open_file(path_, O_RDONLY);
    if (!from.is_open()) return file_error("open", path_);
    const std::string temporary = path_ + ".tmp";
    const FileDescriptor to = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!to.is_open()) return file_error("open", temporary);

    std::set<std::string> kept;
    Lines lines = TRY(Lines::of(from.get(), path_));
    while (const auto line = TRY(lines.next())) {
      std::string text(line->text);
      if (auto letter = line->is_ended ? dead_letter_from_json(text) : Error::internal("cut off")) {
        const std::string name = name_of(*letter);
        const auto replayed = replays.find(name);
        if (replayed != replays.end()) {
          if (!replayed->second || !kept.insert(name).second) continue;
          letter->attempts = replayed->second->attempts;
          letter->last_failure = replayed->second->last_failure;
          letter->error = replayed->second->error;
          text = to_json(*letter);
        }
      }
      TRY(streams::write_all(to.get(), text + "\n", temporary));
    }
    TRY(streams::sync(to.get(), temporary));
    if (std::rename(temporary.c_str(), path_.c_str()) != 0) return file_error("rename", temporary);
    return streams::sync_folder_of(path_);
  }

  const std::string path_;
  const FileDescriptor lock_;
  std::mutex mutex_;
};

}  // namespace

Result<std::unique_ptr<StreamDeadLetters>> open_stream_dead_letter_file(
    StreamDeadLetterFileOptions options) {
  if (options.path.empty()) return Error(ErrorCode::invalid_argument, "path must not be empty");
  const std::string lock_path = options.path + ".lock";
  FileDescriptor lock = open_file(lock_path, O_RDWR | O_CREAT);
  if (!lock.is_open()) {
    return Error(ErrorCode::invalid_argument, file_error("open", lock_path).message());
  }
  // A folder, or a file of another user: said now, not when the first record is lost.
  const FileDescriptor file = open_file(options.path, O_RDWR);
  if (!file.is_open() && errno != ENOENT) {
    return Error(ErrorCode::invalid_argument, file_error("open", options.path).message());
  }
  return std::unique_ptr<StreamDeadLetters>(
      std::make_unique<DeadLetterFile>(std::move(options), std::move(lock)));
}

}  // namespace dynakeep
