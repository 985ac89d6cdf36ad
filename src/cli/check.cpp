// `coppice check [STUDY.yaml]`: is the study right, and what would it run on?
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/assemble.hpp"
#include "cli/catalogs.hpp"
#include "cli/check_places.hpp"
#include "cli/clock.hpp"
#include "cli/commands.hpp"
#include "cli/opening.hpp"
#include "cli/user_explorer.hpp"
#include "cluster/allotment.hpp"
#include "cluster/launcher.hpp"
#include "cluster/slurm.hpp"
#include "cluster/start_limit.hpp"
#include "samplers/catalog.hpp"
#include "spec/load_study.hpp"
#include "transport/mpi.hpp"
#include "worker/unique_fd.hpp"

namespace coppice {
namespace {

constexpr int kUsersMistake = 2;

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
    if (const auto& prior = parameter.prior) {
      text += parameter.log ? fmt::format(", prior {} within a factor of {:.3g}", prior->mean,
                                          std::exp(prior->deviation))
                            : fmt::format(", prior {} ± {}", prior->mean, prior->deviation);
    }
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
  std::string scheduler = spec.scheduler.name;
  for (const AlgorithmSpec& stopper : spec.stoppers) scheduler += " + " + stopper.name;
  fmt::print("sampler    {}\nscheduler  {}\n", sampler_text(spec), scheduler);
  if (const UserProgram* program = spec.scheduler.options.program("explore")) {
    const std::string command = fmt::format("{}", fmt::join(program->command, " "));
    fmt::print("explorer   {}\n", program->plugin.empty() ? command : program->plugin);
  }
  std::string budget;
  const auto add = [&](const char* name, const auto& value, const char* unit) {
    if (value) budget += fmt::format("{}{} {}{}", budget.empty() ? "" : ", ", name, *value, unit);
  };
  add("trials", spec.budget.trials, "");
  add("steps per trial", spec.budget.steps_per_trial, "");
  add("wall time", spec.budget.wall_time_s, " s");
  add("target", spec.budget.target, "");
  add("patience: trials", spec.patience.trials, "");
  add("patience: steps", spec.patience.steps, "");
  fmt::print("budget     {}\n", budget.empty() ? "the scheduler's own" : budget);
  if (spec.repeats > 1) fmt::print("repeats    {} of each trial, with other seeds\n", spec.repeats);
  fmt::print("trainable  {}\nseed       {}\n", trainable_text(spec.trainable), spec.seed);
}

void print_allocation() {
  if (const auto slurm = slurm_info()) {
    fmt::print("slurm      job {} on {}{}{}\n", slurm->job_id, slurm->node_list,
               slurm->partition.empty() ? "" : ", partition " + slurm->partition,
               slurm->restart_count > 0 ? fmt::format(", requeued {} times", slurm->restart_count) : "");
  }
  std::optional<std::int64_t> end;
  try {
    end = allocation_end_unix_s();
  } catch (const std::invalid_argument& error) {
    throw UserError(error.what());
  }
  if (end) {
    const double left_s = static_cast<double>(*end) - unix_s();
    fmt::print("ends       {:%Y-%m-%d %H:%M:%S}, in {:.0f} min\n",
               fmt::localtime(static_cast<std::time_t>(*end)), left_s / 60);
  }
}

/// What all ranks, or the local workers, were told and found.
struct Found {
  std::string who;
  std::vector<RankInfo> infos;
  Placement placement;
  std::vector<std::vector<DeviceReading>> readings;
};

std::vector<DeviceReading> readings_of(const RankPlace& rank) {
  return rank.place.read_devices ? rank.place.read_devices() : std::vector<DeviceReading>();
}

Found find_locally(const ResourceSpec& resources) {
  Found found{"worker", {}, {}, {}};
  found.placement = place_local_workers(resources, std::nullopt, own_allotment());
  for (std::size_t i = 0; i < found.placement.ranks.size(); ++i) {
    const RankPlace& rank = found.placement.ranks[i];
    const auto number = static_cast<int>(i);
    found.infos.push_back({number, 0, number, rank.place.host});
    found.readings.push_back(readings_of(rank));
  }
  return found;
}

/// Collective. `opening`: what rank 0 read in the study.
Found find_under_launcher(MpiSession& session, Opening opening) {
  const auto told = session.gather(opening.text() + encode(own_allotment()));
  Found found{"rank", session.ranks(), place_ranks(session.ranks(), told), {}};
  // Each rank reads its own devices: only there they can be.
  const RankPlace& own = found.placement.ranks[static_cast<std::size_t>(session.rank())];
  for (const std::string& text : session.gather(encode(readings_of(own)))) {
    found.readings.push_back(decode_readings(text));
  }
  return found;
}

/// Whether the explorer that the study names starts, and answers.
void check_explorer(const StudySpec& spec, const CheckOptions& options, Spawner& spawner) {
  if (spec.scheduler.options.program("explore") == nullptr) return;
  const UniqueFd memory(::memfd_create("coppice-explorer", MFD_CLOEXEC));
  UserExplorer explorer(spec, make_explorer(spec.scheduler.options, spec.space, spec.seed), spawner,
                        fmt::format("/proc/self/fd/{}", memory.get()));
  const auto fail = [&](const std::string& what) {
    throw SpecError(place_in_study(*options.study, options.set, "scheduler.explore"),
                    "scheduler.explore " + what);
  };
  if (const auto trouble = explorer.await_start([](double) {}); !trouble.empty())
    fail("does not start: " + trouble);
  if (const auto wrong = explorer.try_out(spec); !wrong.empty()) fail("has no answer: " + wrong);
  explorer.shutdown();
  explorer.await_exit(steady_s() + kHostFarewell_s);
}

/// Where proposals wait for results, only so many of them can be under way.
void print_lag(std::int64_t lag, const Placement& placement) {
  const auto workers =
      std::count_if(placement.ranks.begin(), placement.ranks.end(),
                    [](const RankPlace& rank) { return rank.works && rank.set_aside.empty(); });
  const auto waiting =
      fmt::format(", so some of the {} workers will wait: deterministic: {{lag: {}}} lets all of them train",
                  workers, workers);
  fmt::print(
      "lag        {0}: a proposal waits for the results of all trials that are {0} or more before it{1}\n",
      lag, lag < workers ? waiting : "");
}

/// Returns the exit status.
int print_places(const Found& found) {
  fmt::print("\n{}\n", places_text(found.who, found.placement, found.infos, found.readings));
  for (const std::string& note : found.placement.notes) fmt::print("note: {}\n", note);
  const auto problems = places_problems(found.placement);
  if (problems.empty()) {
    fmt::print("fine\n");
    return 0;
  }
  std::fflush(stdout);
  for (const std::string& problem : problems) fmt::print(stderr, "coppice: {}\n", problem);
  return kUsersMistake;
}

}  // namespace

