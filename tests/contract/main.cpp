// The contract on our own kinds of Database; or, with --endpoint URL, on whatever answers there.

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "contract/kinds.h"
#include "dynakeep/remote.h"

namespace {

using namespace dynakeep;

contract::Kind at(const std::string& endpoint) {
  return {.name = "endpoint", .open = [endpoint]() -> Result<support::OwnedDatabase> {
            return support::OwnedDatabase{
                .database = TRY(connect_remote({.endpoint = endpoint, .proxy = "none"}))};
          }};
}

}  // namespace

int main(int count, char** values) {
  for (int i = 1; i + 1 < count; ++i) {
    if (std::string_view(values[i]) == "--endpoint") contract::only_kind(at(values[i + 1]));
  }
  testing::InitGoogleTest(&count,
                          values);  // takes its own flags, and then the cases by their kinds
  return RUN_ALL_TESTS();
}
