#include "remote/credentials/process.h"

#include <chrono>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace dynakeep::remote {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Time now{1'764'000'000s};

std::string split(std::string_view command) {
  const auto words = split_command(command);
  if (!words) return words.error().message();
  std::string out;
  for (const std::string& word : *words) out += "<" + word + ">";
  return out;
}

TEST(SplitCommand, SplitsAsAShellDoesAndNoMore) {
  EXPECT_EQ(split("/opt/bin/x --user  nina\t-v\n"), "</opt/bin/x><--user><nina><-v>");
  EXPECT_EQ(split("'/opt/my bin/x' \"a b\" c'd e'f\"g\""), "</opt/my bin/x><a b><cd efg>");
  EXPECT_EQ(split(R"(x a\ b '\n' "\n\"\\" "" '')"), R"(<x><a b><\n><\n"\><><>)");
  EXPECT_EQ(split("x $HOME ~ * | > ; && # `y`"), "<x><$HOME><~><*><|><>><;><&&><#><`y`>");
}

TEST(SplitCommand, RefusesWhatIsNoCommand) {
  EXPECT_EQ(split(""), "there is no command");
  EXPECT_EQ(split(" \n "), "there is no command");
  EXPECT_EQ(split("'' x"), "there is no command");
  EXPECT_EQ(split("x 'y"), "a quote in the command is not closed");
  EXPECT_EQ(split("x \"y\\\""), "a quote in the command is not closed");
  EXPECT_EQ(split("x \\"), "a backslash at the end of the command");
}

// The credentials' key and expiration, or the error.
std::string asked(const std::string& script, std::chrono::milliseconds timeout = 20s) {
  std::string command = "/bin/sh -c \"";
  for (const char c : script) {
    if (c == '"' || c == '\\') command.push_back('\\');
    command.push_back(c);
  }
  const auto credentials = ask_process(command + "\"", "The process", now, timeout);
  if (!credentials) return credentials.error().message();
  return credentials->access_key_id + "," + credentials->secret_access_key + "," +
         credentials->session_token + (credentials->expires_at ? ", expire" : ", last");
}

TEST(Process, GivesCredentialsAsJson) {
  EXPECT_EQ(asked(R"(echo '{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"S"}')"),
            "AK,S,, last");
  EXPECT_EQ(asked(R"(printf '{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"S",)"
                  R"("SessionToken":"T",'; sleep 0.05; )"
                  R"(echo '"Expiration":"2025-11-24T17:00:00Z"}'; echo warning >&2)"),
            "AK,S,T, expire");
}

TEST(Process, FailsInItsOwnWords) {
  EXPECT_EQ(asked("echo 'sign in first' >&2; echo more >&2; exit 3"),
            "The process failed with exit code 3: sign in first");
  EXPECT_EQ(asked("exit 1"), "The process failed with exit code 1");
  EXPECT_EQ(asked("kill -9 $$"), "The process was ended by signal 9");
}

TEST(Process, IsNotQuotedIfWhatItPrintsMakesNoSense) {
  EXPECT_EQ(asked("echo hush"), "The process gave something that is no JSON object");
  EXPECT_EQ(asked(""), "The process gave something that is no JSON object");
  EXPECT_EQ(asked(R"(echo '{"AccessKeyId":"AK","SecretAccessKey":"S"}')"),
            "The process gave credentials that are not of Version 1");
  EXPECT_EQ(asked(R"(echo '{"Version":2,"AccessKeyId":"AK","SecretAccessKey":"S"}')"),
            "The process gave credentials that are not of Version 1");
  EXPECT_EQ(asked(R"(echo '{"Version":1,"AccessKeyId":"AK"}')"),
            "The process gave credentials without SecretAccessKey");
  EXPECT_EQ(asked(R"(echo '{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"S",)"
                  R"("Expiration":"2025-11-24T16:00:00Z"}')"),
            "The process gave credentials that expired at 2025-11-24T16:00:00Z");
}

TEST(Process, CannotBeRunIfItIsNotThere) {
  const auto missing = ask_process("/nonexistent/x --secret abc", "The process", now);
  EXPECT_EQ(missing.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(missing.error().message(), "The process cannot be run: No such file or directory");
  const auto unclosed = ask_process("x 'abc", "The process", now);
  EXPECT_EQ(unclosed.error().message(),
            "The process cannot be run: a quote in the command is not closed");
}

TEST(Process, IsEndedWhenItTakesTooLong) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(asked("sleep 100 & sleep 100", 100ms), "The process did not end within 100 ms");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 50s);
}

TEST(Process, IsNotWaitedForBeyondItsOwnEnd) {
  // What it leaves behind holds its output open.
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(asked(R"(sleep 60 & echo '{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"S"}')"),
            "AK,S,, last");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 50s);
}

TEST(Process, IsEndedWhenItSaysTooMuch) {
  EXPECT_EQ(asked("exec cat /dev/zero"), "The process said far too much");
  EXPECT_EQ(asked("exec cat /dev/zero >&2"), "The process said far too much");
}

TEST(Process, GetsNoneOfOurOpenFilesAndNoInput) {
  const int ours = open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a careless library opens
  ASSERT_GE(ours, 3);
  EXPECT_THAT(asked("test -e /proc/self/fd/" + std::to_string(ours) + " && exit 7; exit 8"),
              HasSubstr("exit code 8"));
  EXPECT_THAT(asked("read line || exit 9"), HasSubstr("exit code 9"));
  close(ours);
}

}  // namespace
}  // namespace dynakeep::remote
