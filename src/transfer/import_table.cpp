#include <algorithm>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "dynakeep/transfer/import.h"
#include "transfer/compression.h"
#include "transfer/export_folder.h"
#include "transfer/records.h"
#include "transfer/table_keys.h"
#include "transfer/writers.h"

namespace dynakeep {

namespace transfer {

namespace {

namespace fs = std::filesystem;

constexpr unsigned writers_max = 64;
constexpr std::uint64_t progress_lines = 1000;
constexpr std::size_t item_bytes_max = 400 * 1024;

// One file to read.
struct Source {
  std::string path = {};                    // empty: from the request's function
  std::optional<std::uint64_t> items = {};  // that a manifest says
};

Error about(const std::string& path, const Error& error) {
  return {error.code(), path.empty() ? error.message() : path + ": " + error.message()};
}

Error makes_no_sense(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

Result<void> check(const ImportRequest& request) {
  if (request.paths.empty() == !request.read) {
    return makes_no_sense("an import is of files or from a function");
  }
  if (request.writers == 0 || request.writers > writers_max) {
    return makes_no_sense("an import has 1 to 64 writers");
  }
  const char delimiter = request.csv.delimiter;
  if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
    return makes_no_sense("quotes and line ends do not separate cells");
  }
  return {};
}

// Reads lines, and has them written.
class Import {
 public:
  Import(Database& database, const ImportRequest& request)
      : database_(database), request_(request) {}

  ImportSummary run() {
    summary_.position = position_ = request_.from;
    const auto done = read_all();
    if (!done) {
      summary_.ending = ImportEnding::failed;
      summary_.failure = done.error();
    }
    add_counts();
    summary_.unknown = summary_.lines - summary_.written - summary_.removed - summary_.existing -
                       summary_.rejected;
    return std::move(summary_);
  }

 private:
  Result<void> read_all() {
    TRY(check(request_));
    const TableDescription table =
        TRY(database_.describe_table({.table_name = request_.table})).table;
    keys_ = keys_of(table);
    types_ = key_types_of(table);
    const std::vector<Source> sources = TRY(find_sources());
    if (request_.stop.stop_requested()) return stopped();
    for (const Source& source : sources) names_.push_back(source.path);

    writers_.emplace(
        database_,
        WritersOptions{.table = request_.table,
                       .partition_key = keys_.at(0).first,
                       .only_if_absent = request_.only_if_absent,
                       .writers = request_.writers,
                       .on_refused = [this](const PendingChange& change, const Error& reason) {
                         reject(change.file, change.line, change.text, reason.message());
                       }});
    for (file_ = request_.from.file; file_ < sources.size(); ++file_) {
      const auto done = read_source(sources[file_]);
      if (!done) {
        // What was read before is no worse for it.
        TRY(checkpoint());
        return done.error();
      }
      if (summary_.ending != ImportEnding::complete) return checkpoint();
      position_ = {.file = file_ + 1};
    }
    return checkpoint();
  }

  Result<void> stopped() {
    summary_.ending = ImportEnding::stopped;
    return {};
  }

  // The files, those of exports after a look at their sums.
  Result<std::vector<Source>> find_sources() {
    std::vector<Source> sources;
    if (request_.paths.empty()) sources.push_back({});
    for (const std::string& path : request_.paths) {
      std::error_code ignored;
      if (!fs::is_directory(path, ignored)) {
        const auto file = TRY(open_file(path));  // that it is there, before anything is written
        sources.push_back({.path = path});
        continue;
      }
      const ExportedFiles exported = TRY(read_manifests(TRY(find_export(path))));
      TRY(check_sums(exported, request_.stop));
      for (const DataFile& file : exported.files) {
        sources.push_back({.path = exported.path_of(file), .items = file.items});
      }
    }
    for (const Source& source : sources) {
      std::error_code error;
      const auto size = fs::file_size(source.path, error);
      if (!source.path.empty() && !error) bytes_total_ += size;
    }
    return sources;
  }

