#include "worker/serve_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>

#include "core/objectives.hpp"
#include "worker/child_process.hpp"
#include "worker/host_connection.hpp"
#include "worker/program_command.hpp"
#include "worker/spawner.hpp"

namespace coppice {
namespace {

constexpr std::size_t kKept_bytes = 65536;  // of standard output: the metrics are at its end
constexpr int kPause_ms = 100;

struct Running {
  pid_t pid = 0;
  UniqueFd output;
};

Running start(const std::vector<std::string>& command) {
  std::array<int, 2> output{};
  std::array<int, 2> failure{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot create a pipe");
  Running running{0, UniqueFd(output[0])};
  const UniqueFd output_end(output[1]);
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot create a pipe");
  const UniqueFd report(failure[0]);
  UniqueFd report_end(failure[1]);
  std::vector<char*> arguments = argument_pointers(command);
  const pid_t parent = ::getpid();
  running.pid = ::fork();
  if (running.pid < 0) throw std::runtime_error("cannot fork");
  if (running.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(output_end.get(), 1);
    ::unsetenv("COPPICE_FD");
    reset_signals();
    ::execvp(arguments[0], arguments.data());
    const StartFailure why{StartFailure::kExec, errno};
    [[maybe_unused]] const ssize_t written = ::write(report_end.get(), &why, sizeof why);
    ::_exit(127);
  }
  report_end.reset();
  StartFailure why;
  if (::read(report.get(), &why, sizeof why) == static_cast<ssize_t>(sizeof why)) {
    ::waitpid(running.pid, nullptr, 0);
    throw std::runtime_error(describe(why, command.front(), ""));
  }
  return running;
}

/// Passes its output on to the log until it has ended; keeps the end of it. False: the worker wants us gone.
bool follow(HostConnection& connection, std::int64_t segment, const Running& running, std::string& kept,
            int& status) {
  bool open = true;
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{open ? running.output.get() : -1, POLLIN, 0},
                                pollfd{connection.fd(), POLLIN, 0}};
    // A background process of it may keep the pipe open, so its exit is asked for as well.
    ::poll(waits.data(), waits.size(), open ? kPause_ms : 1);
    if (waits[1].revents != 0 && connection.wish(segment) == HostConnection::Wish::kExit) {
      ::kill(running.pid, SIGKILL);
      ::waitpid(running.pid, nullptr, 0);
      return false;
    }
    const bool ended = ::waitpid(running.pid, &status, WNOHANG) == running.pid;
    // After its end all that a pipe can hold; else one piece, so that a program that prints without end
    // doesn't keep us from hearing the worker.
    for (int pieces = ended ? 16 : 1; open && pieces > 0; --pieces) {
      pollfd now{running.output.get(), POLLIN, 0};
      if (::poll(&now, 1, 0) <= 0) break;
      std::array<char, 65536> chunk;
      const ssize_t count = ::read(running.output.get(), chunk.data(), chunk.size());
      open = count > 0;
      if (!open) break;
      const auto size = static_cast<std::size_t>(count);
      [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, chunk.data(), size);
      kept.append(chunk.data(), size);
      if (kept.size() > 2 * kKept_bytes) kept.erase(0, kept.size() - kKept_bytes);
    }
    if (ended) return true;
  }
}

/// Whether to go on serving.
bool run_segment(HostConnection& connection, const SegmentOrder& order,
                 const std::vector<std::string>& command, const std::vector<std::string>& names) {
  if (!order.fresh || order.from_step > 0) {
    throw std::runtime_error("a program with protocol stdout can't continue from a checkpoint");
  }
  const auto begin = std::chrono::steady_clock::now();
  std::string kept;
  int status = 0;
  if (!follow(connection, order.segment, start(fill_placeholders(command, names, order)), kept, status))
    return false;
  if (status != 0) throw std::runtime_error(describe_exit(status));
  Metrics metrics;
  if (!last_metrics(kept, metrics)) {
    throw std::runtime_error(
        fmt::format("printed no JSON object; with protocol stdout the last one on its standard output is the "
                    "metrics, e.g. {{\"{}\": 0.5}}",
                    order.metric.empty() ? "loss" : order.metric));
  }
  if (!order.metric.empty() && !find_metric(metrics, order.metric)) {
    throw std::runtime_error(
        fmt::format("the last JSON object that it printed has no number named '{}'", order.metric));
  }
  if (order.report_after < 1) connection.report(order.segment, 1, metrics);
  HostEnded ended;
  ended.segment = order.segment;
  ended.step = 1;
  ended.done = true;
  ended.train_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  connection.ended(ended);
  return true;
}

}  // namespace

int serve_program(int fd, const std::vector<std::string>& command, const std::vector<std::string>& names) {
  HostConnection connection(fd);
  connection.hello(HostForm::kOnce, false);
  while (const auto received = connection.next_order()) {
    try {
      if (!run_segment(connection, received->order, command, names)) break;
    } catch (const std::exception& error) {
      connection.failed(received->order.segment, error.what());
    }
  }
  return 0;
}

}  // namespace coppice
