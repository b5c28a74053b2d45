#pragma once

#include <cstddef>

#include "dynakeep/json_document.h"
#include "http/message.h"
#include "services/versioned_collections/route.h"

namespace dynakeep::services::collections {

// What came of a request's body.
struct ParsedBody {
  JsonDocument document = JsonDocument::object();
  int status = 0;            // 0, or the status of the refusal: 400, 413 or 415
  std::string message = {};  // of the refusal, for a person
};

// JSON in UTF-8, gzip and deflate undone. A body that is empty, or of another media type, counts as
// {}; but as a patch it is refused.
ParsedBody parse_body(const http::HttpRequest& request, BodyType type, std::size_t bytes_max);

}  // namespace dynakeep::services::collections
