#include "cluster/slurm.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "cluster/environment.hpp"

namespace coppice {

namespace {

constexpr std::chrono::seconds kSqueueLimit{5};

/// Our environment, but for the format of times.
std::vector<std::string> squeue_environment() {
  constexpr std::string_view kFormat = "SLURM_TIME_FORMAT=";
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(kFormat)) result.emplace_back(*entry);
  }
  result.push_back(std::string(kFormat) + "%s");
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// What squeue prints of the job's end; empty where it isn't there, fails or takes too long.
std::string ask_squeue(const std::string& job_id) {
  std::array<int, 2> output{};
  if (pipe2(output.data(), O_CLOEXEC) != 0) return "";
  std::vector<std::string> arguments{"squeue", "-h", "-j", job_id, "-o", "%e"};
  std::vector<std::string> environment = squeue_environment();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, "squeue", &actions, nullptr, pointers(arguments).data(),
                                 pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  std::string text;
  const auto until = std::chrono::steady_clock::now() + kSqueueLimit;
  while (error == 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waiting{output[0], POLLIN, 0};
    std::array<char, 256> chunk{};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
    const ssize_t count = read(output[0], chunk.data(), chunk.size());
    if (count <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  close(output[0]);
  if (error != 0) return "";
  kill(pid, SIGKILL);  // it has nothing more to say, or says it too late
  int status = 0;
  waitpid(pid, &status, 0);
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::optional<SlurmInfo> slurm_info() {
  using cluster_detail::environment;
  using cluster_detail::to_integer;
  const auto job_id = environment("SLURM_JOB_ID");
  if (!job_id || job_id->empty()) return std::nullopt;
  SlurmInfo info;
  info.job_id = *job_id;
  info.step_id = environment("SLURM_STEP_ID").value_or("");
  info.node_list = environment("SLURM_JOB_NODELIST").value_or("");
  info.partition = environment("SLURM_JOB_PARTITION").value_or("");
  info.restart_count = to_integer<int>(environment("SLURM_RESTART_COUNT").value_or("")).value_or(0);
  const auto end = to_integer<std::int64_t>(environment("SLURM_JOB_END_TIME").value_or(""));
  if (end && *end > 0) info.end_time_unix = end;
  return info;
}

std::optional<std::int64_t> parse_slurm_time(std::string_view text) {
  if (const auto seconds = cluster_detail::to_integer<std::int64_t>(text)) {
    return *seconds > 0 ? seconds : std::nullopt;
  }
  const std::string copy(text);
  tm local{};
  const char* const end = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &local);
  if (end == nullptr || *end != '\0') return std::nullopt;
  local.tm_isdst = -1;
  const std::int64_t seconds = mktime(&local);
  return seconds > 0 ? std::optional(seconds) : std::nullopt;
}

std::optional<std::int64_t> allocation_end_unix_s() {
  using cluster_detail::environment;
  if (const auto given = environment("COPPICE_END_TIME"); given && !given->empty()) {
    const auto end = parse_slurm_time(*given);
    if (!end) {
      throw std::invalid_argument("COPPICE_END_TIME is '" + *given +
                                  "': expected seconds of the Unix clock, as date +%s prints them");
    }
    return end;
  }
  const auto info = slurm_info();
  if (!info) return std::nullopt;
  if (info->end_time_unix) return info->end_time_unix;
  return parse_slurm_time(ask_squeue(info->job_id));
}

}  // namespace coppice
