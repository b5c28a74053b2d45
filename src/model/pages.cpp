#include "dynakeep/pages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/batches.h"

namespace dynakeep {

namespace {

template <typename Request, typename Operation>
Result<std::size_t> walk(Request& request, const ItemVisitor& visit, const Operation& next_page) {
  std::size_t visited = 0;
  while (true) {
    auto page = TRY(next_page(request));
    // Absent if the request selects the count alone: then there is nothing to show.
    if (page.items) {
      for (Item& item : *page.items) {
        ++visited;
        if (!visit(std::move(item))) return visited;
      }
    }
    if (!page.last_evaluated_key) return visited;
    request.exclusive_start_key = std::move(page.last_evaluated_key);
  }
}

}  // namespace

Result<std::size_t> for_each_item(Database& database, QueryRequest request,
                                  const ItemVisitor& visit) {
  return walk(request, visit, [&](const QueryRequest& page) { return database.query(page); });
}

Result<std::size_t> for_each_item(Database& database, ScanRequest request,
                                  const ItemVisitor& visit) {
  return walk(request, visit, [&](const ScanRequest& page) { return database.scan(page); });
}

Result<std::vector<std::string>> table_names(Database& database) {
  std::vector<std::string> names;
  ListTablesRequest request;
  do {
    auto page = TRY(database.list_tables(request));
    std::move(page.table_names.begin(), page.table_names.end(), std::back_inserter(names));
    request.exclusive_start_table_name = std::move(page.last_evaluated_table_name);
  } while (request.exclusive_start_table_name);
  return names;
}

Result<std::vector<std::optional<Item>>> get_items(Database& database, const std::string& table,
                                                   const std::vector<Key>& keys,
                                                   const KeysAndAttributes& request) {
  return model::get_items(database, table, keys, request, base::system_pacing());
}

Result<void> write_items(Database& database, const std::string& table,
                         std::vector<WriteRequest> writes) {
  return model::write_items(database, table, std::move(writes), base::system_pacing());
}

Result<TableDescription> create_table_and_wait(Database& database,
                                               const CreateTableRequest& request,
                                               std::chrono::milliseconds patience) {
  return model::create_table_and_wait(database, request, patience, base::system_pacing());
}

}  // namespace dynakeep
