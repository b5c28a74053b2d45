#include "expression/update.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "expression/paths.h"
#include "expression/prune.h"
#include "model/encoded_number.h"
#include "model/limits.h"

// First all operands are read from the old item, in the order of the text. Then one walk over the
// old bytes writes the new ones: the actions in order of their paths, each container along a path
// taken apart one level, everything else copied as it stands.

namespace dynakeep::expression {
namespace {

using model::ListView;
using model::MapView;
using model::SetView;
using model::ValueTag;
using model::ValueView;

Error invalid_path() {
  return Error::validation(
      "The document path provided in the update expression is invalid for update");
}
Error incorrect_type() {
  return Error::validation("An operand in the update expression has an incorrect data type");
}
Error missing_attribute() {
  return Error::validation(
      "The provided expression refers to an attribute that does not exist in the item");
}

// An action with its operand read: what SET stores, or what ADD and DELETE bring.
struct Edit {
  ValueView value = {};
  std::string made = {};  // holds `value` if no item and no request does
};

// Takes a run of neighbouring bytes as one copy.
class Copier {
 public:
  explicit Copier(std::string& out) : out_(out) {}
  ~Copier() { flush(); }
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;

  // `bytes` must follow the last ones in memory, or flush() must have been called since.
  void copy(std::string_view bytes) {
    run_ = run_.empty() ? bytes : std::string_view(run_.data(), run_.size() + bytes.size());
  }
  void flush() {
    out_ += run_;
    run_ = {};
  }

 private:
  std::string& out_;
  std::string_view run_;
};

// The values of a list one after another, without their count.
std::string_view elements_of(ListView list, std::string_view payload) {
  return payload.substr(base::varint_size(list.size()));
}

void append_counted(std::string& out, ValueTag tag, std::size_t count, std::string_view parts) {
  std::string head;
  base::append_varint(head, count);
  out.push_back(static_cast<char>(tag));
  base::append_varint(out, head.size() + parts.size());
  out += head;
  out += parts;
}

// Levels of lists and maps within each other; 1 for anything else.
std::size_t levels_of(ValueView value) {
  std::size_t below = 0;
  if (value.is(ValueTag::list)) {
    for (auto each = value.list().begin(); !each.done(); each.next()) {
      below = std::max(below, levels_of(each.value()));
    }
  } else if (value.is(ValueTag::map)) {
    for (auto each = value.map().begin(); !each.done(); each.next()) {
      below = std::max(below, levels_of(each.value()));
    }
  }
  return below + 1;
}

void append_member(std::string& out, std::string_view member) {
  base::append_varint(out, member.size());
  out += member;
}

// Members of either.
void append_union(std::string& out, ValueTag tag, SetView a, SetView b) {
  std::string parts;
  std::size_t count = 0;
  auto left = a.begin();
  auto right = b.begin();
  for (; !left.done() || !right.done(); ++count) {
    const int order = left.done() ? 1 : right.done() ? -1 : left.member().compare(right.member());
    append_member(parts, order <= 0 ? left.member() : right.member());
    if (order <= 0) left.next();
    if (order >= 0) right.next();
  }
  append_counted(out, tag, count, parts);
}

// Members of `a` that are not in `b`. False, and nothing appended, if there are none.
bool append_difference(std::string& out, ValueTag tag, SetView a, SetView b) {
  std::string parts;
  std::size_t count = 0;
  auto removed = b.begin();
  for (auto each = a.begin(); !each.done(); each.next()) {
    while (!removed.done() && removed.member() < each.member()) removed.next();
    if (!removed.done() && removed.member() == each.member()) continue;
    append_member(parts, each.member());
    ++count;
  }
  if (count == 0) return false;
  append_counted(out, tag, count, parts);
  return true;
}

Result<void> append_sum(std::string& out, ValueView a, ValueView b, bool negate_b) {
  const Number left = model::decode_number(a.payload());
  const Number right = model::decode_number(b.payload());
  std::string sum;
  model::append_number(sum, TRY(negate_b ? subtract(left, right) : add(left, right)));
  model::append_value(out, ValueTag::number, sum);
  return {};
}

class Application {
 public:
  Application(const Update& update, MapView old) : update_(update), old_(old) {}

