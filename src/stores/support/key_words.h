#pragma once

#include <string>
#include <vector>

#include "dynakeep/table.h"

namespace dynakeep::stores {

// The keys of a table, for a person: "userId (partition, string), id (sort, string)".
std::string words_of(const KeySchema& schema, const std::vector<AttributeDefinition>& types);

}  // namespace dynakeep::stores
