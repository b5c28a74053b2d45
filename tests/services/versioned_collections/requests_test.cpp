#include <algorithm>
#include <iterator>
#include <mutex>

#include <libdeflate.h>

#include "dynakeep/log.h"
#include "services/versioned_collections/collections_service.h"

// What all routes have in common: keys, CORS, paths, bodies. (H1 to H7 of the specification.)
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::names_of;
using contract::text_at;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class CollectionsRequests : public contract::CollectionsService {};

const std::string of_user = "/api/user/user-1/collection";

TEST_P(CollectionsRequests, AreRefusedWithoutAGoodKey) {
  for (const char* const path :
       {"/", "/api", "/api/collection", "/nothing", "/api/nothing", "/api/user/u/collection",
        "/api/collection?x-api-key=my-api-key"}) {
    for (const Headers& headers : std::vector<Headers>{{},
                                                       {{"x-api-key", "wrong"}},
                                                       {{"x-api-key", ""}},
                                                       {{"x-api-key", "MY-API-KEY"}},
                                                       {{"Authorization", "Bearer my-api-key"}}}) {
      for (const char* const method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
        const HttpAnswer answer = send_bare(method, path, headers, "");
        EXPECT_EQ(answer.status, 401) << method << " " << path;
        EXPECT_EQ(answer.body, "");
        EXPECT_EQ(answer.header("content-type"), "");
        EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
      }
    }
  }
}

TEST_P(CollectionsRequests, AreRefusedWithoutAKeyBeforeTheirBodyIsLookedAt) {
  const Headers json{{"Content-Type", "application/json"}};
  EXPECT_EQ(send_bare("POST", of_user, json, "{bad").status, 401);
  EXPECT_EQ(send_bare("POST", of_user, json, std::string(200'000, 'x')).status, 401);
}

TEST_P(CollectionsRequests, BringTheirKeyInAHeaderOfAnyCase) {
  EXPECT_EQ(send_bare("GET", "/api/collection", {{"X-API-KEY", "my-api-key"}}).status, 200);
}

TEST_P(CollectionsRequests, WithAKeyOfTwoUsersAreOfThoseAlone) {
  const Headers of_two{{"x-api-key", "of-two"}};
  EXPECT_EQ(get("/api/user/user-1/collection", of_two).status, 200);
  EXPECT_EQ(get("/api/user/team-red/collection", of_two).status, 200);
  EXPECT_EQ(get("/api/user/user%201/collection", of_two).status, 200);  // the slug counts
  EXPECT_EQ(get("/api/user/user-10/collection", of_two).status, 403);
  EXPECT_EQ(post("/api/user/user-2/collection", R"({"name":"n"})", of_two).status, 403);
  EXPECT_EQ(get("/api/collection", of_two).status, 403);
  EXPECT_EQ(get("/", of_two).status, 200);
}

TEST_P(CollectionsRequests, WithAKeyThatMayNotAreForbidden) {
  const std::string posts = collection();
  const std::string post_1 = entry(posts, R"({"name":"n"})");
  const Headers reader{{"x-api-key", "reader"}};
  EXPECT_EQ(get(posts, reader).status, 200);
  EXPECT_EQ(get(posts + "/entry", reader).status, 200);
  const HttpAnswer refused = post(of_user, R"({"name":"n"})", reader);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, StartsWith("Error: "));
  EXPECT_EQ(refused.header("access-control-allow-origin"), "*");
  EXPECT_EQ(put(posts, R"({"name":"n"})", reader).status, 403);
  EXPECT_EQ(remove(posts, reader).status, 403);
  EXPECT_EQ(remove(post_1, reader).status, 403);
  for (const char* const query : {"?filter=all", "?at=1700000000000"}) {
    EXPECT_EQ(get(posts + query, {{"x-api-key", "no-history"}}).status, 403) << query;
    EXPECT_EQ(get(posts + "/entry" + query, {{"x-api-key", "no-history"}}).status, 403) << query;
  }
  EXPECT_EQ(put(posts, R"({"name":"m"})", {{"x-api-key", "no-history"}}).status, 200);
}

TEST_P(CollectionsRequests, OfScriptsOfOtherOriginsAreAllowedBeforehand) {
  for (const char* const path : {"/", "/api/collection", "/nothing", "/api/user/u/collection/c"}) {
    const HttpAnswer answer =
        send_bare("OPTIONS", path, {{"Access-Control-Request-Headers", "x-api-key,content-type"}});
    EXPECT_EQ(answer.status, 204) << path;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("content-length"), "0");
    EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
    EXPECT_EQ(answer.header("access-control-allow-methods"), "GET,HEAD,PUT,PATCH,POST,DELETE");
    EXPECT_EQ(answer.header("access-control-allow-headers"), "x-api-key,content-type");
    EXPECT_EQ(answer.header("vary"), "Access-Control-Request-Headers");
  }
  EXPECT_EQ(send_bare("OPTIONS", "/").header("access-control-allow-headers"), "");
}

TEST_P(CollectionsRequests, MayShowScriptsTheHeadersOfTheirAnswers) {
  EXPECT_EQ(get("/api/collection").header("access-control-expose-headers"),
            "ETag, Location, Link, X-Version, X-Revision, X-Next-Cursor, Retry-After");
}

TEST_P(CollectionsRequests, MeanOnePathInAnyCaseOfItsWordsAndWithASlashAtItsEnd) {
  const std::string posts = collection();
  const std::string plain = get(of_user).body;
  EXPECT_THAT(plain, HasSubstr("posts"));
  EXPECT_EQ(get("/API/User/user-1/Collection").body, plain);
  EXPECT_EQ(get(of_user + "/").body, plain);
  EXPECT_EQ(get(of_user + "?some=thing&else").body, plain);
  const HttpAnswer head = send("HEAD", of_user);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("content-length"), std::to_string(plain.size()));
  EXPECT_EQ(head.header("etag"), get(of_user).header("etag"));
}