  Result<std::string> run() {
    const auto& actions = update_.tree().actions;
    edits_.resize(actions.size());
    std::size_t bytes_more = 0;
    for (std::size_t at = 0; at < actions.size(); ++at) {
      TRY(read(actions[at], edits_[at]));
      bytes_more += edits_[at].value.bytes().size() + top_level_name(actions[at]).size();
    }

    std::string entries;
    entries.reserve(old_.payload().size() + bytes_more + 4 * actions.size());
    const std::size_t count =
        TRY(append_entries(entries, old_, PathBranch(update_, update_.paths(), update_.order())));
    std::string item;
    item.reserve(entries.size() + 1 + base::varint_bytes_max);
    model::append_item_head(item, count);
    item += entries;
    return item;
  }

 private:
  // ---- reading operands ----

  const Node& child(const Node& node, std::uint32_t at) const {
    return update_.tree().nodes[update_.tree().children[node.first_child + at]];
  }

  Result<void> read(const Action& action, Edit& edit) const {
    if (action.kind == ActionKind::remove) return {};
    if (action.kind == ActionKind::set) TRY(check_container(action.path));
    const Node& node = update_.tree().nodes[action.operand];
    if (node.kind == NodeKind::plus || node.kind == NodeKind::minus) {
      const ValueView left = TRY(operand(child(node, 0), ValueTag::number));
      const ValueView right = TRY(operand(child(node, 1), ValueTag::number));
      TRY(append_sum(edit.made, left, right, node.kind == NodeKind::minus));
      edit.value = ValueView(edit.made);
    } else if (node.kind == NodeKind::function && node.function == Function::list_append) {
      const ValueView front = TRY(operand(child(node, 0), ValueTag::list));
      const ValueView back = TRY(operand(child(node, 1), ValueTag::list));
      std::string parts(elements_of(front.list(), front.payload()));
      parts += elements_of(back.list(), back.payload());
      append_counted(edit.made, ValueTag::list, front.list().size() + back.list().size(), parts);
      edit.value = ValueView(edit.made);
    } else {
      edit.value = TRY(operand(node));
    }
    // Alone at the top a value is within bounds, since requests and items are.
    const std::size_t levels_above = action.path.count - 1;
    if (levels_above > 0 && levels_above + levels_of(edit.value) > model::nesting_levels_max) {
      return Error::validation("Nesting Levels have exceeded supported limits");
    }
    return {};
  }

  // That there is something in which the last step of the path may be set: the complaint comes
  // before any about the operand.
  Result<void> check_container(Path path) const {
    if (path.count == 1) return {};
    const bool by_index = update_.tree().steps[path.first + path.count - 1].is_index;
    const Path above{.first = path.first, .count = path.count - 1};
    const ValueView container = find(update_, above, old_);
    if (!container.is(by_index ? ValueTag::list : ValueTag::map)) return invalid_path();
    return {};
  }

  // An operand that must be of a type.
  Result<ValueView> operand(const Node& node, ValueTag wanted) const {
    const ValueView found = TRY(operand(node));
    if (!found.is(wanted)) return incorrect_type();
    return found;
  }

  // A path, a value, or if_not_exists.
  Result<ValueView> operand(const Node& node) const {
    if (node.kind == NodeKind::value) return update_.value(node.slot);
    if (node.kind == NodeKind::path) {
      const ValueView found = find(update_, node.path, old_);
      if (!found.exists()) return missing_attribute();
      return found;
    }
    // Where the first operand is there, the second need not be. (DynamoDB Local of 2020 wants
    // both.)
    const ValueView found = find(update_, child(node, 0).path, old_);
    if (found.exists()) return found;
    return operand(child(node, 1));
  }

