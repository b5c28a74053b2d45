#include "stores/support/time_to_live.h"

#include <utility>

#include "base/log.h"

namespace dynakeep::stores {
namespace {

bool is_on(TimeToLiveStatus status) {
  return status == TimeToLiveStatus::enabled || status == TimeToLiveStatus::enabling;
}

// Whether it is on for the attribute. invalid_argument: for another one.
Result<bool> is_on_for(Database& database, const std::string& table, std::string_view attribute) {
  const auto described = TRY(database.describe_time_to_live({.table_name = table}));
  const TimeToLiveDescription& found = described.time_to_live_description;
  if (!found.time_to_live_status || !is_on(*found.time_to_live_status)) return false;
  const std::string on = found.attribute_name.value_or("");
  if (on == attribute) return true;
  return Error(ErrorCode::invalid_argument, "The time to live of table \"" + table + "\" is \"" +
                                                on + "\"; needed is \"" + std::string(attribute) +
                                                "\"");
}

// unknown_operation: the database has no time to live.
Result<void> switch_on(Database& database, const std::string& table, std::string_view attribute) {
  if (TRY(is_on_for(database, table, attribute))) return {};
  const auto updated = database.update_time_to_live(
      {.table_name = table,
       .time_to_live_specification =
           TimeToLiveSpecification{.enabled = true, .attribute_name = std::string(attribute)}});
  if (updated) return {};
  const Error& error = updated.error();
  // Another one may have been quicker, or the answer was lost.
  if (error.code() != ErrorCode::unknown_operation && TRY(is_on_for(database, table, attribute))) {
    return {};
  }
  return error;
}

}  // namespace

Result<void> ensure_time_to_live(Database& database, const std::string& table,
                                 std::string_view attribute) {
  if (database.capabilities().time_to_live) {
    auto done = switch_on(database, table, attribute);
    if (done || done.error().code() != ErrorCode::unknown_operation) return done;
  }
  return Error(ErrorCode::unsupported,
               "The database of table \"" + table +
                   "\" has no time to live: it deletes nothing that has expired");
}

Result<void> ensure_time_to_live_if_any(Database& database, const std::string& table,
                                        std::string_view attribute) {
  auto done = ensure_time_to_live(database, table, attribute);
  if (done || done.error().code() != ErrorCode::unsupported) return done;
  base::log(LogLevel::warning, "the database has no time to live: what has expired stays",
            {{"table", table}, {"attribute", std::string(attribute)}});
  return {};
}

}  // namespace dynakeep::stores
