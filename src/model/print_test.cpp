#include <sstream>

#include <gtest/gtest.h>

#include "dynakeep/credentials.h"

namespace dynakeep {
namespace {

TEST(Credentials, PrintTheKeyTheyAreOfAndNoSecret) {
  std::ostringstream out;
  out << Credentials{.access_key_id = "AKIDEXAMPLE",
                     .secret_access_key = "the secret",
                     .session_token = "the token"};
  EXPECT_EQ(out.str(), "credentials of AKIDEXAMPLE");
}

}  // namespace
}  // namespace dynakeep
