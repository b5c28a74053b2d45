#include "engine/operations/tags.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/engine.h"
#include "engine/table_definition.h"

namespace dynakeep::engine {
namespace {

// The name of the table that an ARN is of. Tags belong to tables alone, and their operations take
// no plain names.
Result<std::string> table_name_in(const Engine& engine, const std::optional<std::string>& arn) {
  if (!arn || arn->empty()) return Error::validation("Invalid TableArn");
  constexpr std::string_view table_part = ":table/";
  const std::size_t at = arn->find(table_part);
  const std::string_view name = at == std::string::npos
                                    ? std::string_view()
                                    : std::string_view(*arn).substr(at + table_part.size());
  if (!arn->starts_with("arn:") || !is_table_name(name)) {
    return Error::validation("Invalid TableArn: Invalid ResourceArn provided as input " + *arn);
  }
  // Not of this region or account: nothing that could be here.
  if (*arn != engine.catalog.table_arn(name)) {
    return Error::resource_not_found("Requested resource not found: ResourcArn: " + *arn +
                                     " not found");
  }
  return std::string(name);
}

// In the words of these operations, which speak of the ARN (and misspell it).
template <typename T>
Result<T> in_words_of_tags(Result<T> result, const std::string& arn) {
  if (result || result.error().code() != ErrorCode::resource_not_found) return result;
  return Error::resource_not_found("Requested resource not found: ResourcArn: " + arn +
                                   " not found");
}

Result<void> change_tags(const Engine& engine, const std::string& arn, std::string_view name,
                         const std::function<Result<void>(std::vector<Tag>&)>& change) {
  TRY(in_words_of_tags(engine.catalog.change(name,
                                             [&](const Table& before) -> Result<Table> {
                                               Table table = before;
                                               TRY(change(table.tags));
                                               return table;
                                             }),
                       arn));
  return settle(engine, engine.catalog.position());
}

}  // namespace

Result<TagResourceResult> tag_resource(const Engine& engine, const TagResourceRequest& request) {
  const std::string name = TRY(table_name_in(engine, request.resource_arn));
  if (!request.tags || request.tags->empty()) {
    return Error::validation("Atleast one Tag needs to be provided as Input.");
  }
  Constraints constraints;
  constrain(constraints, *request.tags, "tags");
  TRY(constraints.verdict());
  TRY(change_tags(engine, *request.resource_arn, name, [&](std::vector<Tag>& tags) {
    for (const Tag& tag : *request.tags) {
      const auto same_key = std::find_if(tags.begin(), tags.end(),
                                         [&](const Tag& old) { return old.key == tag.key; });
      if (same_key != tags.end()) {
        same_key->value = tag.value;
      } else {
        tags.push_back(tag);
      }
    }
    return check_tags(tags);
  }));
  return TagResourceResult{};
}

Result<UntagResourceResult> untag_resource(const Engine& engine,
                                           const UntagResourceRequest& request) {
  const std::string name = TRY(table_name_in(engine, request.resource_arn));
  if (!request.tag_keys || request.tag_keys->empty()) {
    return Error::validation("Atleast one Tag Key needs to be provided as Input.");
  }
  TRY(change_tags(engine, *request.resource_arn, name, [&](std::vector<Tag>& tags) {
    std::erase_if(tags, [&](const Tag& tag) {
      return std::find(request.tag_keys->begin(), request.tag_keys->end(), *tag.key) !=
             request.tag_keys->end();
    });
    return Result<void>();
  }));
  return UntagResourceResult{};
}

Result<ListTagsOfResourceResult> list_tags_of_resource(const Engine& engine,
                                                       const ListTagsOfResourceRequest& request) {
  const std::string name = TRY(table_name_in(engine, request.resource_arn));
  // All fit one answer, so no token was ever given out.
  if (request.next_token) return Error::validation("Invalid NextToken");
  const TablePointer table =
      TRY(in_words_of_tags(engine.catalog.find_for_table_operation(name), *request.resource_arn));
  ListTagsOfResourceResult result{.tags = table->tags};
  TRY(settle(engine, engine.catalog.position()));
  return result;
}

}  // namespace dynakeep::engine
