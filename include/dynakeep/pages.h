#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/database.h"

// What DynamoDB leaves to its callers: the next page, and what a batch did not get done. Free
// functions over any Database.
namespace dynakeep {

// Called with each item in order; false ends the walk.
using ItemVisitor = std::function<bool(Item&& item)>;

// Walks all items of a query or scan, page after page. `limit` of the request remains the size of a
// page. Returns how many items were visited, or the error that a page met.
Result<std::size_t> for_each_item(Database& database, QueryRequest request,
                                  const ItemVisitor& visit);
Result<std::size_t> for_each_item(Database& database, ScanRequest request,
                                  const ItemVisitor& visit);

// All names of tables, in order.
Result<std::vector<std::string>> table_names(Database& database);

// Reads any number of items by their keys: in batches of 100, asking again with growing pauses for
// what was left unprocessed. One result for each key, in the order of the keys; nothing for an item
// that is not there. A key may occur twice.
//
// `request` says the rest (consistent_read, projection_expression, names); its own keys are not
// looked at. A projection must keep the key attributes. provisioned_throughput_exceeded: nothing
// was processed in ten batches in a row.
Result<std::vector<std::optional<Item>>> get_items(Database& database, const std::string& table,
                                                   const std::vector<Key>& keys,
                                                   const KeysAndAttributes& request = {});

// Carries out any number of puts and deletes: in batches of 25, sending again with growing pauses
// what was left unprocessed. Each write is on its own: after an error some may be done. No two
// writes may be of one item. provisioned_throughput_exceeded as for get_items.
Result<void> write_items(Database& database, const std::string& table,
                         std::vector<WriteRequest> writes);

// Creates the table and waits until it is ACTIVE, or waits for the one that is there already. What
// is there is not compared with the request. timed_out: it did not become active within `patience`.
Result<TableDescription> create_table_and_wait(
    Database& database, const CreateTableRequest& request,
    std::chrono::milliseconds patience = std::chrono::minutes(5));

}  // namespace dynakeep
