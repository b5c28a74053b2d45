#include "event_inspector.h"

#include <utility>

#include <fmt/format.h>

namespace dynakeep::app {

void EventInspector::see(const Item& item) {
  ++events_;
  const std::string& key = item.at("aggregateId").as_string();
  if (key_ != key) begin_aggregate(key);
  check_version(item);

  if (const auto event = Event::from_item(item); !event) {
    problem("malformed", event.error().message());
  } else if (event->timestamp().empty()) {
    problem("timestamp", version_ == 1 ? "has no timestamp, so that the aggregate is not listed"
                                       : "has no timestamp");
  }
  check_index(item);
}

void EventInspector::begin_aggregate(const std::string& key) {
  ++aggregates_;
  key_ = key;
  next_version_ = 1;
  version_.reset();
  const auto mark = legacy_ ? std::string::npos : key.find('#');
  store_ = mark == std::string::npos ? "" : key.substr(0, mark);
  aggregate_id_ = mark == std::string::npos ? key : key.substr(mark + 1);
  if (!legacy_ && (store_.empty() || aggregate_id_.empty())) {
    problem("key", fmt::format("the key '{}' is not of an event store, '#' and an aggregate", key));
  }
}

void EventInspector::check_version(const Item& item) {
  const Number& number = item.at("version").as_number();
  version_ = number.to_int64();
  if (!version_) return;  // malformed, and said so by Event
  if (*version_ < 1) {
    problem("malformed", "a version below 1");
    return;
  }
  if (*version_ > next_version_) {
    const Version last = *version_ - 1;
    std::string what = last == next_version_
                           ? fmt::format("version {} is missing", last)
                           : fmt::format("versions {} to {} are missing", next_version_, last);
    if (next_version_ == 1) what += ", so that the aggregate is not listed";
    problem("gap", std::move(what));
  }
  next_version_ = *version_ + 1;
}

void EventInspector::check_index(const Item& item) {
  const AttributeValue* mark = item.find(legacy_ ? "isInitialEvent" : "eventStoreId");
  const AttributeValue expected = legacy_ ? AttributeValue(1) : AttributeValue(store_);
  const std::string_view name = legacy_ ? "isInitialEvent" : "eventStoreId";
  if (version_ != 1) {
    if (mark != nullptr) {
      problem("index",
              fmt::format("carries {}, so that the aggregate is listed more than once", name));
    }
  } else if (mark == nullptr) {
    problem("index", fmt::format("lacks {}, so that the aggregate is not listed", name));
  } else if (*mark != expected) {
    problem("index",
            fmt::format("its {} is not that of its key, so that the aggregate is listed elsewhere",
                        name));
  }
}

void EventInspector::problem(std::string_view kind, std::string what) {
  ++problems_;
  report_({.kind = kind,
           .event_store_id = store_,
           .aggregate_id = aggregate_id_,
           .version = version_,
           .what = std::move(what)});
}

}  // namespace dynakeep::app
