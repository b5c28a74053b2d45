#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/transfer/format.h"

namespace dynakeep {

// How rows of CSV are read.
struct CsvImport {
  char delimiter = ',';
  // In place of a header: the first line is a row then.
  std::vector<CsvColumn> columns = {};
  // The header holds names alone, with whatever colons are in them.
  bool plain_header = false;
  // Of columns that say no type, true and false are booleans and what reads as a number is one.
  // Without it such cells are text, as Amazon's import takes them, but for those of keys.
  bool infer_types = false;
};

// A place between two lines of what is imported.
struct ImportPosition {
  std::size_t file = 0;     // in the order in which they are read
  std::uint64_t bytes = 0;  // of its text, unpacked
  std::uint64_t line = 1;   // the next

  friend bool operator==(const ImportPosition&, const ImportPosition&) = default;
};

// A line that is not in the table, and why.
struct RejectedLine {
  std::string file = {};  // empty: from `read`
  std::uint64_t line = 0;
  std::string reason = {};
  std::string text = {};  // empty if it is too long to be kept
};

struct ImportProgress {
  std::uint64_t lines = 0;    // read; the next four are of those done with
  std::uint64_t written = 0;  // as in ImportSummary
  std::uint64_t removed = 0;
  std::uint64_t existing = 0;
  std::uint64_t rejected = 0;
  std::uint64_t bytes_read = 0;   // of the files, packed as they are
  std::uint64_t bytes_total = 0;  // 0: nobody knows
  ImportPosition position = {};   // up to where was read
};

struct ImportRequest {
  std::string table = {};

  // What to read: files, and folders with an export of Amazon's or ours (the folder of one export,
  // or one that holds a single export below AWSDynamoDB). Packed with gzip or zstd or not, told by
  // their content. Without any, `read` gives the bytes: as many as fit, 0 at the end.
  std::vector<std::string> paths = {};
  std::function<Result<std::size_t>(std::span<char> to)> read = {};

  std::optional<LineFormat> format = {};  // none: told by the content
  CsvImport csv = {};
  std::size_t line_bytes_max = std::size_t{8} << 20;  // what is longer is rejected

  // Leaves items that are there as they are. Slower: one request an item instead of one for 25.
  bool only_if_absent = false;
  // Reads and checks everything and writes nothing.
  bool dry_run = false;
  unsigned writers = 4;  // requests at a time, 1 to 64
  // Ends the import at that many rejected lines; 0: never.
  std::uint64_t rejected_max = 1000;

  // Each is called by one thread at a time. `on_progress` every now and then; `on_checkpoint` when
  // every line before the position was written or rejected, after each `checkpoint_lines`.
  std::function<void(const RejectedLine& line)> on_rejected = {};
  std::function<void(const ImportProgress& progress)> on_progress = {};
  std::function<void(const ImportProgress& progress)> on_checkpoint = {};
  std::uint64_t checkpoint_lines = 100'000;

  ImportPosition from = {};   // where another import of the same files was
  std::stop_token stop = {};  // ends it early: what was read is written, the rest is not
};

enum class ImportEnding : std::uint8_t { complete, stopped, too_many_rejected, failed };

// What an import came to. Every line that was read is counted by one of the four.
struct ImportSummary {
  ImportEnding ending = ImportEnding::complete;
  std::uint64_t lines = 0;     // read
  std::uint64_t written = 0;   // items put; with dry_run, those that would be
  std::uint64_t removed = 0;   // of incremental exports
  std::uint64_t existing = 0;  // left as they were, with only_if_absent
  std::uint64_t rejected = 0;
  std::uint64_t unknown = 0;  // of a failure: lines that may have been written or not
  // All lines before it are done with. Of an import that did not end complete, another one may
  // begin there; to begin at the start again comes to the same, since putting an item twice is
  // putting it once.
  ImportPosition position = {};
  std::optional<Error> failure = {};  // if it failed
};

// Puts what files hold into a table, in batches, several at a time. Items with one key are written
// in the order of their lines, so that the last one stays. Of incremental exports, lines without a
// new image remove the item; they are exports of changes, to be imported in the order of their
// times.
//
// Lines that are wrong, or that the table refuses, are rejected, and the import goes on. It fails
// where going on makes no sense: files that cannot be read or are damaged (of exports, all files'
// sums are compared with the manifest before anything is written), and errors of the database that
// are not about an item. The database's own retries apply; what a batch leaves unprocessed is sent
// again.
//
// Takes memory for some lines and batches, however long the files are and whatever they unpack to.
ImportSummary import_table(Database& database, const ImportRequest& request);

}  // namespace dynakeep
