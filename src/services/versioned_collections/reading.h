#pragma once

#include <cstdint>

#include "http/message.h"
#include "services/versioned_collections/call.h"

// Answers to GET on a resource and on a list: the same for collections and entries.
namespace dynakeep::services::collections {

// GET of `call.path`: an array of one, or of all versions.
http::HttpResponse read_resource(const Call& call);

enum class ListOf : std::uint8_t { all_collections, collections, entries };
// GET of the list that `call.path` names.
http::HttpResponse read_list(const Call& call, ListOf list);

}  // namespace dynakeep::services::collections
