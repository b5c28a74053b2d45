#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"
#include "dynakeep/stream_requests.h"

namespace dynakeep {

// Which records are wanted: patterns as those of Lambda's event filters, over records in the form
// of the wire (to_dynamodb_json). The members of userIdentity may be written as they are there,
// "Type", or as Lambda's events have them, "type".
//
//   auto filter = TRY(StreamFilter::parse(R"({"eventName": ["INSERT", "MODIFY"],
//       "dynamodb": {"NewImage": {"plays": {"N": [{"numeric": [">=", 10]}]}}}})"));
//   options.filter = [filter](const ChangeRecord& record) { return filter.matches(record); };
//
// Every member of a pattern must match; an array lists alternatives: a string, number, true, false
// or null that is equal; {"prefix": "x"}, {"suffix": "x"}, {"equals-ignore-case": "x"} (of ASCII);
// {"anything-but": […]} for what is there and not listed; {"numeric": [">=", 5, "<", 10]}, with =,
// <,
// <=, >, >=, for numbers and for the text of an N; {"exists": true} and {"exists": false}. Of an
// array in the record one element must match. "$or": […] takes a list of patterns.
//
// A regular value.
class StreamFilter {
 public:
  // One pattern, or an array of them, one of which must match; of none, all records do.
  // invalid_argument, with the path of the fault.
  static Result<StreamFilter> parse(std::string_view text);

  bool matches(const ChangeRecord& record) const;

 private:
  explicit StreamFilter(std::vector<JsonDocument> patterns) : patterns_(std::move(patterns)) {}

  std::vector<JsonDocument> patterns_;
};

}  // namespace dynakeep
