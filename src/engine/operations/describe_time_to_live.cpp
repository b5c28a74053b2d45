#include "engine/operations/describe_time_to_live.h"

#include "engine/engine.h"
#include "engine/validate.h"

namespace dynakeep::engine {

Result<DescribeTimeToLiveResult> describe_time_to_live(const Engine& engine,
                                                       const DescribeTimeToLiveRequest& request) {
  Constraints constraints;
  constraints.table_name(request.table_name);
  TRY(constraints.verdict());
  const TablePointer table = TRY(engine.catalog.find_for_table_operation(*request.table_name));
  TimeToLiveDescription description{.time_to_live_status = TimeToLiveStatus::disabled};
  if (table->time_to_live) {
    description = {.time_to_live_status = TimeToLiveStatus::enabled,
                   .attribute_name = table->time_to_live->attribute};
  }
  TRY(settle(engine, engine.catalog.position()));
  return DescribeTimeToLiveResult{.time_to_live_description = std::move(description)};
}

}  // namespace dynakeep::engine
