// Any body sent to any operation of an embedded database: the answer is a success or the client's
// fault, never ours, and is JSON on the wire. The input is the operation's name, a line break, and
// the body.

#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "base/utf8.h"
#include "dynakeep/embedded.h"
#include "wire/operations.h"

using namespace dynakeep;

namespace {

// With the table that the corpus speaks of. Made anew now and then, since inputs make tables too.
Database& database() {
  // Never destroyed: at exit RocksDB's own statics would be gone first.
  static auto& open = *new std::unique_ptr<Database>;
  static int uses = 0;
  if (uses++ % 2000 == 0) {
    open.reset();
    auto opened = open_embedded({.in_memory = true, .durability = Durability::none});
    INVARIANT(opened);
    open = std::move(opened).value();
    const auto* create = wire::find_operation("CreateTable");
    INVARIANT(create != nullptr);
    const auto reply = wire::answer(*create, *open,
                                    R"({"TableName":"Songs","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[{"AttributeName":"artist","AttributeType":"S"},
                                    {"AttributeName":"year","AttributeType":"N"},
                                    {"AttributeName":"genre","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"artist","KeyType":"HASH"},
                         {"AttributeName":"year","KeyType":"RANGE"}],
            "GlobalSecondaryIndexes":[{"IndexName":"by_genre",
                "KeySchema":[{"AttributeName":"genre","KeyType":"HASH"}],
                "Projection":{"ProjectionType":"ALL"}}]})");
    INVARIANT(reply.status == 200);
  }
  return *open;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line_end = input.find('\n');
  if (line_end == std::string_view::npos) return 0;
  const auto name = input.substr(0, line_end);
  const auto* operation = wire::find_operation(name);
  if (operation == nullptr) {
    // A name that a mutation broke is some operation's all the same.
    const auto all = wire::operations();
    operation = &all[std::accumulate(name.begin(), name.end(), 0U) % all.size()];
  }

  const auto reply = wire::answer(*operation, database(), input.substr(line_end + 1));
  INVARIANT(reply.status == 200 || reply.status == 400);
  // TagResource and UntagResource answer with nothing.
  INVARIANT(reply.body.empty() ? reply.status == 200
                               : reply.body.starts_with('{') && reply.body.ends_with('}'));
  INVARIANT(base::is_utf8(reply.body));
  return 0;
}
