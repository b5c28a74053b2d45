#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "dynakeep/result.h"
#include "expression/bind.h"
#include "model/encoded_item.h"

// Document paths with their names filled in.
namespace dynakeep::expression {

// What the path leads to; does not exist if nothing, or if a step meets neither map nor list.
model::ValueView find(const Bound& bound, Path path, model::MapView item);

// Step by step; an index comes before a name, and a path before those that go on from it.
std::strong_ordering compare(const Bound& bound, Path a, Path b);

// As DynamoDB writes paths in its complaints: "[a, [0], b]".
std::string to_text(const Bound& bound, Path path);

// The positions of `paths` in order of the paths. Refuses paths of which one begins with another
// ("overlap"), and those that take one thing for a map and for a list ("conflict").
Result<std::vector<std::uint32_t>> distinct_order(const Bound& bound,
                                                  const std::vector<Path>& paths);

}  // namespace dynakeep::expression