  Result<void> read_source(const Source& source) {
    auto file = source.path.empty() ? std::make_unique<CalledSource>(request_.read)
                                    : TRY(open_file(source.path));
    Unpacker unpacked(*file);
    ReadAhead bytes(unpacked);
    const auto fails = [&](const Error& error) { return about(source.path, error); };

    const bool resumed = file_ == request_.from.file && request_.from.bytes > 0;
    LineFormat format = LineFormat::dynamodb_json;
    if (request_.format) {
      format = *request_.format;
    } else if (!source.items) {
      const auto detected = detect_format(bytes);
      if (!detected) return fails(detected.error());
      format = *detected;
    }
    const auto reader =
        read_records(bytes, format, request_.csv, types_, keys_, request_.line_bytes_max,
                     resumed ? request_.from : ImportPosition{});
    if (!reader) return fails(reader.error());

    std::uint64_t lines = 0;
    while (true) {
      if (request_.stop.stop_requested()) return stopped();
      auto record = (*reader)->next();
      position_ = (*reader)->position();
      position_.file = file_;
      if (!record) return fails(record.error());
      if (!*record) break;
      ++lines;
      ++summary_.lines;
      if (!take(**record)) return checkpoint();
      if (summary_.lines % progress_lines == 0) tell(request_.on_progress, *file);
      if (++since_checkpoint_ >= request_.checkpoint_lines) {
        TRY(checkpoint());
        tell(request_.on_checkpoint, *file);
      }
    }
    tell(request_.on_progress, *file);
    bytes_before_ += file->bytes_read();
    if (source.items && !resumed && lines != *source.items) {
      return fails(Error(ErrorCode::serialization, "has " + std::to_string(lines) +
                                                       " items where the manifest says " +
                                                       std::to_string(*source.items)));
    }
    return {};
  }

  // False: nothing more is to be read, and why is known.
  bool take(Record& record) {
    if (!record.change) {
      return reject(file_, record.line, record.text, record.change.error().message());
    }
    Change& change = *record.change;
    const auto key = key_of(keys_, change.item);
    if (!key) return reject(file_, record.line, record.text, key.error().message());
    if (request_.dry_run) {
      const auto size = stored_bytes(change.item);
      if (!size) return reject(file_, record.line, record.text, size.error().message());
      if (*size > item_bytes_max) {
        return reject(file_, record.line, record.text,
                      "Item size has exceeded the maximum allowed size");
      }
      ++(change.is_removal ? summary_.removed : summary_.written);
      return true;
    }
    PendingChange pending{
        .file = file_, .line = record.line, .text = std::string(record.text), .key = *key};
    if (change.is_removal) {
      pending.write.remove = std::move(change.item);
    } else {
      pending.write.put = std::move(change.item);
    }
    if (writers_->add(std::move(pending))) {
      const std::scoped_lock lock(rejecting_);
      return !too_many_;
    }
    return false;  // which checkpoint() will say
  }

  // False: that was one too many.
  bool reject(std::size_t file, std::uint64_t line, std::string_view text, std::string reason) {
    const std::scoped_lock lock(rejecting_);
    ++rejected_;
    if (request_.on_rejected) {
      request_.on_rejected({.file = names_[file],
                            .line = line,
                            .reason = std::move(reason),
                            .text = std::string(text)});
    }
    too_many_ = request_.rejected_max > 0 && rejected_ >= request_.rejected_max;
    return !too_many_;
  }

  // All that was read is done with.
  Result<void> checkpoint() {
    since_checkpoint_ = 0;
    TRY(writers_->drain());
    summary_.position = position_;
    const std::scoped_lock lock(rejecting_);
    if (too_many_) summary_.ending = ImportEnding::too_many_rejected;
    return {};
  }

  void add_counts() {
    if (writers_) {
      const WriterCounts counts = writers_->counts();
      summary_.written += counts.written;
      summary_.removed += counts.removed;
      summary_.existing += counts.existing;
    }
    const std::scoped_lock lock(rejecting_);
    summary_.rejected = rejected_;
  }

  void tell(const std::function<void(const ImportProgress&)>& listener, const ByteSource& file) {
    if (!listener) return;
    const WriterCounts counts = writers_->counts();
    std::uint64_t rejected = 0;
    {
      const std::scoped_lock lock(rejecting_);
      rejected = rejected_;
    }
    listener({.lines = summary_.lines,
              .written = summary_.written + counts.written,
              .removed = summary_.removed + counts.removed,
              .existing = counts.existing,
              .rejected = rejected,
              .bytes_read = bytes_before_ + file.bytes_read(),
              .bytes_total = bytes_total_,
              .position = position_});
  }

  Database& database_;
  const ImportRequest& request_;
  KeyAttributes keys_;
  AttributeTypes types_;
  std::vector<std::string> names_;  // of the files

  ImportSummary summary_;
  std::size_t file_ = 0;
  ImportPosition position_;
  std::uint64_t since_checkpoint_ = 0;
  std::uint64_t bytes_before_ = 0;  // of files that are done with
  std::uint64_t bytes_total_ = 0;

  mutable std::mutex rejecting_;
  std::uint64_t rejected_ = 0;
  bool too_many_ = false;

  std::optional<Writers> writers_;  // last: its threads reject
};

}  // namespace

}  // namespace transfer

ImportSummary import_table(Database& database, const ImportRequest& request) {
  return transfer::Import(database, request).run();
}

}  // namespace dynakeep
