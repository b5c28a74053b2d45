#include "table_printer.h"

#include <algorithm>
#include <ostream>
#include <utility>

namespace dynakeep::app {

namespace {

constexpr std::size_t rows_waiting_max = 500;
constexpr std::size_t gap = 2;              // columns between two cells
constexpr std::size_t last_column_min = 8;  // however narrow the terminal is

}  // namespace

TablePrinter::TablePrinter(std::ostream& out, const Terminal& terminal, std::vector<Column> columns)
    : out_(out), terminal_(terminal), columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(display_width(column.heading));
}

void TablePrinter::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  if (begun_) {
    print(cells, false);
    return;
  }
  for (std::size_t at = 0; at < cells.size(); ++at) {
    widths_[at] = std::max(widths_[at], display_width(cells[at]));
  }
  waiting_.push_back(std::move(cells));
  if (waiting_.size() == rows_waiting_max) finish();
}

void TablePrinter::finish() {
  if (!begun_) {
    begun_ = true;
    std::vector<std::string> headings;
    headings.reserve(columns_.size());
    for (const Column& column : columns_) headings.emplace_back(column.heading);
    print(headings, true);
  }
  for (const auto& cells : std::exchange(waiting_, {})) print(cells, false);
  out_.flush();
}

void TablePrinter::print(const std::vector<std::string>& cells, bool heading) {
  std::string line;
  std::size_t used = 0;
  for (std::size_t at = 0; at < cells.size(); ++at) {
    const bool last = at + 1 == cells.size();
    std::string cell = cells[at];
    if (last && terminal_.columns != 0) {
      const std::size_t left = terminal_.columns > used ? terminal_.columns - used : 0;
      cell = cut_to_width(cell, std::max(left, last_column_min));
    }
    const std::size_t width = display_width(cell);
    const std::string padding(widths_[at] > width ? widths_[at] - width : 0, ' ');
    const std::string shown =
        painted(terminal_, heading ? Colour::bold : columns_[at].colour, cell);
    if (columns_[at].to_the_right) {
      line += padding + shown;
    } else {
      line += last ? shown : shown + padding;
    }
    if (!last) line.append(gap, ' ');
    used += std::max(widths_[at], width) + gap;
  }
  // An empty last cell leaves no blanks behind.
  line.erase(line.find_last_not_of(' ') + 1);
  out_ << line << '\n';
}

}  // namespace dynakeep::app
