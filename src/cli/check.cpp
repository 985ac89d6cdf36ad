// `coppice check [STUDY.yaml]`: is the study right, and what would it run on?
#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/assemble.hpp"
#include "cli/catalogs.hpp"
#include "cli/commands.hpp"
#include "cluster/devices.hpp"
#include "cluster/launcher.hpp"
#include "cluster/slurm.hpp"
#include "spec/load_study.hpp"
#include "transport/mpi.hpp"

namespace coppice {
namespace {

std::string trainable_text(const TrainableSpec& trainable) {
  if (trainable.kind == TrainableKind::kBuiltin) return "built-in " + trainable.builtin;
  return fmt::format("{}{}", fmt::join(trainable.command, " "),
                     trainable.protocol == HostProtocol::kStdout ? " (prints its metrics)" : "");
}

std::string range_text(const Parameter& parameter) {
  std::string text;
  if (parameter.type == ParameterType::kCategorical) {
    for (const Value& choice : parameter.choices) text += (text.empty() ? "" : ", ") + to_text(choice);
    text = fmt::format("one of {}{}", text, parameter.ordered ? " (ordered)" : "");
  } else {
    text = fmt::format("{} from {} to {}", parameter.type == ParameterType::kInt ? "int" : "float",
                       to_text(parameter.low), to_text(parameter.high));
    if (parameter.step) text += " by " + to_text(*parameter.step);
    if (parameter.log) text += ", log";
  }
  if (parameter.fixed) text += ", fixed";
  if (parameter.when)
    text += ", when " + parameter.when->parent + " is " + to_text(parameter.when->values.front());
  return text;
}

void print_study(const StudySpec& spec) {
  const auto& objective = spec.objectives.front();
  fmt::print("study      {}\n", spec.name);
  fmt::print("objective  {} {}\n", objective.minimize ? "minimize" : "maximize", objective.metric);
  fmt::print("space      {} hyperparameters\n", spec.space.size());
  for (const Parameter& parameter : spec.space.parameters())
    fmt::print("           {}: {}\n", parameter.name, range_text(parameter));
  fmt::print("sampler    {}\nscheduler  {}\n", spec.sampler.name, spec.scheduler.name);
  std::string budget;
  const auto add = [&](const char* name, const auto& value, const char* unit) {
    if (value) budget += fmt::format("{}{} {}{}", budget.empty() ? "" : ", ", name, *value, unit);
  };
  add("trials", spec.budget.trials, "");
  add("steps per trial", spec.budget.steps_per_trial, "");
  add("wall time", spec.budget.wall_time_s, " s");
  add("target", spec.budget.target, "");
  fmt::print("budget     {}\n", budget.empty() ? "the scheduler's own" : budget);
  fmt::print("trainable  {}\nseed       {}\n", trainable_text(spec.trainable), spec.seed);
}

void print_devices(const std::vector<Device>& devices) {
  fmt::print("devices    {}\n", devices.empty() ? "no GPU is visible: workers train on the CPU"
                                                : std::to_string(devices.size()));
  for (const Device& device : devices)
    fmt::print("           {} {} {}\n", device.index, device.uuid, device.name);
}

/// Under a launcher: which rank is where, and what it sees.
void print_ranks(const MpiSession& session, const std::vector<std::string>& told) {
  for (const RankInfo& info : session.ranks()) {
    const auto devices =
        decode_devices(told[static_cast<std::size_t>(info.rank)]).value_or(std::vector<Device>{});
    std::string seen;
    for (const Device& device : devices) seen += (seen.empty() ? "" : ", ") + device.key();
    fmt::print("rank {:<5} {} (node {}, local rank {}): {}\n", info.rank, info.host, info.node,
               info.local_rank, devices.empty() ? "no GPU" : "sees " + seen);
  }
}

}  // namespace

int check_command(const CheckOptions& options) {
  const Launcher launcher = detect_launcher();
  if (!launcher.problem.empty()) throw UserError(launcher.problem);
  std::optional<MpiSession> session;
  if (launcher.launched) session.emplace();
  const bool first = !session || session->rank() == 0;
  // Every rank tells, also where rank 0 then finds the study wrong.
  const auto devices = visible_devices();
  const auto told = session ? session->gather(encode_devices(devices)) : std::vector<std::string>();
  if (!first) return 0;
  if (options.study) {
    const StudySpec spec = load_study(*options.study, options.set, options.seed, make_catalogs());
    assemble(spec);
    print_study(spec);
  }
  fmt::print("launcher   {}\n",
             launcher.launched ? launcher.kind : "none: coppice run uses --workers N local workers");
  if (const auto slurm = slurm_info())
    fmt::print("slurm      job {} on {}\n", slurm->job_id, slurm->node_list);
  if (session) {
    print_ranks(*session, told);
  } else {
    print_devices(devices);
  }
  fmt::print("fine\n");
  return 0;
}

}  // namespace coppice
