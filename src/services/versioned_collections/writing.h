#pragma once

#include <string>

#include "dynakeep/stores/versioned_collections.h"
#include "http/message.h"
#include "services/versioned_collections/call.h"

// Answers to writes: the same for collections and entries.
namespace dynakeep::services::collections {

// "/api/user/{user}/collection/{c}", or that of an entry.
std::string location_of(const ResourcePath& path);

// `status` with the state's tags, and Location if it is 201 or `located`. The body is empty, or the
// resource if the request prefers so.
http::HttpResponse written_answer(const Call& call, int status, const ResourceVersion& state,
                                  bool located = false);

// What DELETE does, to a collection and to an entry.
http::HttpResponse remove_resource(Call& call);

}  // namespace dynakeep::services::collections
