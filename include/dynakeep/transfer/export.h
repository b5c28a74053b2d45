#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "dynakeep/transfer/format.h"

namespace dynakeep {

struct ExportProgress {
  std::uint64_t items = 0;        // written
  std::uint64_t text_bytes = 0;   // their lines, before they are packed
  std::uint64_t items_total = 0;  // as the table counts them; Amazon's count is hours old
};

struct ExportRequest {
  std::string table = {};

  // Where to, one of three:
  // a file, in place of one that is there. It appears when it is complete;
  std::string file = {};
  // a folder, below which an export is made in the layout of Amazon's exports to S3:
  // AWSDynamoDB/<id>/, with manifests, sums, and beside them the table's definition. It appears
  // under that name when it is complete. DynamoDB JSON only, packed with gzip;
  std::string folder = {};
  // a function, which is called by one thread at a time.
  std::function<Result<void>(std::string_view bytes)> write = {};

  LineFormat format = LineFormat::dynamodb_json;
  std::optional<Compression> compression = {};  // none: gzip in a folder, else none
  // Of CSV. Without any the table is read twice, first for what there is to be columns.
  std::vector<CsvColumn> columns = {};

  // What to write. An item is as it was at some moment of the export; one that is written meanwhile
  // may be either way, and one that moves to another key twice or not at all.
  bool consistent = false;
  std::optional<std::string> filter_expression = {};
  std::optional<std::string> projection_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};

  unsigned segments = 0;                        // read at once, 1 to 64; 0: one for each processor
  std::optional<double> items_per_second = {};  // at most, all segments together

  std::function<void(const ExportProgress& progress)> on_progress = {};  // by one thread at a time
  std::stop_token stop = {};             // ends it; nothing of it is left then
  const Clock* clock = &system_clock();  // for the times that manifests say
};

struct ExportSummary {
  bool stopped = false;  // nothing was written to file or folder then
  std::uint64_t items = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t written_bytes = 0;  // packed
  std::string path = {};            // of the file, or of the export's own folder
};

// Writes the items of a table, read in several segments at once, in no particular order unless
// there is one segment alone. Memory is bounded by a page or two for each segment.
//
// invalid_argument: the request makes no sense; validation: an attribute that CSV has no column
// for; internal_server_error: the disk; else as Database::scan. After an error nothing is left at
// the place of the file or folder, but for one that was there before.
Result<ExportSummary> export_table(Database& database, const ExportRequest& request);

}  // namespace dynakeep
