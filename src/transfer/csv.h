#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/attribute_view.h"
#include "dynakeep/item.h"
#include "dynakeep/transfer/format.h"
#include "transfer/read_ahead.h"

// Items as rows of CSV (RFC 4180). A cell that is empty is no attribute; one that is empty between
// quotes ("") is empty text. Sets are JSON arrays, lists and maps are dynakeep/tagged_json.h.
namespace dynakeep::transfer {

struct CsvCell {
  std::string text = {};
  bool quoted = false;
};

// One record: a line, or several if there are line ends between quotes.
struct CsvRecord {
  std::uint64_t line = 0;      // that it begins in; the first is 1
  std::string_view text = {};  // as it stands, without the line end; valid until the next
  std::string problem = {};    // why there are no cells
};

class CsvReader {
 public:
  // Records longer than `record_bytes_max` are passed over and told as a problem.
  CsvReader(ReadAhead& bytes, char delimiter, std::size_t record_bytes_max);

  // Nothing: the end. Lines that are empty are passed over. After a record that breaks the rules of
  // quoting, it goes on with the next line.
  Result<std::optional<CsvRecord>> next();
  // Of the last record, if it has no problem.
  const std::vector<CsvCell>& cells() const { return cells_; }

  // Goes on where the line of that number begins.
  Result<void> skip_to(std::uint64_t position, std::uint64_t line) {
    bytes_.take(taken_);
    taken_ = 0;
    line_ = line;
    return bytes_.skip_to(position);
  }

  // Behind the last record.
  std::uint64_t position() const { return bytes_.position() + taken_; }
  std::uint64_t line() const { return line_; }

 private:
  Result<CsvRecord> skip_line(CsvRecord record, std::size_t at, std::string problem);
  CsvCell& cell_at(std::size_t index);

  ReadAhead& bytes_;
  const char delimiter_;
  const std::size_t record_bytes_max_;
  std::uint64_t line_ = 1;
  std::size_t taken_ = 0;  // of what is ahead: the record told last
  std::vector<CsvCell> cells_;
};

using AttributeTypes = std::map<std::string, AttributeType, std::less<>>;

// What a row says of an item. validation or serialization, for a person: cells that are not of
// their column's type, and too many or too few of them.
//
// `types` are those of columns that do not say theirs. `infer`: where there is none either, true
// and false are booleans, and what reads as a number is one.
Result<Item> item_of_cells(const std::vector<CsvColumn>& columns, const std::vector<CsvCell>& cells,
                           const AttributeTypes& types, bool infer);

// A row of the item, with the line end. validation: a column has another type than the attribute,
// or, if it is to be `complete`, there is no column for one.
Result<void> append_csv_row(std::string& out, const std::vector<CsvColumn>& columns,
                            const Item& item, bool complete);
// The header, with the line end. Every column has a type.
void append_csv_header(std::string& out, const std::vector<CsvColumn>& columns);

}  // namespace dynakeep::transfer
