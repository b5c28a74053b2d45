#include "expression/paths.h"

#include <algorithm>
#include <numeric>

namespace dynakeep::expression {
namespace {

const Step& step_of(const Bound& bound, Path path, std::uint32_t at) {
  return bound.tree().steps[path.first + at];
}

std::strong_ordering compare_steps(const Bound& bound, const Step& a, const Step& b) {
  if (a.is_index != b.is_index) {
    return a.is_index ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (a.is_index) return a.number <=> b.number;
  if (a.number == b.number) return std::strong_ordering::equal;
  return bound.name(a.number).compare(bound.name(b.number)) <=> 0;
}

// How many steps the two have in common from their beginning.
std::uint32_t common_steps(const Bound& bound, Path a, Path b) {
  const std::uint32_t count = std::min(a.count, b.count);
  std::uint32_t at = 0;
  while (at < count && compare_steps(bound, step_of(bound, a, at), step_of(bound, b, at)) == 0)
    ++at;
  return at;
}

// "overlap", "conflict", or nothing if both may stand in one expression.
const char* clash(const Bound& bound, Path a, Path b) {
  const std::uint32_t common = common_steps(bound, a, b);
  if (common == a.count || common == b.count) return "overlap";
  const bool kinds_differ =
      step_of(bound, a, common).is_index != step_of(bound, b, common).is_index;
  return kinds_differ ? "conflict" : nullptr;
}

}  // namespace

model::ValueView find(const Bound& bound, Path path, model::MapView item) {
  model::ValueView found = item.find(bound.name(step_of(bound, path, 0).number));
  for (std::uint32_t at = 1; at < path.count && found.exists(); ++at) {
    const Step& step = step_of(bound, path, at);
    if (step.is_index) {
      found = found.is(model::ValueTag::list) ? found.list()[step.number] : model::ValueView();
    } else {
      found = found.is(model::ValueTag::map) ? found.map().find(bound.name(step.number))
                                             : model::ValueView();
    }
  }
  return found;
}

std::strong_ordering compare(const Bound& bound, Path a, Path b) {
  const std::uint32_t common = common_steps(bound, a, b);
  if (common == a.count || common == b.count) return a.count <=> b.count;
  return compare_steps(bound, step_of(bound, a, common), step_of(bound, b, common));
}

std::string to_text(const Bound& bound, Path path) {
  std::string text = "[";
  for (std::uint32_t at = 0; at < path.count; ++at) {
    const Step& step = step_of(bound, path, at);
    if (at > 0) text += ", ";
    if (step.is_index) {
      text += "[" + std::to_string(step.number) + "]";
    } else {
      text += bound.name(step.number);
    }
  }
  return text + "]";
}

Result<std::vector<std::uint32_t>> distinct_order(const Bound& bound,
                                                  const std::vector<Path>& paths) {
  std::vector<std::uint32_t> order(paths.size());
  std::iota(order.begin(), order.end(), 0);
  if (paths.size() < 2) return order;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return compare(bound, paths[a], paths[b]) < 0;
  });
  // In this order two paths that clash have two neighbours between them that do.
  const auto clashing =
      std::adjacent_find(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return clash(bound, paths[a], paths[b]) != nullptr;
      });
  if (clashing == order.end()) return order;

  // DynamoDB takes the paths from the last to the first and complains of the first one so met that
  // clashes with one before it.
  for (std::size_t one = paths.size() - 1; one-- > 0;) {
    for (std::size_t two = one + 1; two < paths.size(); ++two) {
      const char* const how = clash(bound, paths[one], paths[two]);
      if (how == nullptr) continue;
      return Error::validation(std::string("Two document paths ") + how +
                               " with each other; must remove or rewrite one of these paths; "
                               "path one: " +
                               to_text(bound, paths[one]) +
                               ", path two: " + to_text(bound, paths[two]));
    }
  }
  return order;
}

PathBranch PathBranch::take() {
  std::size_t count = 1;
  while (count < order_.size() && compare_steps(*bound_, next(), next(count)) == 0) ++count;
  PathBranch branch = *this;
  branch.order_ = order_.first(count);
  ++branch.depth_;
  order_ = order_.subspan(count);
  return branch;
}

}  // namespace dynakeep::expression
