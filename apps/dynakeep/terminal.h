#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dynakeep::app {

// What one of the program's streams is connected to, and so how to write to it.
struct Terminal {
  bool interactive = false;  // a person is looking
  bool colours = false;      // a person is, and neither NO_COLOR nor TERM=dumb speaks against them
  std::size_t columns = 0;   // of one line; 0: no bound, as when written to a file
};

// `descriptor` as in STDOUT_FILENO.
Terminal terminal_of(int descriptor);

enum class Colour : std::uint8_t { plain, bold, dim, red, green, yellow, cyan };

// The text in that colour; as it is where there are none.
std::string painted(const Terminal& terminal, Colour colour, std::string_view text);

// The text as it may be shown on a terminal, whatever is in it: control characters, and those that
// turn the direction of writing around, as "\u001b". For what came from a database, where anyone
// may have put an escape sequence.
std::string printable(std::string_view text);

// How many columns a terminal shows printable text in: letters of East Asia and most emoji take
// two, marks that are put over others none.
std::size_t display_width(std::string_view text);

// As much of the text as fits, ending in "…" if that is not all of it.
std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace dynakeep::app
