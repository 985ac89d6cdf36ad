#include "cli/assemble.hpp"

#include <algorithm>
#include <string_view>

#include "cli/commands.hpp"
#include "coppice/version.hpp"
#include "core/check.hpp"
#include "samplers/automatic.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/with_stoppers.hpp"
#include "trainables/catalog.hpp"

namespace coppice {

namespace {

/// The setup that the spec's scheduler was checked with, but for a built-in that trains one step alone.
SchedulerSetup setup_of(const StudySpec& spec) {
  SchedulerSetup setup{spec.budget.trials, spec.budget.steps_per_trial, spec.budget.wall_time_s.has_value(),
                       spec.budget.target.has_value(), spec.deterministic.enabled};
  if (spec.trainable.kind == TrainableKind::kBuiltin &&
      steps_per_trial(spec.scheduler.options, setup) == kOpenEnd) {
    if (find_builtin(spec.trainable.builtin)->several_steps) {
      if (find_scheduler(spec.scheduler.name)->open_ended) return setup;
      throw UserError("budget.steps_per_trial is missing: " + spec.trainable.builtin +
                      " trains step by step; how many is a trial to have?");
    }
    setup.steps_per_trial = 1;
  }
  return setup;
}

const SchedulerInfo& scheduler_of(const StudySpec& spec) {
  const SchedulerInfo* scheduler = find_scheduler(spec.scheduler.name);
  check(scheduler != nullptr, "the scheduler was checked");
  return *scheduler;
}

std::unique_ptr<Scheduler> make_scheduler(const StudySpec& spec, const SchedulerSetup& setup) {
  const Options& options = spec.scheduler.options;
  auto scheduler = scheduler_of(spec).make(options, setup);
  if (spec.stoppers.empty()) return scheduler;
  std::vector<std::unique_ptr<Stopper>> stoppers;
  for (const AlgorithmSpec& stopper : spec.stoppers) {
    stoppers.push_back(find_stopper(stopper.name)->make(stopper.options));
  }
  return with_stoppers(std::move(scheduler), std::move(stoppers), steps_per_trial(options, setup));
}

/// Schedulers tell by their options what becomes of trials.
bool takes(const SchedulerInfo& scheduler, std::string_view option) {
  return std::any_of(scheduler.options.begin(), scheduler.options.end(),
                     [&](const OptionSpec& o) { return o.name == option; });
}

SamplerSetup sampler_setup_of(const StudySpec& spec) {
  return {.max_trials = spec.budget.trials,
          .population = clones(spec),
          .rungs = takes(scheduler_of(spec), "eta"),
          .blind = spec.deterministic.enabled && !spec.deterministic.lag};
}

bool learns(const StudySpec& spec) {
  using enum AutoChoice::Kind;
  const SamplerInfo* sampler = find_sampler(spec.sampler.name);
  check(sampler != nullptr, "the sampler was checked");
  if (spec.sampler.name != "auto") return sampler->learns;
  const auto kind = choose_samplers(spec.space, sampler_setup_of(spec)).kind;
  return kind != kSpread && kind != kRandom;
}

/// Of `deterministic: true`.
constexpr std::int64_t kUsualLag = 16;

std::optional<std::int64_t> lag_of(const StudySpec& spec) {
  if (!spec.deterministic.enabled || !learns(spec)) return std::nullopt;
  return spec.deterministic.lag.value_or(kUsualLag);
}

}  // namespace

Assembly assemble(const StudySpec& spec) {
  const SchedulerSetup setup = setup_of(spec);
  StudySettings settings;
  settings.seed = spec.seed;
  settings.space = spec.space;
  settings.metric = spec.objectives.front().metric;
  settings.minimize = spec.objectives.front().minimize;
  settings.repeats = spec.repeats;
  settings.retries = spec.retries;
  settings.keep = spec.checkpoints.keep;
  settings.steps_per_trial = steps_per_trial(spec.scheduler.options, setup);
  settings.lag = lag_of(spec);

  Assembly assembly;
  assembly.study = std::make_unique<Study>(std::move(settings), make_scheduler(spec, setup));
  assembly.sampler =
      make_sampler(spec.sampler.name, spec.sampler.options, spec.space, spec.seed, sampler_setup_of(spec));
  assembly.explorer = make_explorer(spec.scheduler.options, spec.space, spec.seed);
  return assembly;
}

bool clones(const StudySpec& spec) {
  return scheduler_of(spec).clones;
}

std::string sampler_text(const StudySpec& spec) {
  if (spec.sampler.name != "auto") return spec.sampler.name;
  return "auto: " + choose_samplers(spec.space, sampler_setup_of(spec)).why;
}

std::optional<std::int64_t> planned_trials(const StudySpec& spec) {
  const SchedulerInfo& scheduler = scheduler_of(spec);
  return scheduler.planned == nullptr ? std::nullopt
                                      : scheduler.planned(spec.scheduler.options, setup_of(spec));
}

RecordedStudy recorded_study(const StudySpec& spec) {
  RecordedStudy recorded;
  recorded.name = spec.name;
  recorded.space = spec.space;
  recorded.metric = spec.objectives.front().metric;
  recorded.minimize = spec.objectives.front().minimize;
  recorded.seed = spec.seed;
  recorded.repeats = spec.repeats;
  recorded.text = spec.text;
  recorded.version = kVersion;
  return recorded;
}

}  // namespace coppice
