#include "cli/catalogs.hpp"

#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/stopper.hpp"
#include "trainables/catalog.hpp"

namespace coppice {

Catalogs make_catalogs() {
  Catalogs catalogs;
  for (const SamplerInfo& info : samplers()) {
    catalogs.samplers.push_back({info.name, info.help, info.options, {}, info.check});
  }
  for (const SchedulerInfo& info : schedulers()) {
    catalogs.schedulers.push_back(
        {info.name,
         info.help,
         info.options,
         [check = info.check](const Options& options, const BudgetSpec& budget, bool deterministic) {
           return check(options, {budget.trials, budget.steps_per_trial, budget.wall_time_s.has_value(),
                                  budget.target.has_value(), deterministic});
         },
         {},
         info.takes_stoppers,
         info.clones});
  }
  for (const StopperInfo& info : stoppers()) {
    catalogs.stoppers.push_back({info.name, info.help, info.options,
                                 [&info](const Options& options, const BudgetSpec&, bool deterministic) {
                                   return check_stopper(info, options, deterministic);
                                 }});
  }
  for (const BuiltinInfo& info : builtin_trainables()) {
    const auto check = [&info](const SearchSpace& space, const BuiltinSettings& settings,
                               const std::filesystem::path& study_directory) -> std::string {
      if (std::string problem = check_builtin_settings(info, settings); !problem.empty()) return problem;
      if (std::string problem = check_builtin_space(info, space); !problem.empty()) return problem;
      try {
        info.prepare(settings, study_directory);  // reads its data: missing or torn files show here
      } catch (const std::invalid_argument& error) {
        return error.what();
      }
      return {};
    };
    catalogs.builtins.push_back({info.name, info.settings, check, info.metrics});
  }
  return catalogs;
}

}  // namespace coppice
