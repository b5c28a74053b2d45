#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/services/api_keys.h"
#include "http/message.h"
#include "services/versioned_collections/call.h"

// Which handler a request is for. Handlers are plain functions; a file of them ends with its rows
// of the table, and route.cpp lists the files.
namespace dynakeep::services::collections {

// How a route tells what went wrong.
enum class ErrorForm : std::uint8_t {
  text,  // dynamodb-mini's routes: a line of text, or nothing
  json,  // ours: {"error": <code>, "message": <text>}
};

enum class BodyType : std::uint8_t {
  json,         // application/json: an object or an array; what is of another type is not looked at
  merge_patch,  // application/merge-patch+json: any value; what is of another type is refused
};

// A key of some users is good for no {user} but them. What shows several users at once, its handler
// keeps from such a key.
struct Route {
  std::string_view method = {};  // GET stands for HEAD too
  // "/api/user/{user}/collection/{c}/entry/{e}/version/{v}". Words in any case; what {…} stands for
  // is not empty.
  std::string_view pattern = {};
  std::optional<ApiPermission> permission = {};  // none: any key will do
  ErrorForm errors = ErrorForm::text;
  http::HttpResponse (*handle)(Call& call) = nullptr;
  BodyType body_type = BodyType::json;
  std::size_t body_bytes_max = 0;  // 0: as the service's options say
};

// What a path names.
struct Match {
  const Route* route = nullptr;                // null: no route, or none of that method
  std::vector<std::string_view> allowed = {};  // methods of the path's routes; empty: no such path
  // The values of {…}, percent-decoded; only with a route.
  std::string user = {};
  std::string collection = {};
  std::string entry = {};
  std::string version = {};
};

// Nothing if the path holds a '%' that begins no escape, or is not UTF-8 when decoded. One slash at
// the end of the path is passed over.
std::optional<Match> match(std::string_view method, std::string_view path);

// All rows, of all files.
std::vector<std::span<const Route>> all_routes();

std::span<const Route> collection_routes();   // collection_routes.cpp
std::span<const Route> entry_routes();        // entry_routes.cpp
std::span<const Route> history_routes();      // history_routes.cpp
std::span<const Route> batch_routes();        // batch_routes.cpp
std::span<const Route> change_routes();       // change_routes.cpp
std::span<const Route> description_routes();  // description_routes.cpp

}  // namespace dynakeep::services::collections
