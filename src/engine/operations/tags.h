#pragma once

#include "dynakeep/result.h"
#include "dynakeep/setting_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<TagResourceResult> tag_resource(const Engine& engine, const TagResourceRequest& request);
Result<UntagResourceResult> untag_resource(const Engine& engine,
                                           const UntagResourceRequest& request);
Result<ListTagsOfResourceResult> list_tags_of_resource(const Engine& engine,
                                                       const ListTagsOfResourceRequest& request);

}  // namespace dynakeep::engine
