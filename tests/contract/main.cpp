// The contract on our own kinds of Database; or, with --endpoint URL, on whatever answers there;
// or, with --front NAME, on what support/engine_fronts.h calls so.

#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "contract/kinds.h"
#include "dynakeep/remote.h"
#include "support/engine_fronts.h"

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
  // Closed when this returns: GoogleTest keeps kinds until nothing of the process is left.
  std::function<Result<support::OwnedDatabase>()> behind_front;
  for (int i = 1; i + 1 < count; ++i) {
    const std::string_view flag = values[i];
    if (flag == "--endpoint") contract::only_kind(at(values[i + 1]));
    if (flag != "--front") continue;
    const auto* traits = support::engine_traits_of(values[i + 1]);
    if (traits == nullptr) {
      std::cerr << "There is no front " << values[i + 1] << '\n';
      return 2;
    }
    behind_front = support::remotes_behind(support::front_of(*traits));
    contract::only_kind({.name = "endpoint", .open = [&behind_front] { return behind_front(); }});
  }
  testing::InitGoogleTest(&count,
                          values);  // takes its own flags, and then the cases by their kinds
  return RUN_ALL_TESTS();
}
