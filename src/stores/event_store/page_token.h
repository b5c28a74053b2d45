#pragma once

#include <string>
#include <string_view>

#include "dynakeep/stores/events.h"

namespace dynakeep::event_store {

// A listing's page token: the text of a JSON object with the options of the listing and where it
// stands, members in castore's order, those unset left out:
//
//   {"limit":2,"initialEventAfter":"…","initialEventBefore":"…","reverse":true,
//    "lastEvaluatedKey":{"aggregateId":{"S":"ORDERS#o-77"},…}}
//
// Programs in either language continue each other's listings.
struct PageToken {
  ListQuery options = {};  // without a page_token
  // As JSON. DynamoDB JSON of the key in tables; in memory, plain JSON.
  std::string last_evaluated_key = {};
};

std::string encode_page_token(const PageToken& token);

// "Invalid page token" (invalid_argument) for anything but such an object. What the key says is for
// the storage to check.
struct DecodedPageToken {
  ListQuery options = {};
  AttributeMap last_evaluated_key = {};  // as plain JSON reads: {"aggregateId": {"S": "…"}, …}
};
Result<DecodedPageToken> decode_page_token(std::string_view text);

Error invalid_page_token();

// The options of a listing: the caller's own where given, else the token's. invalid_argument: a
// limit of 0, bounds that exclude each other or are not UTF-8.
Result<ListQuery> resolve_list_query(ListQuery given, const ListQuery& of_token);

// A key of plain JSON as DynamoDB JSON means it; invalid_page_token if it does not.
Result<Key> key_of_token(const AttributeMap& last_evaluated_key);

}  // namespace dynakeep::event_store
