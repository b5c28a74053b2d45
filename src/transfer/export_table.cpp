#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/pacing.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/transfer/export.h"
#include "transfer/csv.h"
#include "transfer/export_sink.h"
#include "transfer/rate_limit.h"
#include "transfer/records.h"
#include "transfer/table_keys.h"

namespace dynakeep {

namespace transfer {

namespace {

constexpr unsigned segments_max = 64;
constexpr unsigned default_segments_max = 8;
constexpr std::size_t columns_max = 10'000;

using Columns = std::set<std::pair<std::string, AttributeType>>;

Error makes_no_sense(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

Result<void> check(const ExportRequest& request) {
  const int places = !request.file.empty() + !request.folder.empty() + (request.write ? 1 : 0);
  if (places != 1) return makes_no_sense("an export goes to one of a file, a folder or a function");
  if (request.segments > segments_max)
    return makes_no_sense("a table is read in at most 64 segments");
  if (request.items_per_second && !(*request.items_per_second > 0)) {
    return makes_no_sense("a rate is more than nothing");
  }
  if (!request.columns.empty() && request.format != LineFormat::csv) {
    return makes_no_sense("only CSV has columns");
  }
  if (!request.folder.empty() &&
      (request.format != LineFormat::dynamodb_json ||
       request.compression.value_or(Compression::gzip) != Compression::gzip)) {
    return makes_no_sense("an export in Amazon's layout is DynamoDB JSON in gzip");
  }
  return {};
}

// Reads the segments of a table at once, and does with each page what it is told. The first thing
// that goes wrong ends all of them.
class SegmentedScan {
 public:
  // Called by several threads at once, for one segment by one at a time.
  using PageVisitor = std::function<Result<void>(unsigned segment, const std::vector<Item>& items)>;

  SegmentedScan(Database& database, const ExportRequest& request, unsigned segments,
                base::Pacing& pacing)
      : database_(database), request_(request), segments_(segments) {
    if (request.items_per_second) rate_.emplace(*request.items_per_second, pacing);
  }

  // False if it was stopped.
  Result<bool> run(const PageVisitor& visit) {
    failed_ = false;
    failure_.reset();
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 1; i < segments_; ++i) {
        threads.emplace_back([this, i, &visit] { read(i, visit); });
      }
      read(0, visit);
    }
    if (failure_) return *failure_;
    return !request_.stop.stop_requested();
  }

 private:
  void read(unsigned segment, const PageVisitor& visit) {
    if (const auto done = read_pages(segment, visit); !done) {
      const std::scoped_lock lock(mutex_);
      if (!failure_) failure_ = done.error();
      failed_ = true;
    }
  }

  Result<void> read_pages(unsigned segment, const PageVisitor& visit) {
    ScanRequest scan{.table_name = request_.table,
                     .filter_expression = request_.filter_expression,
                     .projection_expression = request_.projection_expression,
                     .expression_attribute_names = request_.expression_attribute_names,
                     .expression_attribute_values = request_.expression_attribute_values,
                     .consistent_read = request_.consistent};
    if (segments_ > 1) {
      scan.segment = static_cast<std::int32_t>(segment);
      scan.total_segments = static_cast<std::int32_t>(segments_);
    }
    if (rate_) {
      // Pages of a quarter of a second, so that the rate is even.
      const double page = *request_.items_per_second / segments_ / 4;
      scan.limit = static_cast<std::int32_t>(std::clamp(page, 1.0, 10'000.0));
    }
    while (!failed_ && !request_.stop.stop_requested()) {
      auto page = TRY(database_.scan(scan));
      if (page.items) TRY(visit(segment, *page.items));
      if (!page.last_evaluated_key) return {};
      scan.exclusive_start_key = std::move(page.last_evaluated_key);
      if (rate_) rate_->take(static_cast<double>(page.scanned_count), request_.stop);
    }
    return {};
  }

  Database& database_;
  const ExportRequest& request_;
  const unsigned segments_;
  std::optional<RateLimit> rate_;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::optional<Error> failure_;
};

// The columns that it takes to say all of the table's items: the keys, then by their names.
Result<std::vector<CsvColumn>> find_columns(SegmentedScan& scan, const TableDescription& table,
                                            unsigned segments, bool& stopped) {
  std::vector<Columns> found(segments);
  stopped = !TRY(scan.run([&](unsigned segment, const std::vector<Item>& items) -> Result<void> {
    Columns& columns = found[segment];
    for (const Item& item : items) {
      for (const auto& [name, value] : AttributeView(item)) {
        columns.emplace(std::string(name), *value.type());
      }
    }
    if (columns.size() > columns_max) {
      return Error::validation(
          "the items have more than 10,000 attributes of different names: name "
          "the columns, or choose another format");
    }
    return {};
  }));
  Columns all;
  for (Columns& each : found) all.merge(each);
  std::vector<CsvColumn> columns;
  for (const auto& [name, type] : keys_of(table)) {
    // What a projection leaves out stands nowhere, but a table without items has a header too.
    if (all.erase({name, type}) > 0 || all.empty()) columns.push_back({.name = name, .type = type});
  }
  for (const auto& [name, type] : all) columns.push_back({.name = name, .type = type});
  return columns;
}

}  // namespace

}  // namespace transfer

Result<ExportSummary> export_table(Database& database, const ExportRequest& request) {
  using namespace transfer;
  TRY(check(request));
  const TableDescription table = TRY(database.describe_table({.table_name = request.table})).table;
  const unsigned segments = request.segments > 0 ? request.segments
                                                 : std::clamp(std::thread::hardware_concurrency(),
                                                              1U, default_segments_max);
  SegmentedScan scan(database, request, segments, base::system_pacing());

  ExportSummary summary;
  std::vector<CsvColumn> columns = request.columns;
  std::string header;
  if (request.format == LineFormat::csv) {
    if (columns.empty()) columns = TRY(find_columns(scan, table, segments, summary.stopped));
    if (summary.stopped) return summary;
    const AttributeTypes types = key_types_of(table);
    for (CsvColumn& column : columns) {
      const auto key = types.find(column.name);
      if (!column.type) column.type = key == types.end() ? AttributeType::string : key->second;
    }
    append_csv_header(header, columns);
  }
  const auto sink = TRY(open_sink(database, request, table, segments, header));

  std::mutex telling;
  std::vector<std::string> texts(segments);  // of a page; kept for their memory
  const auto write = [&](unsigned segment, const std::vector<Item>& items) -> Result<void> {
    if (items.empty()) return {};
    std::string& text = texts[segment];
    text.clear();
    for (const Item& item : items) {
      if (request.format == LineFormat::csv) {
        TRY(append_csv_row(text, columns, item, request.columns.empty()));
      } else {
        append_item_line(text, request.format, item);
      }
    }
    TRY(sink->write(segment, text, items.size()));
    const std::scoped_lock lock(telling);
    summary.items += items.size();
    summary.text_bytes += text.size();
    if (request.on_progress) {
      request.on_progress(
          {.items = summary.items,
           .text_bytes = summary.text_bytes,
           .items_total = static_cast<std::uint64_t>(std::max<std::int64_t>(table.item_count, 0))});
    }
    return {};
  };
  summary.stopped = !TRY(scan.run(write));
  if (!summary.stopped) summary.path = TRY(sink->finish());
  summary.written_bytes = sink->written_bytes();
  return summary;
}

}  // namespace dynakeep
