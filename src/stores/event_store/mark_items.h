#pragma once

#include "dynakeep/attribute_view.h"
#include "dynakeep/stores/event_marks.h"

// Marks and histories as attributes of items, for all that keep them.
namespace dynakeep::event_store {

// First and last version of each range, in order: [3, 3, 7, 9].
AttributeValue missing_to_attribute(const EventMark& mark);

// Of a map with version and, if it has them, missing and revision. malformed_item: it is no mark.
Result<EventMark> mark_from(const AttributeView& attributes);

// done, events, generation and, if it has them, after, gap, mustClear and epoch; without a key.
Item history_item(const EventHistory& history);
EventHistory history_from(const AttributeView& attributes);

// "ORDERS#o-77", in a legacy table too.
std::string mark_text(const AggregateKey& aggregate);

// 1 to 128 of A-Z, a-z, 0-9, "_", ".", "-".
bool is_subscription_name(std::string_view name);

}  // namespace dynakeep::event_store
