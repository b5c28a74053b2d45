#include <algorithm>
#include <utility>

#include "dynakeep/stores/events.h"
#include "stores/event_store/attributes.h"

namespace dynakeep {

using namespace event_store;  // NOLINT: the names of attributes

Result<EventImageParser> EventImageParser::for_stores(std::vector<std::string> event_store_ids) {
  for (const std::string& id : event_store_ids) TRY(check_event_store_id(id));
  std::sort(event_store_ids.begin(), event_store_ids.end());
  return EventImageParser(std::move(event_store_ids));
}

Result<NotificationMessage> EventImageParser::parse(const Item& image) const {
  const auto key = AttributeView(image)[aggregate_id_attribute].text();
  if (!key) {
    return Error(ErrorCode::malformed_item, "The image has no aggregateId that is text");
  }
  const std::size_t separator = key->find(key_separator);
  if (separator == std::string_view::npos) {
    return Error(ErrorCode::malformed_item,
                 "The image's aggregateId, " + std::string(*key) + ", names no event store");
  }
  std::string event_store_id(key->substr(0, separator));
  if (!std::binary_search(event_store_ids_.begin(), event_store_ids_.end(), event_store_id)) {
    return Error(
        ErrorCode::invalid_argument,
        "Unable to detect eventStore from image. Received eventStoreId: " + event_store_id);
  }
  Event event = TRY(Event::from_item(image, key->substr(0, separator + 1)));
  return NotificationMessage{.event_store_id = std::move(event_store_id),
                             .event = std::move(event)};
}

}  // namespace dynakeep
