#include "worker/become_host.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "worker/child_process.hpp"
#include "worker/serve_program.hpp"

namespace coppice {
namespace {

constexpr int kHostFd = 3;
constexpr int kFirstSpareFd = 16;  // above all that a child is given at fixed numbers

bool belongs_to_launcher(std::string_view name) {
  if (name == "SLURM_JOB_ID") return false;
  for (const std::string_view prefix : {"PMI", "OMPI_", "MPI_", "PRTE_", "HYDRA_", "SLURM_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

void prepare_environment(const nlohmann::json& request) {
  std::vector<std::string> unwanted;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (belongs_to_launcher(name)) unwanted.emplace_back(name);
  }
  for (const std::string& name : unwanted) ::unsetenv(name.c_str());
  for (const auto& name : request["unset"]) ::unsetenv(name.get<std::string>().c_str());
  for (const auto& [name, value] : request["set"].items()) {
    ::setenv(name.c_str(), value.get<std::string>().c_str(), 1);
  }
  for (const auto& [name, value] : request["prepend"].items()) {
    auto text = value.get<std::string>();
    if (const char* old = std::getenv(name.c_str()); old != nullptr && *old != '\0')
      text += std::string(":") + old;
    ::setenv(name.c_str(), text.c_str(), 1);
  }
  ::setenv("COPPICE_FD", "3", 1);
}

}  // namespace

void become_host(const nlohmann::json& request, int socket, int output, int report, pid_t parent) {
  const auto give_up = [&](StartFailure::Stage stage) {
    const StartFailure failure{stage, errno};
    [[maybe_unused]] const ssize_t written = ::write(report, &failure, sizeof failure);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before that took effect
  socket = ::fcntl(socket, F_DUPFD_CLOEXEC, kFirstSpareFd);
  output = ::fcntl(output, F_DUPFD_CLOEXEC, kFirstSpareFd);
  report = ::fcntl(report, F_DUPFD_CLOEXEC, kFirstSpareFd);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (socket < 0 || output < 0 || report < 0 || nothing < 0 || ::dup2(nothing, 0) < 0 ||
      ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0 || ::dup2(socket, kHostFd) < 0) {
    give_up(StartFailure::kDescriptors);
  }
  close_descriptors(kHostFd + 1, std::array{report});
  const auto cwd = request["cwd"].get<std::string>();
  if (!cwd.empty() && ::chdir(cwd.c_str()) != 0) give_up(StartFailure::kDirectory);
  prepare_environment(request);
  bind_to_cpus(request["cpus"].get<std::vector<int>>());
  reset_signals();
  const auto command = request["command"].get<std::vector<std::string>>();
  if (request["plain_program"].get<bool>()) {
    ::close(report);
    const auto names = request["parameter_names"].get<std::vector<std::string>>();
    ::_exit(serve_program(kHostFd, command, names));
  }
  std::vector<char*> arguments = argument_pointers(command);
  errno = EINVAL;
  if (!command.empty()) ::execvp(arguments[0], arguments.data());
  give_up(StartFailure::kExec);
  ::_exit(127);
}

}  // namespace coppice
