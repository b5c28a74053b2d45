#include "base/log.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::base {
namespace {

class Log : public testing::Test {
 protected:
  ~Log() override { set_log_sink({}); }

  void collect(LogLevel least) {
    set_log_sink(
        [this](const LogLine& line) {
          std::string text = std::string(to_string(line.level)) + " " + std::string(line.message);
          for (const LogField& field : line.fields) {
            text += " " + std::string(field.name) + "=" + field.value;
          }
          lines_.push_back(text);
        },
        least);
  }

  std::vector<std::string> lines_;
};

TEST_F(Log, IsSilentUntilTheHostWantsToHear) {
  EXPECT_FALSE(is_logged(LogLevel::error));
  log(LogLevel::error, "nobody hears this");
  collect(LogLevel::debug);
  log(LogLevel::debug, "somebody does");
  EXPECT_EQ(lines_, std::vector<std::string>{"debug somebody does"});
}

TEST_F(Log, KeepsLinesBelowTheLevelBack) {
  collect(LogLevel::warning);
  EXPECT_FALSE(is_logged(LogLevel::info));
  EXPECT_TRUE(is_logged(LogLevel::warning));
  log(LogLevel::info, "too little");
  log(LogLevel::error, "enough", {{"why", "because"}, {"count", "2"}});
  EXPECT_EQ(lines_, std::vector<std::string>{"error enough why=because count=2"});
}

TEST_F(Log, TheSinkMayBeReplacedWhileThreadsLog) {
  std::atomic<int> heard = 0;
  std::atomic<bool> done = false;
  std::thread logger([&done] {
    while (!done) log(LogLevel::error, "again");
  });
  while (heard < 100) {
    set_log_sink([&heard](const LogLine&) { ++heard; });
    std::this_thread::yield();
  }
  done = true;
  logger.join();
  EXPECT_GE(heard.load(), 100);
}

}  // namespace
}  // namespace dynakeep::base
