#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/result.h"
#include "dynakeep/table_requests.h"
#include "engine/catalog.h"
#include "engine/validate.h"

// The rules for what a table and its indexes are made of, and DynamoDB's words for what breaks
// them: shared by CreateTable and UpdateTable.
//
// The constrain() functions gather what is wrong with a part of a request by itself; the check_
// functions then look at parts together, and stop at the first complaint.
namespace dynakeep::engine {

constexpr std::size_t local_indexes_max = 5;
constexpr std::size_t global_indexes_max = 20;
constexpr std::size_t projected_attributes_max = 100;  // named in all projections of a table
constexpr std::size_t tags_max = 50;
constexpr std::int64_t capacity_units_max = 1'000'000'000'000;

// ---- each part by itself ----

void constrain(Constraints& constraints, const ProvisionedThroughput& throughput, Field field);
void constrain(Constraints& constraints, const KeySchema& schema, Field field);
void constrain(Constraints& constraints, const std::vector<AttributeDefinition>& definitions,
               Field field);
void constrain(Constraints& constraints, const Projection& projection, Field field);
void constrain(Constraints& constraints, const StreamSpecification& stream, Field field);
void constrain(Constraints& constraints, const SseSpecification& sse, Field field);
void constrain(Constraints& constraints, const std::vector<Tag>& tags, Field field);
// Name, key schema and projection of an index: all required.
void constrain_index(Constraints& constraints, const std::optional<std::string>& name,
                     const std::optional<KeySchema>& schema,
                     const std::optional<Projection>& projection, Field field);

// "TableName must be at least 3 characters long and at most 255 characters long", and the like, for
// the operations on one table that is there. An ARN passes.
Result<void> check_table_name(const std::optional<std::string>& name);

// ---- parts together ----

// "Given value 1000000000001 for ReadCapacityUnits is out of bounds"; of an index, if it has a
// name.
Result<void> check_bounds(const ProvisionedThroughput& throughput, std::string_view index_name);

// All keys defined; first HASH, then RANGE, of another name. Of a table; an index's may have more
// keys than there are definitions, for DynamoDB says that in other words.
Result<void> check_table_key_schema(const KeySchema& schema,
                                    const std::vector<AttributeDefinition>& definitions);
Result<void> check_key_schema(const KeySchema& schema,
                              const std::vector<AttributeDefinition>& definitions);

Result<void> check_projection(const Projection& projection);

// Nothing defined that is no key, nothing twice.
Result<void> check_all_defined_are_keys(const Table& table);

// "Number of projected attributes …": the names in all projections of the table, repeated ones
// included.
Result<void> check_projected_attributes(const Table& table);

// Not for tags that are being replaced: counts these.
Result<void> check_tags(const std::vector<Tag>& tags);

// ---- from the request's form to the catalog's ----

// Of a schema that has been checked.
KeyAttributes to_key_attributes(const KeySchema& schema,
                                const std::vector<AttributeDefinition>& definitions);
KeySchema to_key_schema(const KeyAttributes& keys);
ThroughputDescription to_throughput(const std::optional<ProvisionedThroughput>& throughput);
// A maximum of -1 is none.
std::optional<OnDemandThroughput> to_on_demand(const std::optional<OnDemandThroughput>& throughput);

// Streams are named after the moment they were switched on: "2026-11-21T05:36:04.123".
std::string stream_label(Time time);

// "[a, b]", as DynamoDB shows lists.
std::string shown(const std::vector<std::string>& names);

}  // namespace dynakeep::engine
