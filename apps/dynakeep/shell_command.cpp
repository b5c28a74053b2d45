#include "shell_command.h"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dynakeep::app {

namespace {

Error failed(std::string_view what, int code) {
  return Error::internal(fmt::format("cannot {}: {}", what, std::generic_category().message(code)));
}

class SpawnOptions {
 public:
  SpawnOptions(int input) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
    posix_spawnattr_init(&attributes_);
    // As it would be in a shell: this program blocks some signals and ignores SIGPIPE.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnOptions() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

// A command that ends without reading all of it has its reasons.
void write_all(int pipe, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(pipe, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry(*each);
    bool is_replaced = false;
    for (const auto& [name, value] : variables) {
      is_replaced = is_replaced || entry.starts_with(name + "=");
    }
    if (!is_replaced) all.emplace_back(entry);
  }
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

}  // namespace

Result<CommandFailure> run_command(
    const std::string& command, std::string_view input,
    const std::vector<std::pair<std::string, std::string>>& variables) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("make a pipe", errno);
  std::vector<std::string> environment = environment_with(variables);
  std::vector<char*> entries;
  entries.reserve(environment.size() + 1);
  for (std::string& entry : environment) entries.push_back(entry.data());
  entries.push_back(nullptr);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  char* const arguments[] = {shell.data(), flag.data(), text.data(), nullptr};

  pid_t child = 0;
  const SpawnOptions options(ends[0]);
  const int code = ::posix_spawn(&child, "/bin/sh", options.files(), options.attributes(),
                                 arguments, entries.data());
  ::close(ends[0]);
  if (code != 0) {
    ::close(ends[1]);
    return failed("run /bin/sh", code);
  }
  write_all(ends[1], input);
  ::close(ends[1]);

  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed("wait for the command", errno);
  }
  if (WIFSIGNALED(status)) return fmt::format("signal {} ended it", WTERMSIG(status));
  if (WEXITSTATUS(status) == 0) return CommandFailure();
  return fmt::format("it ended with {}", WEXITSTATUS(status));
}

}  // namespace dynakeep::app
