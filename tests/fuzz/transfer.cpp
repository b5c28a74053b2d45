// Files of items, packed and not, in every format: whatever they hold, reading ends, its positions
// rise, and what comes out is an item that can be written again. The first byte chooses the format.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "dynakeep/json.h"
#include "transfer/compression.h"
#include "transfer/records.h"
#include "transfer/text_source.h"

using namespace dynakeep;

namespace {

constexpr std::size_t line_bytes_max = 300;

void check_item(const Item& item, LineFormat format) {
  std::string line;
  transfer::append_item_line(line, LineFormat::dynamodb_json, item);
  const auto again = transfer::change_of_line(LineFormat::dynamodb_json, line);
  // What is nested too deep, or of no UTF-8, is refused by the table and not by the reader of CSV.
  if (!again) {
    INVARIANT(!stored_bytes(item));
    return;
  }
  INVARIANT(!again->is_removal && again->item == item);
  if (format == LineFormat::json) {
    line.clear();
    transfer::append_item_line(line, LineFormat::json, item);
    const auto plain = transfer::change_of_line(LineFormat::json, line);
    INVARIANT(plain && plain->item == item);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  transfer::TextSource source(std::string(reinterpret_cast<const char*>(data) + 1, size - 1),
                              choice % 7 + 1);
  transfer::Unpacker unpacker(source);
  transfer::ReadAhead bytes(unpacker);

  const auto detected = transfer::detect_format(bytes);
  if (!detected) return 0;
  const LineFormat formats[] = {*detected, LineFormat::dynamodb_json, LineFormat::json,
                                LineFormat::csv};
  const LineFormat format = formats[choice / 7 % 4];
  const CsvImport csv{.delimiter = choice % 2 == 0 ? ',' : ';', .infer_types = choice % 3 == 0};
  const transfer::AttributeTypes types{{"pk", AttributeType::number}};
  const transfer::KeyAttributes keys;
  const auto reader = transfer::read_records(bytes, format, csv, types, keys, line_bytes_max, {});
  if (!reader) return 0;

  ImportPosition before = (*reader)->position();
  while (true) {
    const auto record = (*reader)->next();
    if (!record) return 0;  // damaged
    if (!*record) break;
    const ImportPosition after = (*reader)->position();
    INVARIANT(after.bytes > before.bytes && after.line > before.line);
    INVARIANT((*record)->line >= before.line && (*record)->line < after.line);
    INVARIANT((*record)->text.size() <= line_bytes_max);
    before = after;
    if ((*record)->change) {
      check_item((*record)->change->item, format);
    } else {
      INVARIANT(!(*record)->change.error().message().empty());
    }
  }
  return 0;
}
