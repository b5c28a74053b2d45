#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "dynakeep/item.h"
#include "dynakeep/transfer/format.h"
#include "dynakeep/transfer/import.h"
#include "transfer/csv.h"
#include "transfer/read_ahead.h"
#include "transfer/table_keys.h"

namespace dynakeep::transfer {

// What one record of a file asks for: the item put, or the item of this key removed.
struct Change {
  Item item = {};
  bool is_removal = false;
};

struct Record {
  std::uint64_t line = 0;
  std::string_view text = {};  // as it stands; valid until the next is read
  Result<Change> change;       // or why it is none
};

// The records of a file, one after the other.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // Nothing: the end. An error is the source's; records that are wrong have one of their own.
  virtual Result<std::optional<Record>> next() = 0;

  // Where whoever goes on another time begins: behind the last record.
  virtual ImportPosition position() const = 0;
};

// What the text is about, told by its beginning: an object is JSON, DynamoDB's if its first member
// is Item or one of those of an incremental export; all else is CSV.
Result<LineFormat> detect_format(ReadAhead& bytes);

// `types` are those of attributes of the table's keys and of its indexes', `keys` its own key.
// `from` is where to begin; of CSV the header is read first. validation: the header makes no sense,
// or has no column for the key. All that is passed must outlive the reader.
Result<std::unique_ptr<RecordReader>> read_records(
    ReadAhead& bytes, LineFormat format, const CsvImport& csv, const AttributeTypes& types,
    const KeyAttributes& keys, std::size_t line_bytes_max, const ImportPosition& from);

// A line of DynamoDB JSON or of JSON.
Result<Change> change_of_line(LineFormat format, std::string_view line);

// The item as such a line, with the line end.
void append_item_line(std::string& out, LineFormat format, const Item& item);

}  // namespace dynakeep::transfer
