#include "cluster/job_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>

#include "cluster/launch_library.hpp"
#include "coppice/version.hpp"

namespace coppice {
namespace {

constexpr int kLead_s = 120;
constexpr int kShortestLead_s = 30;  // Slurm looks at its clocks about so often

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_-./=:,+@%").find(c) != std::string_view::npos;
}

/// Slurm's names of jobs stand in tables and files.
std::string job_name(std::string name) {
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.') c = '_';
  }
  return name;
}

/// In the name of a log, % begins a placeholder.
std::string log_name(const std::filesystem::path& path) {
  std::string name;
  for (const char c : path.string()) name += c == '%' ? std::string("%%") : std::string(1, c);
  return shell_word(name);
}

std::string option(const std::string& line) {
  constexpr std::string_view kMark = "#SBATCH";
  std::string text = line.starts_with(kMark) ? line.substr(kMark.size()) : line;
  text.erase(0, text.find_first_not_of(" \t"));
  return fmt::format("#SBATCH {}\n", text);
}

std::string options(const JobRequest& request) {
  std::string text;
  const auto add = [&](const std::string& name, const auto& value) {
    text += fmt::format("#SBATCH --{}={}\n", name, value);
  };
  add("job-name", job_name(request.name));
  add("nodes", request.nodes);
  add("ntasks-per-node", request.tasks_per_node);
  if (request.gpus_per_node) add("gpus-per-node", *request.gpus_per_node);
  if (request.cpus_per_task) add("cpus-per-task", *request.cpus_per_task);
  if (request.time_s) add("time", slurm_time(*request.time_s));
  if (!request.partition.empty()) add("partition", shell_word(request.partition));
  if (!request.account.empty()) add("account", shell_word(request.account));
  if (!request.qos.empty()) add("qos", shell_word(request.qos));
  add("output", log_name(request.directory / "job.log"));
  text += "#SBATCH --open-mode=append\n";
  add("signal", fmt::format("B:USR1@{}", signal_lead_s(request.time_s)));
  text += "#SBATCH --requeue\n#SBATCH --no-kill\n";
  for (const std::string& line : request.extra) text += option(line);
  return text;
}

}  // namespace

int signal_lead_s(const std::optional<double>& time_s) {
  if (!time_s) return kLead_s;
  return std::clamp(static_cast<int>(*time_s / 10), kShortestLead_s, kLead_s);
}

std::string slurm_time(double seconds) {
  const auto all = static_cast<std::int64_t>(std::ceil(seconds));
  const std::string clock = fmt::format("{:02}:{:02}:{:02}", all % 86400 / 3600, all % 3600 / 60, all % 60);
  return all < 86400 ? clock : fmt::format("{}-{}", all / 86400, clock);
}

std::string shell_word(const std::string& text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string job_script(const JobRequest& request) {
  std::string run;
  for (const std::string& word : request.run) run += (run.empty() ? "" : " ") + shell_word(word);
  const std::string again = shell_word((request.directory / "job.sh").string());
  std::string text = fmt::format(
      "#!/bin/bash\n"
      "# Written by coppice {} (coppice submit). Submitted again, it goes on where the study is:\n"
      "#     sbatch {}\n"
      "{}\n"
      "coppice={}\n"
      "coppice_launcher={}\n"
      "coppice_results={}\n"
      "coppice_run=({})\n",
      kVersion, again, options(request), shell_word(request.program.string()), request.launcher,
      shell_word(request.directory.string()), run);
  if (!request.prologue.empty()) {
    text += "\n# The study's slurm.prologue:\n";
    for (const std::string& line : request.prologue) text += line + '\n';
  }
  return text + "\n# From here on a copy of jobs/launch.sh.\n" + launch_library() + "\ncoppice_job\n";
}

}  // namespace coppice
