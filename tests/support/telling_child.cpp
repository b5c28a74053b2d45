#include "support/telling_child.h"

#include <array>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dynakeep::support {

TellingChild::TellingChild(std::vector<std::string> arguments, Listener listener)
    : listener_(std::move(listener)) {
  std::vector<char*> words;
  arguments.insert(arguments.begin(), "telling_child");
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);

  std::array<int, 2> ends{};
  // Not for the next child, which would keep the line open behind this one.
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  child_ = fork();
  if (child_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execv("/proc/self/exe", words.data());
    _exit(127);
  }
  close(ends[1]);
  from_child_ = ends[0];
}

TellingChild::~TellingChild() {
  if (child_ != -1) kill();
}

void TellingChild::listen_while(const std::function<bool()>& more) {
  while (more() && hear()) {
  }
}

void TellingChild::listen(std::span<const std::unique_ptr<TellingChild>> children,
                          int milliseconds) {
  std::vector<pollfd> ends;
  for (const auto& child : children) ends.push_back({child->from_child_, POLLIN, 0});
  if (::poll(ends.data(), ends.size(), milliseconds) <= 0) return;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (ends[i].revents != 0) children[i]->hear();
  }
}

void TellingChild::kill() {
  ::kill(child_, SIGKILL);
  int status = 0;
  waitpid(child_, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself, with status " << status;
  child_ = -1;
  while (hear()) {
  }
  close(from_child_);
}

bool TellingChild::hear() {
  std::array<char, 65536> buffer{};
  const ssize_t got = read(from_child_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  rest_.append(buffer.data(), static_cast<std::size_t>(got));
  std::size_t begin = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    std::istringstream line(rest_.substr(begin, end - begin));
    listener_(line);
    begin = end + 1;
  }
  rest_.erase(0, begin);
  return true;
}

void tell(const std::string& line) {
  const std::string text = line + "\n";
  if (write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    _exit(2);
  }
}

}  // namespace dynakeep::support
