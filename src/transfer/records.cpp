#include "transfer/records.h"

#include <algorithm>
#include <array>
#include <utility>

namespace dynakeep::transfer {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view white_space = " \t\r\n";
constexpr std::size_t columns_max = 10'000;

std::string too_long(std::size_t bytes_max) {
  return "longer than " + std::to_string(bytes_max) + " bytes";
}

// Lines of JSON of either kind.
class LineRecords final : public RecordReader {
 public:
  LineRecords(ReadAhead& bytes, LineFormat format, std::size_t line_bytes_max, std::uint64_t line)
      : bytes_(bytes), format_(format), line_bytes_max_(line_bytes_max), line_(line) {}

  Result<std::optional<Record>> next() override {
    while (true) {
      bytes_.take(std::exchange(taken_, 0));
      const std::optional<std::string_view> line = TRY(read_line());
      if (!line) return std::optional<Record>();
      const std::uint64_t number = line_++;
      if (line->size() > line_bytes_max_ || passed_over_) {
        return std::optional(Record{
            .line = number, .text = {}, .change = Error::validation(too_long(line_bytes_max_))});
      }
      if (line->find_first_not_of(white_space) == std::string_view::npos) continue;
      return std::optional(
          Record{.line = number, .text = *line, .change = change_of_line(format_, *line)});
    }
  }

  ImportPosition position() const override {
    return {.bytes = bytes_.position() + taken_, .line = line_};
  }

 private:
  // Of what is longer than a line may be, the rest is passed over.
  Result<std::optional<std::string_view>> read_line() {
    passed_over_ = false;
    std::size_t at = 0;
    while (true) {
      const std::string_view ahead = bytes_.ahead();
      const std::size_t end = ahead.find('\n', at);
      if (end != std::string_view::npos) {
        taken_ = end + 1;
        return std::optional(ahead.substr(0, end));
      }
      at = ahead.size();
      if (at > line_bytes_max_) {
        bytes_.take(at);
        at = 0;
        passed_over_ = true;
      }
      if (TRY(bytes_.more())) continue;
      if (bytes_.ahead().empty() && !passed_over_) return std::optional<std::string_view>();
      taken_ = bytes_.ahead().size();
      return std::optional(bytes_.ahead());
    }
  }

  ReadAhead& bytes_;
  const LineFormat format_;
  const std::size_t line_bytes_max_;
  std::uint64_t line_;
  std::size_t taken_ = 0;
  bool passed_over_ = false;
};

class CsvRecords final : public RecordReader {
 public:
  CsvRecords(ReadAhead& bytes, const CsvImport& csv, const AttributeTypes& types,
             std::size_t record_bytes_max)
      : csv_(csv),
        types_(types),
        reader_(bytes, csv.delimiter, record_bytes_max),
        columns_(csv.columns) {}

  Result<void> begin(const KeyAttributes& keys, const ImportPosition& from) {
    if (columns_.empty()) {
      const auto header = TRY(reader_.next());
      if (!header) return {};  // an empty file
      if (!header->problem.empty()) return Error::validation("the header: " + header->problem);
      for (const CsvCell& cell : reader_.cells()) {
        columns_.push_back(csv_.plain_header ? CsvColumn{.name = cell.text}
                                             : parse_csv_column(cell.text));
      }
    }
    if (columns_.size() > columns_max) return Error::validation("the header has too many columns");
    for (auto column = columns_.begin(); column != columns_.end(); ++column) {
      if (column->name.empty()) return Error::validation("the header has a column without a name");
      if (std::find(columns_.begin(), column, *column) != column) {
        return Error::validation("the header has two columns " + column->name);
      }
    }
    for (const auto& key : keys) {
      const auto of_key = [&](const CsvColumn& column) { return column.name == key.first; };
      if (std::none_of(columns_.begin(), columns_.end(), of_key)) {
        return Error::validation("the header has no column for the key attribute " + key.first);
      }
    }
    return from.bytes > 0 ? reader_.skip_to(from.bytes, from.line) : Result<void>();
  }

  Result<std::optional<Record>> next() override {
    const auto record = TRY(reader_.next());
    if (!record) return std::optional<Record>();
    if (!record->problem.empty()) {
      return std::optional(Record{.line = record->line,
                                  .text = record->text,
                                  .change = Error::validation(record->problem)});
    }
    return std::optional(
        Record{.line = record->line, .text = record->text, .change = change_of_cells()});
  }

  ImportPosition position() const override {
    return {.bytes = reader_.position(), .line = reader_.line()};
  }

 private:
  Result<Change> change_of_cells() {
    return Change{.item = TRY(item_of_cells(columns_, reader_.cells(), types_, csv_.infer_types))};
  }

  const CsvImport& csv_;
  const AttributeTypes& types_;
  CsvReader reader_;
  std::vector<CsvColumn> columns_;
};

}  // namespace

Result<LineFormat> detect_format(ReadAhead& bytes) {
  constexpr std::size_t looked_at_max = 65536;
  constexpr std::array<std::string_view, 6> members = {"Item",     "Keys",     "Key",
                                                       "Metadata", "NewImage", "OldImage"};
  // Enough for the first member's name and what comes behind it, if there is that much.
  while (bytes.ahead().size() < looked_at_max && TRY(bytes.more())) {
  }
  std::string_view text = bytes.ahead().substr(0, looked_at_max);
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const auto skip_space = [&text] {
    text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
  };
  skip_space();
  if (!text.starts_with('{')) return LineFormat::csv;
  text.remove_prefix(1);
  skip_space();
  for (const std::string_view member : members) {
    const std::string quoted = '"' + std::string(member) + '"';
    if (!text.starts_with(quoted)) continue;
    text.remove_prefix(quoted.size());
    skip_space();
    if (!text.starts_with(':')) break;
    text.remove_prefix(1);
    skip_space();
    if (text.starts_with('{')) return LineFormat::dynamodb_json;
    break;
  }
  return LineFormat::json;
}

Result<std::unique_ptr<RecordReader>> read_records(
    ReadAhead& bytes, LineFormat format, const CsvImport& csv, const AttributeTypes& types,
    const KeyAttributes& keys, std::size_t line_bytes_max, const ImportPosition& from) {
  while (bytes.ahead().size() < byte_order_mark.size() && TRY(bytes.more())) {
  }
  if (bytes.ahead().starts_with(byte_order_mark)) bytes.take(byte_order_mark.size());
  if (format == LineFormat::csv) {
    auto reader = std::make_unique<CsvRecords>(bytes, csv, types, line_bytes_max);
    TRY(reader->begin(keys, from));
    return std::unique_ptr<RecordReader>(std::move(reader));
  }
  if (from.bytes > 0) TRY(bytes.skip_to(from.bytes));
  return std::unique_ptr<RecordReader>(
      std::make_unique<LineRecords>(bytes, format, line_bytes_max, from.line));
}

}  // namespace dynakeep::transfer
