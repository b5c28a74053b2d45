#include "engine/operations/update_time_to_live.h"

#include "engine/engine.h"
#include "engine/validate.h"

namespace dynakeep::engine {
namespace {

Result<void> validate(const UpdateTimeToLiveRequest& request) {
  Constraints constraints;
  constraints.table_name(request.table_name);
  if (constraints.required(request.time_to_live_specification, "timeToLiveSpecification")) {
    const auto& asked = *request.time_to_live_specification;
    const Field field("timeToLiveSpecification");
    constraints.required(asked.enabled, field.at("enabled"));
    if (constraints.required(asked.attribute_name, field.at("attributeName"))) {
      constraints.length(*asked.attribute_name, 1, 255, field.at("attributeName"));
    }
  }
  return constraints.verdict();
}

Result<Table> changed(const Table& last, const TimeToLiveSpecification& asked) {
  if (*asked.enabled && last.time_to_live)
    return Error::validation("TimeToLive is already enabled");
  if (!*asked.enabled && !last.time_to_live) {
    return Error::validation("TimeToLive is already disabled");
  }
  if (!*asked.enabled && last.time_to_live->attribute != *asked.attribute_name) {
    return Error::validation(
        "TimeToLive is active on a different AttributeName: current "
        "AttributeName is " +
        last.time_to_live->attribute);
  }
  Table next = last;
  next.time_to_live.reset();
  if (*asked.enabled) next.time_to_live = TimeToLive{.attribute = *asked.attribute_name};
  return next;
}

}  // namespace

Result<UpdateTimeToLiveResult> update_time_to_live(const Engine& engine,
                                                   const UpdateTimeToLiveRequest& request) {
  TRY(validate(request));
  const TimeToLiveSpecification& asked = *request.time_to_live_specification;
  TRY(engine.catalog.change(*request.table_name,
                            [&](const Table& last) { return changed(last, asked); }));
  TRY(settle(engine, engine.catalog.position()));
  return UpdateTimeToLiveResult{.time_to_live_specification = asked};
}

}  // namespace dynakeep::engine
