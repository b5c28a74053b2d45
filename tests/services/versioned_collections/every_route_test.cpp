#include "services/versioned_collections/collections_service.h"
#include "services/versioned_collections/route.h"

// What holds for each row of the route table.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::text_at;
using services::collections::ErrorForm;
using services::collections::Route;
using testing::StartsWith;

class CollectionsRoutes : public contract::CollectionsService {
 protected:
  void SetUp() override {
    CollectionsService::SetUp();
    entry_ = entry(collection(), R"({"name":"n","value":{"a":1}})");
  }

  static std::vector<Route> routes() {
    std::vector<Route> all;
    for (const auto& rows : services::collections::all_routes()) {
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }

  // The route's path, of what there is: or, with `missing`, of what there is not.
  std::string target_of(const Route& route, bool missing = false) const {
    std::string target(route.pattern);
    const auto fill = [&](const std::string& name, const std::string& value) {
      const auto at = target.find(name);
      if (at != target.npos) target.replace(at, name.size(), value);
    };
    const auto id_behind = [&](const std::string& word) {
      const auto begin = entry_.find(word) + word.size();
      return entry_.substr(begin, entry_.find('/', begin) - begin);
    };
    fill("{user}", "user-1");
    fill("{c}", missing ? "nothing" : id_behind("/collection/"));
    fill("{e}", missing ? "nothing" : id_behind("/entry/"));
    fill("{v}", "last");
    return target;
  }

  // A body that the route takes.
  static std::string body_of(const Route& route) {
    if (route.pattern.ends_with("/restore")) return R"({"revision":1})";
    if (route.pattern.ends_with("/purge")) return R"({"keepLast":1})";
    if (route.pattern.ends_with("/batch")) {
      return R"({"operations":[{"op":"create","name":"x"}],"atomic":true})";
    }
    return R"({"name":"m"})";
  }
  static bool takes_body(const Route& route) {
    return route.method != "GET" && route.method != "DELETE";
  }
  HttpAnswer ask(const Route& route, const std::string& key, bool missing = false) {
    Headers headers{{"x-api-key", key}};
    if (route.body_type == services::collections::BodyType::merge_patch) {
      headers.emplace_back("Content-Type", "application/merge-patch+json");
    }
    return send(route.method, target_of(route, missing), headers,
                takes_body(route) ? body_of(route) : "");
  }
  // In the form that the route's errors have.
  static void expect_refusal(const Route& route, const HttpAnswer& answer, int status,
                             const std::string& code) {
    const std::string what = std::string(route.method) + " " + std::string(route.pattern);
    EXPECT_EQ(answer.status, status) << what << " " << answer.body;
    EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
    if (route.errors == ErrorForm::json) {
      EXPECT_EQ(text_at(json_of(answer), {"error"}), code) << what;
    } else if (status == 404) {
      EXPECT_EQ(answer.body, "") << what;
    } else if (status != 502) {
      EXPECT_THAT(answer.header("content-type"), StartsWith("text/plain")) << what;
      EXPECT_NE(answer.body, "") << what;
    }
  }

  std::string entry_;
};

TEST_P(CollectionsRoutes, EachAsksForAKey) {
  for (const Route& route : routes()) {
    const HttpAnswer answer = send_bare(route.method, target_of(route));
    EXPECT_EQ(answer.status, 401) << route.pattern;
    EXPECT_EQ(answer.body, "");
  }
}

TEST_P(CollectionsRoutes, EachTakesItsPermissionAndNoOther) {
  for (const Route& route : routes()) {
    if (!route.permission) {
      EXPECT_EQ(ask(route, "only-purge").status, 200) << route.pattern;
      continue;
    }
    const std::string permission(to_string(*route.permission));
    expect_refusal(route, ask(route, "all-but-" + permission), 403, "forbidden");
    if (permission == "purge") continue;  // (and what is gone, is gone)
    EXPECT_NE(ask(route, "only-" + permission, true).status, 403)
        << route.method << " " << route.pattern;
  }
}

TEST_P(CollectionsRoutes, EachOfAUserIsForKeysOfThatUser) {
  for (const Route& route : routes()) {
    if (route.pattern.find("{user}") == route.pattern.npos) continue;
    expect_refusal(route, ask(route, "of-user-2"), 403, "forbidden");
  }
}

TEST_P(CollectionsRoutes, EachOfAResourceKnowsWhenThereIsNone) {
  for (const Route& route : routes()) {
    if (route.pattern.find("{c}") == route.pattern.npos) continue;
    expect_refusal(route, ask(route, "purger", true), 404, "not_found");
    Headers other{{"x-api-key", "other-purger"}};
    if (route.method == "PATCH") other.emplace_back("Content-Type", "application/merge-patch+json");
    expect_refusal(
        route, send(route.method, target_of(route), other, takes_body(route) ? body_of(route) : ""),
        404, "not_found");
  }
  EXPECT_EQ(get(entry_).header("x-revision"), "1");
}

TEST_P(CollectionsRoutes, EachThatTakesABodyTakesOneThatItUnderstandsAndNoLargerOne) {
  for (const Route& route : routes()) {
    if (!takes_body(route)) continue;
    const std::string type =
        route.method == "PATCH" ? "application/merge-patch+json" : "application/json";
    const auto asked = [&](const std::string& body, const std::string& content_type,
                           const std::string& coding) {
      return send(
          route.method, target_of(route),
          {{"x-api-key", "purger"}, {"Content-Type", content_type}, {"Content-Encoding", coding}},
          body);
    };
    const std::size_t most = route.body_bytes_max == 0 ? 102'400 : route.body_bytes_max;
    expect_refusal(route, asked(R"({"x":")" + std::string(most, 'x') + R"("})", type, "identity"),
                   413, "invalid");
    expect_refusal(route, asked("{}", type + "; charset=latin1", "identity"), 415, "invalid");
    expect_refusal(route, asked("{}", type, "br"), 415, "invalid");
    expect_refusal(route, asked("{bad", type, "identity"), 400, "invalid");
  }
}

TEST_P(CollectionsRoutes, EachTellsOfAFailureBelow) {
  database().stop();
  for (const Route& route : routes()) {
    if (route.pattern.find("/collection") == route.pattern.npos) continue;
    expect_refusal(route, ask(route, "purger"), 502, "backend");
  }
  database().start();
  EXPECT_EQ(get(entry_).header("x-revision"), "1");
}

TEST_P(CollectionsRoutes, EachWithoutTransactionsSaysWhatItCannotPromise) {
  serve_store({.name_policy = NamePolicy::slug, .write_mode = WriteMode::conditional});
  for (const Route& route : routes()) {
    const bool is_conditional = route.method == "PUT" || route.method == "DELETE" ||
                                route.method == "PATCH" || route.pattern.ends_with("/restore") ||
                                route.pattern.ends_with("/purge");
    if (!is_conditional) continue;
    Headers headers{{"x-api-key", "purger"}, {"If-Match", "*"}};
    if (route.method == "PATCH") {
      headers.emplace_back("Content-Type", "application/merge-patch+json");
    }
    expect_refusal(
        route,
        send(route.method, target_of(route), headers, takes_body(route) ? body_of(route) : ""), 501,
        "unsupported");
  }
}

ON_EVERY_SERVICE_KIND(CollectionsRoutes);

}  // namespace
}  // namespace dynakeep
