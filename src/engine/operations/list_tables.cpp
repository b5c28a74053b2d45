#include "engine/operations/list_tables.h"

#include <utility>

#include "engine/engine.h"
#include "engine/validate.h"

namespace dynakeep::engine {
namespace {

constexpr std::int32_t limit_max = 100;

}  // namespace

Result<ListTablesResult> list_tables(const Engine& engine, const ListTablesRequest& request) {
  Constraints constraints;
  constraints.index_name(request.exclusive_start_table_name, "exclusiveStartTableName");
  if (request.limit) {
    constraints.at_least(*request.limit, 1, "limit");
    constraints.at_most(*request.limit, limit_max, "limit");
  }
  TRY(constraints.verdict());

  const auto limit = static_cast<std::size_t>(request.limit.value_or(limit_max));
  ListTablesResult result;
  // One more than fits tells whether there is a next page.
  result.table_names =
      engine.catalog.names_after(request.exclusive_start_table_name.value_or(""), limit + 1);
  if (result.table_names.size() > limit) {
    result.table_names.resize(limit);
    result.last_evaluated_table_name = result.table_names.back();
  }
  TRY(settle(engine, engine.catalog.position()));
  return result;
}

}  // namespace dynakeep::engine
