#include "ages.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace dynakeep::app {

std::string age_text(std::chrono::milliseconds age) {
  struct Unit {
    std::string_view letter;
    std::int64_t seconds;
  };
  constexpr auto units = std::to_array<Unit>({{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}});
  const std::int64_t seconds = age.count() < 0 ? 0 : age.count() / 1000;
  const auto text_of = [](std::int64_t count, const Unit& unit) {
    return std::to_string(count).append(unit.letter);
  };
  for (std::size_t at = 0; at < units.size(); ++at) {
    const std::int64_t count = seconds / units[at].seconds;
    if (count == 0) continue;
    std::string text = text_of(count, units[at]);
    if (at + 1 == units.size()) return text;
    const std::int64_t rest = seconds % units[at].seconds / units[at + 1].seconds;
    return rest == 0 ? text : text + " " + text_of(rest, units[at + 1]);
  }
  return "0s";
}

}  // namespace dynakeep::app
