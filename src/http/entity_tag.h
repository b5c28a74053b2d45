#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What identifies a representation, and the conditions that name it (RFC 9110, 8.8.3 and 13.1).
namespace dynakeep::http {

struct EntityTag {
  std::string text = {};  // without quotes
  bool weak = false;

  friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

// "text" or W/"text".
std::string to_field(const EntityTag& tag);

// A weak tag of something, by its bytes.
EntityTag weak_tag_of(std::string_view bytes);

// The value of an If-Match or If-None-Match: a list of tags, or '*', which is any.
struct TagCondition {
  bool any = false;
  std::vector<EntityTag> tags = {};

  // By the weak comparison, which asks for the same text alone; of If-None-Match.
  bool names_weakly(const EntityTag& tag) const;
};

// Nothing for what is no such list. Of tags without quotes, which some clients send, the text
// counts.
std::optional<TagCondition> parse_tag_condition(std::string_view field);

}  // namespace dynakeep::http
