#include "transfer_flags.h"

#include <fmt/format.h>

namespace dynakeep::app {

std::vector<CsvColumn> columns_of(const std::vector<std::string>& texts) {
  std::vector<CsvColumn> columns;
  columns.reserve(texts.size());
  for (const std::string& text : texts) columns.push_back(parse_csv_column(text));
  return columns;
}

double Pace::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
}

std::string Pace::text(std::uint64_t bytes, double part) const {
  const double passed = seconds();
  if (passed <= 0) return {};
  std::string text = fmt::format("{:.1f} MB/s", static_cast<double>(bytes) / 1e6 / passed);
  if (part > 0 && part <= 1) text += fmt::format(", {:.0f} s left", passed / part * (1 - part));
  return text;
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace dynakeep::app
