#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/json_document.h"
#include "http/message.h"
#include "http/percent_encoding.h"
#include "http/query_string.h"
#include "transport/transport.h"

namespace dynakeep::clients {

// For tests: dynamodb-mini's server (0.2.4) as it was measured to be, in memory, faults included.
// Not a copy of it, which is not to be had. What it does not know it answers with 200 and nothing;
// it passes over headers and parameters that are not its own; an update forgets what it does not
// name; what is not there is 500 where it should be 404.
class DynamodbMini final : public transport::Transport {
 public:
  Result<http::HttpResponse> send(const transport::Origin&, const http::HttpRequest& request,
                                  transport::Deadline) override {
    if (request.headers.find("x-api-key") != "my-api-key") return http::HttpResponse{.status = 401};
    ++requests;
    const auto path = segments(request.path());
    const std::string filter(http::QueryString(request.query()).only("filter").value_or("latest"));
    const JsonDocument body = JsonDocument::parse(request.body).value_or(JsonDocument::object());
    if (path.size() == 2 && path[1] == "collection" && request.method == "GET") {
      return shown(rows_, filter, [](const Row& row) { return row.entry.empty(); });
    }
    if (path.size() < 4 || path[1] != "user" || path[3] != "collection" || path.size() > 7 ||
        (path.size() > 5 && path[5] != "entry")) {
      return http::HttpResponse{};
    }
    Row row{.user = path[2]};
    if (path.size() > 4) row.collection = path[4];
    if (path.size() > 6) row.entry = path[6];
    const bool of_list = path.size() % 2 == 0;
    const bool of_entries = path.size() > 5;
    if (request.method == "GET") {
      return shown(
          rows_, filter,
          [&](const Row& each) {
            return each.user == row.user && (!of_entries || each.collection == row.collection) &&
                   (of_entries != each.entry.empty()) &&
                   (of_list ||
                    (of_entries ? each.entry == row.entry : each.collection == row.collection));
          },
          !of_list);
    }
    const bool creates = request.method == "POST" && of_list;
    if (!creates && (of_list || (request.method != "PUT" && request.method != "DELETE"))) {
      return http::HttpResponse{};
    }
    if (request.method == "DELETE" || request.method == "PUT") {
      Row* const newest = newest_of(row);
      if (newest == nullptr || newest->deleted) return http::HttpResponse{.status = 404};
      if (request.method == "DELETE") {
        newest->deleted = true;
        return http::HttpResponse{};
      }
    }
    if (const JsonDocument* name = body.find("name"); name != nullptr && name->is_string()) {
      row.name = name->text();
    }
    if (const JsonDocument* value = body.find("value"); value != nullptr && !value->is_null()) {
      row.value = *value;
    }
    const bool has_content =
        row.value && (!row.value->elements().empty() || !row.value->members().empty());
    if (of_entries && !row.name && !has_content) {
      return http::HttpResponse{.status = 400, .body = "Error: Entry name or value required"};
    }
    if (creates) {
      (of_entries ? row.entry : row.collection) =
          "00000000-0000-4000-8000-" + std::to_string(100000000000 + clock_);
    }
    row.version = ++clock_;
    rows_.push_back(std::move(row));
    return http::HttpResponse{.status = creates ? 201 : 200};
  }

  int requests = 0;

 private:
  struct Row {
    std::string user = {};
    std::string collection = {};
    std::string entry = {};
    std::optional<std::string> name = {};
    std::optional<JsonDocument> value = {};
    std::int64_t version = 0;
    bool deleted = false;

    bool same_as(const Row& other) const {
      return user == other.user && collection == other.collection && entry == other.entry;
    }
  };

  static std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
      path.remove_prefix(1);
      const auto slash = std::min(path.find('/'), path.size());
      segments.push_back(http::percent_decoded(path.substr(0, slash)));
      path.remove_prefix(slash);
    }
    return segments;
  }

  Row* newest_of(const Row& which) {
    const auto found = std::find_if(rows_.rbegin(), rows_.rend(),
                                    [&](const Row& row) { return row.same_as(which); });
    return found == rows_.rend() ? nullptr : &*found;
  }

  template <typename Fits>
  static http::HttpResponse shown(const std::vector<Row>& rows, const std::string& filter,
                                  const Fits& fits, bool single = false) {
    std::vector<const Row*> chosen;
    for (const Row& row : rows) {
      if (!fits(row)) continue;
      if (filter != "all") {
        std::erase_if(chosen, [&](const Row* each) { return each->same_as(row); });
      }
      chosen.push_back(&row);
    }
    // It takes the last of what it found, also of nothing.
    if (single && chosen.empty() && filter != "all") {
      return {.status = 500, .body = "{}"};
    }
    if (filter == "latest") std::erase_if(chosen, [](const Row* each) { return each->deleted; });
    if (single && chosen.empty()) return {.status = 404};
    std::string body = "[";
    for (const Row* row : chosen) {
      if (body.size() > 1) body += ',';
      const auto text = [](std::string_view from) {
        return JsonDocument::string(std::string(from)).to_text();
      };
      body += R"({"meta":{)";
      if (row->entry.empty()) body += R"("application":"test-app",)";
      body += R"("user":)" + text(row->user) + R"(,"collection":)" + text(row->collection);
      if (!row->entry.empty()) body += R"(,"entry":)" + text(row->entry);
      body += R"(,"version":)" + std::to_string(row->version);
      if (row->deleted) body += R"(,"deletedAt":"2019-06-26T16:38:43.123Z")";
      body += '}';
      if (row->name) body += R"(,"name":)" + text(*row->name);
      if (row->value) body += R"(,"value":)" + row->value->to_text();
      body += '}';
    }
    return {.status = 200, .body = body + "]"};
  }

  std::vector<Row> rows_;
  std::int64_t clock_ = 1561561561000;
};

}  // namespace dynakeep::clients
