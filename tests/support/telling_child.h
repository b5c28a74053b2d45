#pragma once

#include <functional>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dynakeep::support {

// This binary once more, with other arguments, as a child that tells in lines on its standard
// output what it does, until it is killed.
class TellingChild {
 public:
  // Called with each line, by whoever hears.
  using Listener = std::function<void(std::istringstream& line)>;

  TellingChild(std::vector<std::string> arguments, Listener listener);
  TellingChild(const TellingChild&) = delete;
  TellingChild& operator=(const TellingChild&) = delete;
  ~TellingChild();

  void listen_while(const std::function<bool()>& more);
  // Hears what any of several says, for so long at most.
  static void listen(std::span<const std::unique_ptr<TellingChild>> children, int milliseconds);
  // Kills it, and hears what it had still said. It must not have ended by itself.
  void kill();

 private:
  bool hear();

  const Listener listener_;
  pid_t child_ = -1;
  int from_child_ = -1;
  std::string rest_;
};

// For the child: tells a line. One write a line, so that lines of several threads do not mix, and
// nothing waits in a buffer that a kill would empty.
void tell(const std::string& line);

}  // namespace dynakeep::support
