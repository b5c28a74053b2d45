#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

// Paths in order, seen as the tree that they make: those that share their first `depth` steps are a
// branch, which is a leaf if it is one path that ends there. Walked in order, without allocation.
class PathBranch {
 public:
  // All of `paths`, at depth 0. `order` is distinct_order's; all three must outlive the branch.
  PathBranch(const Bound& bound, std::span<const Path> paths, std::span<const std::uint32_t> order)
      : bound_(&bound), paths_(paths), order_(order) {}

  bool empty() const { return order_.empty(); }
  bool is_leaf() const { return paths_[order_.front()].count == depth_; }
  std::uint32_t position() const { return order_.front(); }  // among `paths`, of the first

  // The first path's next step; of a branch that is no leaf, whose steps are all indexes or all
  // names.
  bool by_index() const { return next().is_index; }
  std::uint32_t index() const { return next().number; }
  std::string_view name() const { return bound_->name(next().number); }

  // Takes off all paths that share that step: a branch one deeper.
  PathBranch take();

 private:
  const Step& next(std::size_t at = 0) const {
    return bound_->tree().steps[paths_[order_[at]].first + depth_];
  }

  const Bound* bound_;
  std::span<const Path> paths_;
  std::span<const std::uint32_t> order_;
  std::uint32_t depth_ = 0;
};

}  // namespace dynakeep::expression
