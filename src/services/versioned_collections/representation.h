#pragma once

#include <cstdint>
#include <string>

#include "dynakeep/stores/versioned_collections.h"

// Resources as JSON, as clients see them.
namespace dynakeep::services::collections {

enum class View : std::uint8_t {
  plain,  // dynamodb-mini's, to the byte
  full,   // with revision, createdAt, by, message and restoredFrom in `meta`
};

// Appends {"meta":{…},"name":…,"value":…}.
void append_resource(std::string& out, const ResourceVersion& version, View view = View::plain);

// Appends name and value, each with a comma before it: `,"name":…,"value":…`. What is absent is
// left out.
void append_content(std::string& out, const ResourceVersion& version, bool with_value = true);

// Appends JSON text without the white space between its parts.
void append_compact_json(std::string& out, const std::string& text);

}  // namespace dynakeep::services::collections
