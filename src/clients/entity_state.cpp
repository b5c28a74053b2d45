#include "clients/entity_state.h"

#include <charconv>

#include "http/entity_tag.h"

namespace dynakeep::clients {

std::string tag_of_state(const StateTag& state) {
  return http::to_field({.text = std::to_string(state.version) + (state.deleted ? ".d" : "")});
}

std::optional<StateTag> state_of_tag(std::string_view field) {
  const auto condition = http::parse_tag_condition(field);
  if (!condition || condition->tags.size() != 1 || condition->tags.front().weak) {
    return std::nullopt;
  }
  const std::string& text = condition->tags.front().text;
  StateTag state;
  const char* const end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, state.version);
  if (failed != std::errc()) return std::nullopt;
  const std::string_view rest(stopped, static_cast<std::size_t>(end - stopped));
  if (!rest.empty() && rest != ".d") return std::nullopt;
  state.deleted = !rest.empty();
  return state;
}

}  // namespace dynakeep::clients
