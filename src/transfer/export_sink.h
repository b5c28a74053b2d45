#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/table.h"
#include "dynakeep/transfer/export.h"

namespace dynakeep::transfer {

// Where the lines of an export go. write() may be called by several threads at once, of one segment
// by one at a time.
class ExportSink {
 public:
  virtual ~ExportSink() = default;

  virtual Result<void> write(unsigned segment, std::string_view text, std::uint64_t items) = 0;
  // All is written. Gives the path of what is there now.
  virtual Result<std::string> finish() = 0;
  virtual std::uint64_t written_bytes() const = 0;
};

// The sink that the request asks for, of a table with that description; of CSV it begins with
// `header`.
Result<std::unique_ptr<ExportSink>> open_sink(Database& database, const ExportRequest& request,
                                              const TableDescription& table, unsigned segments,
                                              std::string_view header);

}  // namespace dynakeep::transfer
