#pragma once

#include <functional>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dynakeep::stream_workers {

// This binary once more, with other arguments, as one of several children that tell in lines on
// their standard output what they do, until they are killed.
class Child {
 public:
  using Listener = std::function<void(std::istringstream& line)>;

  Child(std::vector<std::string> arguments, Listener listener);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Kills it, and hears what it had still said. It must not have ended by itself.
  void kill();

  // Hears what any of them says, for so long at most.
  static void listen(std::span<const std::unique_ptr<Child>> children, int milliseconds);

 private:
  bool hear();

  const Listener listener_;
  pid_t child_ = -1;
  int from_child_ = -1;
  std::string rest_;
};

// For a child: one write a line, so that nothing waits in a buffer that a kill would empty.
void tell(const std::string& line);

}  // namespace dynakeep::stream_workers
