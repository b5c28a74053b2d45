#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "terminal.h"

namespace dynakeep::app {

struct Column {
  std::string_view heading = {};
  bool to_the_right = false;  // numbers
  Colour colour = Colour::plain;
};

// Rows in aligned columns under a line of headings, for people. Widths are those of the first rows,
// which wait until there are enough or finish() is called, so that a listing of any length needs
// little memory and begins soon. The last column is cut where the terminal's line ends.
class TablePrinter {
 public:
  TablePrinter(std::ostream& out, const Terminal& terminal, std::vector<Column> columns);

  // A cell for each column. Whatever is in them is made printable.
  void add(std::vector<std::string> cells);

  // Prints what waits; with no row at all, the headings.
  void finish();

 private:
  void print(const std::vector<std::string>& cells, bool heading);

  std::ostream& out_;
  Terminal terminal_;
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> waiting_;
  bool begun_ = false;
};

}  // namespace dynakeep::app