TEST_P(CollectionsRequests, ThatAreRepeatedWithTheirTagAreAnsweredWithoutABody) {
  const std::string posts = collection();
  entry(posts, R"({"name":"n"})");
  for (const std::string& path : {std::string("/api/collection"), of_user, posts, posts + "/entry",
                                  posts + "?filter=all", posts + "/entry?limit=10"}) {
    const std::string tag = get(path).header("etag");
    EXPECT_NE(tag, "") << path;
    const HttpAnswer again = get(path, {{"If-None-Match", "\"other\", " + tag}});
    EXPECT_EQ(again.status, 304) << path;
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.header("etag"), tag);
    EXPECT_EQ(again.header("access-control-allow-origin"), "*");
    EXPECT_EQ(send("HEAD", path, {{"If-None-Match", tag}}).status, 304);
    EXPECT_EQ(get(path, {{"If-None-Match", "\"other\""}}).status, 200);
  }
}

TEST_P(CollectionsRequests, GetAnotherTagWhenSomethingHasChanged) {
  const std::string posts = collection();
  const std::string list = posts + "/entry?filter=current";
  std::vector<std::string> tags{get(list).header("etag")};
  const auto changes = [&] {
    const std::string tag = get(list).header("etag");
    EXPECT_EQ(std::count(tags.begin(), tags.end(), tag), 0);
    tags.push_back(tag);
  };
  const std::string post_1 = entry(posts, R"({"name":"n"})");
  changes();
  put(post_1, R"({"name":"m"})");
  changes();
  remove(post_1);
  changes();
  EXPECT_NE(get(list + "&view=full").header("etag"), tags.back());
}

