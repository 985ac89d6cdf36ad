#include "cli/assemble.hpp"

#include "core/check.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"

namespace coppice {

Assembly assemble(const StudySpec& spec) {
  const SchedulerInfo* scheduler = find_scheduler(spec.scheduler.name);
  check(scheduler != nullptr, "the scheduler was checked");
  const SchedulerSetup setup{spec.budget.trials, spec.budget.steps_per_trial, spec.budget.wall_time_s.has_value(),
                             spec.budget.target.has_value(), spec.deterministic.enabled};
  StudySettings settings;
  settings.seed = spec.seed;
  settings.space = spec.space;
  settings.metric = spec.objectives.front().metric;
  settings.minimize = spec.objectives.front().minimize;
  settings.retries = spec.retries;
  settings.steps_per_trial = steps_per_trial(spec.scheduler.options, setup);

  Assembly assembly;
  assembly.study = std::make_unique<Study>(std::move(settings), scheduler->make(spec.scheduler.options, setup));
  assembly.sampler = make_sampler(spec.sampler.name, spec.sampler.options, spec.space, spec.seed);
  assembly.explorer = make_explorer(spec.scheduler.options, spec.space, spec.seed);
  return assembly;
}

}  // namespace coppice
