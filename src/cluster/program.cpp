#include "cluster/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

namespace coppice {
namespace {

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "no pipe to a program");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_reading();
    close_writing();
  }
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_reading() { close(ends_[0]); }
  void close_writing() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

/// Appends what is there; false at the end.
bool take(const Pipe& pipe, std::string& text) {
  std::array<char, 4096> buffer{};
  const ssize_t n = ::read(pipe.reading(), buffer.data(), buffer.size());
  if (n > 0) text.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);
}

/// False when the time is over.
bool listen(Pipe& output, Pipe& errors, ProgramResult& result, double limit_s) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(limit_s);
  while (output.reading() >= 0 || errors.reading() >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> waiting{pollfd{output.reading(), POLLIN, 0}, pollfd{errors.reading(), POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 && errno != EINTR) return false;
    if (waiting[0].revents != 0 && !take(output, result.output)) output.close_reading();
    if (waiting[1].revents != 0 && !take(errors, result.errors)) errors.close_reading();
  }
  return true;
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& command, double limit_s) {
  ProgramResult result;
  Pipe output;
  Pipe errors;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output.writing(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors.writing(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t process = 0;
  const int error = ::posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    result.status = error == ENOENT ? 127 : 126;
    result.errors = command[0] + ": " + std::generic_category().message(error);
    return result;
  }
  output.close_writing();
  errors.close_writing();
  const bool ended = listen(output, errors, result, limit_s);
  if (!ended) ::kill(process, SIGKILL);
  int how = 0;
  while (::waitpid(process, &how, 0) < 0 && errno == EINTR) {
  }
  result.status = !ended ? 124 : WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  return result;
}

}  // namespace coppice