TEST_P(CollectionsRequests, OfUnknownPathsAndMethodsChangeNothing) {
  const std::string posts = collection();
  for (const char* const path :
       {"/api/nothing", "/nothing", "/api/user", "/api/user/u", "/api/user//collection",
        "/api/collections", "/api/collection/x", "/api/user/u/collection/c/entry/e/more"}) {
    const HttpAnswer answer = send("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(send("POST", path, {}, R"({"name":"n"})").status, 404) << path;
  }
  const HttpAnswer patched = send("PATCH", posts, {}, R"({"name":"n"})");
  EXPECT_EQ(patched.status, 405);
  EXPECT_EQ(patched.header("allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
  EXPECT_EQ(patched.body, "");
  EXPECT_EQ(remove("/api/collection").status, 405);
  EXPECT_EQ(remove("/").status, 405);
  EXPECT_THAT(names_of(get("/api/collection")), ElementsAre("posts"));
}

TEST_P(CollectionsRequests, OfTheRootSayThatItIsThere) {
  for (const char* const path : {"/", "/api", "/api/"}) {
    const HttpAnswer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("content-length"), "0");
    EXPECT_EQ(answer.header("content-type"), "");
  }
}

TEST_P(CollectionsRequests, OfHealthNeedNoKey) {
  const HttpAnswer health = send_bare("GET", "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, R"({"status":"ok"})");
  EXPECT_EQ(send_bare("GET", "/readyz").status, 200);
  database().stop();
  EXPECT_EQ(send_bare("GET", "/healthz").status, 200);
  EXPECT_EQ(send_bare("GET", "/readyz").status, 503);
}

TEST_P(CollectionsRequests, AreRefusedWithABodyThatIsNoJsonObject) {
  for (const char* const body :
       {"{bad", "\"x\"", "null", "5", "true", "{\"name\":\"n\"}x", "{\"name\":\"\xFF\"}"}) {
    const HttpAnswer answer = post(of_user, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
    EXPECT_NE(answer.body, "");
  }
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += '[';
  EXPECT_EQ(post(of_user, deep).status, 400);
  EXPECT_EQ(get("/api/collection").body, "[]");
}

// The body of a create with that many bytes.
std::string body_of(std::size_t bytes) {
  std::string body = R"({"name":"n","value":[""]})";
  body.insert(body.size() - 3, bytes - body.size(), 'a');
  return body;
}

TEST_P(CollectionsRequests, HaveBodiesOf102400BytesAndNoMore) {
  const std::string entries = collection() + "/entry";
  EXPECT_EQ(body_of(102'400).size(), 102'400U);
  EXPECT_EQ(post(entries, body_of(102'400)).status, 201);
  const HttpAnswer refused = post(entries, body_of(102'401));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.body, "request entity too large");
  EXPECT_EQ(json_of(get(entries)).elements().size(), 1U);
}

TEST_P(CollectionsRequests, OfBodiesThatTheServerDoesNotTakeAreStillAnsweredToScripts) {
  const HttpAnswer refused = post(of_user, std::string(17U << 20U, 'x'));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.body, "request entity too large");
  EXPECT_EQ(refused.header("access-control-allow-origin"), "*");
}

TEST_P(CollectionsRequests, HaveBodiesAsLargeAsTheServiceIsToldTo) {
  serve({.body_bytes_max = 300'000});
  const std::string entries = collection() + "/entry";
  EXPECT_EQ(post(entries, body_of(300'000)).status, 201);
  EXPECT_EQ(post(entries, body_of(300'001)).status, 413);
}

std::string packed(std::string_view text, std::string_view coding) {
  libdeflate_compressor* const compressor = ::libdeflate_alloc_compressor(6);
  std::string out(text.size() + 1024, '\0');
  out.resize(coding == "gzip" ? ::libdeflate_gzip_compress(compressor, text.data(), text.size(),
                                                           out.data(), out.size())
                              : ::libdeflate_zlib_compress(compressor, text.data(), text.size(),
                                                           out.data(), out.size()));
  ::libdeflate_free_compressor(compressor);
  return out;
}

TEST_P(CollectionsRequests, MayHavePackedBodies) {
  const std::string entries = collection() + "/entry";
  for (const char* const coding : {"gzip", "deflate"}) {
    const Headers headers{{"Content-Encoding", coding}};
    EXPECT_EQ(post(entries, packed(body_of(102'400), coding), headers).status, 201) << coding;
    EXPECT_EQ(post(entries, packed(body_of(102'401), coding), headers).status, 413) << coding;
    // A thousand times as much as is sent.
    EXPECT_EQ(post(entries, packed(body_of(50'000'000), coding), headers).status, 413) << coding;
    EXPECT_EQ(post(entries, body_of(100), headers).status, 400) << coding;
  }
  EXPECT_EQ(post(entries, body_of(100), {{"Content-Encoding", "br"}}).status, 415);
  EXPECT_EQ(post(entries, body_of(100), {{"Content-Encoding", "identity"}}).status, 201);
  EXPECT_EQ(json_of(get(entries)).elements().size(), 3U);
}

TEST_P(CollectionsRequests, AreReadAsJsonOnlyIfTheySaySo) {
  for (const char* const type : {"text/plain", "application/vnd.api+json", "application/jsonp"}) {
    EXPECT_EQ(post(of_user, R"({"name":"n"})", {{"Content-Type", type}}).status, 400) << type;
    // Whatever it is, it is not looked at.
    EXPECT_EQ(send("GET", of_user, {{"Content-Type", type}}, "{bad").status, 200) << type;
  }
  for (const char* const type :
       {"application/json", "Application/JSON; charset=\"UTF-8\"", "application/json; a=b"}) {
    EXPECT_EQ(post(of_user, R"({"name":"n"})", {{"Content-Type", type}}).status, 201) << type;
  }
  for (const char* const charset : {"utf-16", "iso-8859-1"}) {
    const HttpAnswer answer =
        post(of_user, R"({"name":"n"})",
             {{"Content-Type", "application/json; charset=" + std::string(charset)}});
    EXPECT_EQ(answer.status, 415) << charset;
  }
  EXPECT_EQ(post(of_user, "\xEF\xBB\xBF{\"name\":\"n\"}").status, 201);
}

TEST_P(CollectionsRequests, WithPathsThatCannotBeDecodedAreRefused) {
  for (const char* const path : {"/api/user/%E0%A4%A/collection", "/api/user/%/collection",
                                 "/api/user/u/collection/%zz", "/api/user/%FF/collection"}) {
    const HttpAnswer answer = get(path);
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_THAT(answer.body, StartsWith("Error: ")) << path;
  }
}

TEST_P(CollectionsRequests, FailAsTheDatabaseDoesAndRecoverWithIt) {
  const std::string posts = collection();
  const std::string post_1 = entry(posts, R"({"name":"n"})");
  const std::string name = R"({"name":"m"})";
  database().stop();
  const auto failed = [&](const HttpAnswer& answer) {
    EXPECT_EQ(answer.status, 502);
    EXPECT_EQ(answer.header("retry-after"), "1");
    EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
    return json_of(answer);
  };
  const JsonDocument said = failed(get("/api/collection"));
  EXPECT_EQ(text_at(said, {"message"}), "nobody answers there");
  EXPECT_EQ(text_at(said, {"code"}), "ServiceUnavailable");
  EXPECT_EQ(text_at(said, {"statusCode"}), "502");
  EXPECT_EQ(text_at(said, {"retryable"}), "true");
  EXPECT_NE(text_at(said, {"requestId"}), "");
  failed(get(of_user));
  failed(get(posts));
  failed(get(posts + "?filter=all"));
  failed(post(of_user, name));
  failed(put(posts, name));
  failed(remove(posts));
  failed(get(posts + "/entry"));
  failed(get(post_1));
  failed(post(posts + "/entry", name));
  failed(put(post_1, name));
  failed(remove(post_1));
  EXPECT_EQ(get("/").status, 200);
  database().start();
  EXPECT_EQ(put(post_1, name).status, 200);
  EXPECT_THAT(names_of(get(posts + "/entry")), ElementsAre("m"));
}

TEST_P(CollectionsRequests, LeaveALineInTheLogAndNoSecrets) {
  std::mutex mutex;
  std::vector<std::string> lines;
  set_log_sink(
      [&](const LogLine& line) {
        std::string text(line.message);
        for (const LogField& field : line.fields) {
          text += " " + std::string(field.name) + "=" + field.value;
        }
        const std::lock_guard lock(mutex);
        lines.push_back(text);
      },
      LogLevel::debug);
  post(of_user + "?token=in-the-query", R"({"name":"in-the-body"})",
       {{"x-api-key", "second-key"}, {"Authorization", "Bearer in-a-header"}});
  send_bare("GET", "/api/collection", {{"x-api-key", "a-wrong-key"}});
  database().stop();
  get("/api/collection");
  set_log_sink({});

  // What the layers below have to say is not the service's.
  std::vector<std::string> ours;
  std::copy_if(lines.begin(), lines.end(), std::back_inserter(ours), [](const std::string& line) {
    return line.find("request=") != line.npos && !line.starts_with("more of");
  });
  ASSERT_EQ(ours.size(), 4U);
  EXPECT_THAT(ours[0], HasSubstr("method=POST path=/api/user/user-1/collection "
                                 "application=test-app key=ci status=201 microseconds="));
  EXPECT_THAT(ours[1], HasSubstr("application= key= status=401"));
  EXPECT_THAT(ours[2], HasSubstr("message=nobody answers there"));
  EXPECT_THAT(ours[3], HasSubstr("status=502"));
  for (const std::string& line : lines) {
    for (const char* const secret :
         {"second-key", "my-api-key", "wrong-key", "in-the-query", "in-the-body", "in-a-header"}) {
      EXPECT_EQ(line.find(secret), std::string::npos) << line;
    }
  }
}

ON_EVERY_SERVICE_KIND(CollectionsRequests);

}  // namespace
}  // namespace dynakeep
