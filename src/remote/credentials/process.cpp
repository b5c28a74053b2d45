#include "remote/credentials/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file_descriptor.h"
#include "remote/credentials/finding.h"
#include "transport/transport.h"

extern "C" char** environ;  // POSIX leaves the declaration to the program

namespace dynakeep::remote {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct Pipe {
  base::FileDescriptor reading;
  base::FileDescriptor writing;

  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reading.reset(ends[0]);
    // Out of the way of the three that the child gets, should this program have closed its own.
    writing.reset(fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    close(ends[1]);
    if (!writing.is_open()) return false;
    // Whatever the child left running may hold the other end open for ever.
    return fcntl(reading.get(), F_SETFL, O_NONBLOCK) == 0;
  }
};

// A child process and what it says.
class Process {
 public:
  Process() = default;
  ~Process() {
    if (pid_ > 0) stop();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // An errno; 0 if it runs.
  int start(const std::vector<std::string>& words) {
    if (!out_.open() || !err_.open()) return errno;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out_.writing.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err_.writing.get(), STDERR_FILENO);
    // The host program's sockets and files are none of the child's business.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);

    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int problem =
        posix_spawnp(&pid_, arguments.front(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) {
      pid_ = -1;
      return problem;
    }
    out_.writing.reset();
    err_.writing.reset();
    exit_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    return exit_.is_open() ? 0 : errno;
  }

  enum class End { exited, too_late, too_much };

  // Reads until it has exited; what it left running may keep its pipes, and is not waited for.
  End wait(transport::Deadline deadline) {
    while (true) {
      std::array<pollfd, 3> events = {pollfd{exit_.get(), POLLIN, 0},
                                      pollfd{out_.reading.get(), POLLIN, 0},
                                      pollfd{err_.reading.get(), POLLIN, 0}};
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return End::too_late;
      if (poll(events.data(), events.size(), static_cast<int>(left.count())) < 0) continue;
      const bool exited = events[0].revents != 0;
      if (!drain(out_.reading, output_) || !drain(err_.reading, complaint_)) return End::too_much;
      if (exited) return End::exited;
    }
  }

  // As waitpid() says; nothing if the host program has waited for its children itself.
  std::optional<int> reap() {
    int status = 0;
    pid_t waited = -1;
    do {
      waited = waitpid(pid_, &status, 0);
    } while (waited < 0 && errno == EINTR);
    pid_ = -1;
    if (waited < 0) return std::nullopt;
    return status;
  }

  // With all its children that did not leave its group.
  void stop() {
    kill(-pid_, SIGKILL);
    reap();
  }

  const std::string& output() const { return output_; }
  const std::string& complaint() const { return complaint_; }

 private:
  // Reads what there is now. False: more than a process may say.
  static bool drain(base::FileDescriptor& from, std::string& into) {
    std::array<char, 4096> part;
    while (from.is_open()) {
      const auto count = read(from.get(), part.data(), part.size());
      if (count > 0) {
        into.append(part.data(), static_cast<std::size_t>(count));
        if (into.size() > process_output_bytes_max) return false;
      } else if (count == 0) {
        from.reset();
      } else if (errno != EINTR) {
        break;  // nothing more now
      }
    }
    return true;
  }

  pid_t pid_ = -1;
  Pipe out_;
  Pipe err_;
  base::FileDescriptor exit_;
  std::string output_;
  std::string complaint_;
};

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::optional<std::string> word;  // the one that is being read
  char quote = '\0';
  for (std::size_t at = 0; at < command.size(); ++at) {
    const char c = command[at];
    if (quote == '\0' && is_blank(c)) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    if (!word) word.emplace();
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (c == '\\' && quote != '\'') {
      if (at + 1 == command.size()) {
        return Error(ErrorCode::invalid_argument, "a backslash at the end of the command");
      }
      const char next = command[++at];
      if (quote == '"' && next != '"' && next != '\\') word->push_back(c);
      word->push_back(next);
    } else {
      word->push_back(c);
    }
  }
  if (quote != '\0') {
    return Error(ErrorCode::invalid_argument, "a quote in the command is not closed");
  }
  if (word) words.push_back(std::move(*word));
  if (words.empty() || words.front().empty()) {
    return Error(ErrorCode::invalid_argument, "there is no command");
  }
  return words;
}

Result<Credentials> ask_process(std::string_view command, std::string_view source, Time now,
                                std::chrono::milliseconds timeout) {
  const auto failure = [source](ErrorCode code, std::string_view why) {
    return Error(code, std::string(source) + " " + std::string(why));
  };
  const auto words = split_command(command);
  if (!words) {
    return failure(ErrorCode::invalid_argument, "cannot be run: " + words.error().message());
  }

  Process process;
  if (const int problem = process.start(*words); problem != 0) {
    return failure(ErrorCode::invalid_argument,
                   std::string("cannot be run: ") + std::strerror(problem));
  }
  switch (process.wait(std::chrono::steady_clock::now() + timeout)) {
    case Process::End::too_late:
      return failure(ErrorCode::timed_out,
                     "did not end within " + std::to_string(timeout.count()) + " ms");
    case Process::End::too_much:
      return failure(ErrorCode::unavailable, "said far too much");
    case Process::End::exited:
      break;
  }
  if (const auto status = process.reap(); status && *status != 0) {
    std::string why = WIFEXITED(*status)
                          ? "failed with exit code " + std::to_string(WEXITSTATUS(*status))
                          : "was ended by signal " + std::to_string(WTERMSIG(*status));
    if (const auto line = in_one_line(process.complaint()); !line.empty()) why += ": " + line;
    return failure(ErrorCode::access_denied, why);
  }

  const auto fields = TRY(read_credentials_json(process.output(), source));
  const auto version = fields.find("Version");
  if (version == fields.end() || version->second != "1") {
    return failure(ErrorCode::unavailable, "gave credentials that are not of Version 1");
  }
  return checked(TRY(to_credentials(fields, "SessionToken", Lifetime::may_last, source)), source,
                 now);
}

}  // namespace dynakeep::remote