int check_command(const CheckOptions& options) {
  Spawner spawner = Spawner::launch();  // first of all: it forks
  const Launcher launcher = detect_launcher();
  if (!launcher.problem.empty()) throw UserError(launcher.problem);
  std::optional<MpiSession> session;
  // More threads than a run asks for: whether this MPI has them is worth knowing.
  std::optional<StartLimit> start_limit;
  if (launcher.launched) {
    start_limit.emplace();
    session.emplace(MpiSession::Threads::kMany);
  }
  const bool first = !session || session->rank() == 0;
  std::optional<StudySpec> spec;
  std::optional<std::int64_t> lag;
  std::exception_ptr mistake;
  if (first && options.study) {
    try {
      spec = load_study(*options.study, options.set, options.seed, make_catalogs());
      lag = assemble(*spec).study->settings().lag;
    } catch (...) {
      mistake = std::current_exception();
    }
  }
  Opening opening{true, spec && spec->dedicated_coordinator, spec ? spec->resources : ResourceSpec{}};
  // All ranks together, also where rank 0 has found the study wrong.
  const Found found = session ? find_under_launcher(*session, opening) : find_locally(opening.resources);
  start_limit.reset();
  if (!first) return 0;
  if (mistake) std::rethrow_exception(mistake);
  if (spec) {
    check_explorer(*spec, options, spawner);  // as long as its imports take
    print_study(*spec);
  }
  if (session) {
    const std::string version = mpi_library_version();
    fmt::print("launcher   {}, {} ranks\nMPI        {}, {}\n", launcher.kind, session->size(),
               version.substr(0, version.find(',')),
               session->multithreaded() ? "MPI_THREAD_MULTIPLE" : "one thread at a time");
  } else {
    fmt::print("launcher   none: coppice run uses --workers N local workers\n");
  }
  if (lag) print_lag(*lag, found.placement);
  print_allocation();
  return print_places(found);
}

}  // namespace coppice
