#include "expression/projection.h"

#include "expression/prune.h"

namespace dynakeep::expression {

std::string project(const Projection& projection, model::MapView item) {
  return prune(projection, projection.tree().paths, projection.order(), item);
}

}  // namespace dynakeep::expression
