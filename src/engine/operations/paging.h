#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dynakeep/query_requests.h"
#include "dynakeep/result.h"
#include "engine/read_page.h"
#include "model/encoded_item.h"

// What Query and Scan have in common on the way from a request to a page and from the page to an
// answer. Errors are validation errors in DynamoDB's words.
namespace dynakeep::engine {

class Constraints;

// Whether Select goes with the rest of the request. Needs no table.
Result<void> check_select(std::optional<Select> select, bool has_projection, bool has_index);

// The index that the request names; null if it names none. Refused: there is none of that name, it
// is still being filled, or it is a global one and the read is to be consistent.
Result<const Index*> find_readable_index(const Table& table,
                                         const std::optional<std::string>& index_name,
                                         const std::optional<bool>& consistent_read);

// The bytes that the entry with the attributes of an ExclusiveStartKey is, or would be, stored
// under. Query and Scan put some of their complaints differently.
enum class PageOperation : std::uint8_t { query, scan };
Result<std::string> start_key_bytes(PageOperation operation, const Table& table, const Index* index,
                                    model::MapView start_key);

// Fills in what the plan, whose table and index are known, answers of each entry. Refuses to answer
// attributes that a global index does not hold, if Select asks for them.
Result<void> plan_items(PagePlan& plan, std::optional<Select> select,
                        const expression::Projection* projection);

// The attributes of `bound` that the index does not hold, as DynamoDB lists them: "[x, y]"; empty
// if it holds all.
std::string attributes_not_projected(const Index& index, const expression::Bound& bound);

// The page as an answer, with what it cost if that was asked for.
QueryResult answer_of(const PagePlan& plan, Page&& page,
                      std::optional<ReturnConsumedCapacity> asked);

}  // namespace dynakeep::engine