  // ---- writing ----

  std::string_view top_level_name(const Action& action) const {
    return update_.name(update_.tree().steps[action.path.first].number);
  }

  // Appends the entries of `map` as the actions leave them. Returns how many there are. Entries and
  // actions are both in order: one walk over each.
  Result<std::size_t> append_entries(std::string& out, MapView map, PathBranch branch) const {
    std::size_t count = 0;
    Copier copier(out);
    auto entry = map.begin();
    while (!branch.empty()) {
      const std::string_view name = branch.name();
      int ahead = 1;
      for (; !entry.done() && (ahead = entry.name().compare(name)) < 0; entry.next(), ++count) {
        copier.copy(entry.entry());
      }
      copier.flush();
      const bool is_there = !entry.done() && ahead == 0;
      const std::size_t before = out.size();
      model::append_name(out, name);
      const ValueView old = is_there ? entry.value() : ValueView();
      if (TRY(append_changed(out, old, branch.take()))) {
        ++count;
      } else {
        out.resize(before);
      }
      if (is_there) entry.next();
    }
    for (; !entry.done(); entry.next(), ++count) copier.copy(entry.entry());
    return count;
  }

  // Appends the elements of `list` as the actions leave them: those past the end close up behind
  // it.
  Result<std::size_t> append_elements(std::string& out, ListView list, PathBranch branch) const {
    std::size_t count = 0;
    Copier copier(out);
    std::uint32_t at = 0;
    for (auto each = list.begin(); !each.done(); each.next(), ++at) {
      if (branch.empty() || branch.index() != at) {
        copier.copy(each.value().bytes());
        ++count;
        continue;
      }
      copier.flush();
      if (TRY(append_changed(out, each.value(), branch.take()))) ++count;
    }
    copier.flush();
    while (!branch.empty()) {
      if (TRY(append_changed(out, {}, branch.take()))) ++count;
    }
    return count;
  }

  // Appends what the branch's actions make of the value it leads to; `old` does not exist if there
  // is none. False, with nothing appended, if none is left.
  Result<bool> append_changed(std::string& out, ValueView old, PathBranch branch) const {
    if (branch.is_leaf()) return append_leaf(out, old, branch.position());
    const bool by_index = branch.by_index();
    if (!old.is(by_index ? ValueTag::list : ValueTag::map)) return invalid_path();
    std::string parts;
    parts.reserve(old.payload().size());
    const std::size_t count = by_index ? TRY(append_elements(parts, old.list(), branch))
                                       : TRY(append_entries(parts, old.map(), branch));
    append_counted(out, old.tag(), count, parts);
    return true;
  }

  Result<bool> append_leaf(std::string& out, ValueView old, std::uint32_t action) const {
    const ValueView value = edits_[action].value;
    switch (update_.tree().actions[action].kind) {
      case ActionKind::set:
        out += value.bytes();
        return true;
      case ActionKind::remove:
        return false;
      case ActionKind::add:
        if (!old.exists()) {
          out += value.bytes();
          return true;
        }
        if (old.tag() != value.tag()) return incorrect_type();
        if (value.is(ValueTag::number)) {
          TRY(append_sum(out, old, value, false));
        } else {
          append_union(out, value.tag(), old.set(), value.set());
        }
        return true;
      case ActionKind::remove_members:
        if (!old.exists()) return false;
        if (old.tag() != value.tag()) return incorrect_type();
        return append_difference(out, value.tag(), old.set(), value.set());
    }
    return false;
  }

  const Update& update_;
  MapView old_;
  std::vector<Edit> edits_;  // by action; never resized once read, since values may point into it
};

}  // namespace

Result<std::string> apply(const Update& update, MapView old) {
  return Application(update, old).run();
}

std::string updated_attributes(const Update& update, MapView item) {
  return prune(update, update.paths(), update.order(), item);
}

}  // namespace dynakeep::expression
