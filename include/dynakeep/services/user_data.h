#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "dynakeep/result.h"
#include "dynakeep/service.h"
#include "dynakeep/services/api_keys.h"
#include "dynakeep/services/tokens.h"
#include "dynakeep/stores/user_data.h"

namespace dynakeep {

struct UserDataServiceOptions {
  // Who may read, write and delete, and of which users. Without keys and tokens: everyone who can
  // reach the service, which is for loopback addresses alone.
  std::shared_ptr<ApiKeys> keys = {};
  std::optional<TokenOptions> tokens = {};
  // What stands before /v1/users, such as "/app": another service may have that.
  std::string prefix = {};
  // Of a request's body, gzip and the like undone. More is 413.
  std::size_t body_bytes_max = std::size_t{512} << 10;
};

// User data over HTTP, for programs without this library: a user's document under
// /v1/users/{userId}/data, to be read (GET), replaced (PUT), changed (PATCH, a merge patch) and
// erased (DELETE), with an ETag that tells whether somebody else was quicker.
// docs/stores/user-data.md has the form of it. Of the elements those are seen that the store has
// switched on.
//
// With `keys`, requests need the header `x-api-key`: 401 without, 403 for a user or an operation
// that the key is not good for. A key's `users` are compared with user ids as they are. With
// `tokens`, they need `Authorization: Bearer …`: 401 without a good token, 403 for a user that it
// is not good for; it may do everything with its own. With both, one of them is needed: the key, if
// there is one in the request.
//
// One line of the log for each request, with the name of its key: never the key itself, an id or a
// body.
//
// The store must outlive the service; so must its clock, by which tokens expire. With tokens their
// provider is asked first: an error if that has no configuration there. invalid_argument, with
// every fault on a line of its own: options of tokens that make no sense.
Result<std::shared_ptr<Service>> serve_user_data(UserDataStore& store,
                                                 const UserDataServiceOptions& options = {});

}  // namespace dynakeep
