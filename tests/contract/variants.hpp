/// Every scheduler of the catalog with every option that changes how it decides.
#pragma once

#include <algorithm>

#include "toy.hpp"

namespace coppice {

inline std::vector<Variant> variants() {
  const auto number = [](std::int64_t n) { return OptionValue(n); };
  const auto word = [](const char* w) { return OptionValue(std::string(w)); };
  const SchedulerSetup trials = {.max_trials = 30, .steps_per_trial = 12};
  const SchedulerSetup rungs = {.max_trials = 60, .steps_per_trial = 20};
  const SchedulerSetup once = {.max_trials = std::nullopt, .steps_per_trial = 27};
  const SchedulerSetup members = {.max_trials = std::nullopt, .steps_per_trial = 24};
  const OptionValue yes = true;
  const auto options = [](const std::vector<std::pair<std::string, OptionValue>>& items) {
    Options all;
    for (const auto& [name, value] : items) all.set(name, value);
    return all;
  };
  const Options slack = options({{"steps", number(3)}, {"min_delta", 0.01}});
  const Options bound = options({{"upper", 0.9}, {"grace_steps", number(1)}});
  const Options middle = options({{"startup_trials", number(3)}});
  return {
      {"fifo", "fifo", {}, trials},
      {"asha", "asha", {}, rungs},
      {"asha eta 2, from 2", "asha", {{"eta", number(2)}, {"min_steps", number(2)}}, rungs},
      {"asha with brackets", "asha", {{"brackets", number(3)}, {"max_steps", number(18)}}, rungs},
      {"asha without a limit", "asha", {{"eta", number(2)}}, {.max_trials = 40}},
      {"pasha", "asha", {{"eta", number(2)}, {"pasha", yes}}, rungs},
      {"asha of one step", "asha", {}, {.max_trials = 20, .steps_per_trial = 1}},
      {"stopping asha", "asha", {{"type", word("stopping")}}, rungs},
      {"stopping asha with brackets",
       "asha",
       {{"type", word("stopping")}, {"eta", number(2)}, {"brackets", number(3)}},
       rungs},
      {"stopping asha of one step",
       "asha",
       {{"type", word("stopping")}},
       {.max_trials = 20, .steps_per_trial = 1}},
      {"median", "median", {{"startup_trials", number(3)}}, trials},
      {"median, rarely",
       "median",
       {{"startup_trials", number(1)}, {"grace_steps", number(2)}, {"interval", number(3)}},
       trials},
      {"percentile", "percentile", {{"percent", number(25)}, {"startup_trials", number(2)}}, trials},
      {"patience", "patience", {{"steps", number(2)}, {"min_delta", 0.01}}, trials},
      {"threshold", "threshold", {{"upper", 0.9}, {"grace_steps", number(1)}}, trials},
      {"hyperband", "hyperband", {}, once},
      {"hyperband by the table", "hyperband", {{"sizes", word("table")}, {"eta", number(4)}}, once},
      {"hyperband from the first rung",
       "hyperband",
       {{"rungs_from", word("first")}},
       {.max_trials = std::nullopt, .steps_per_trial = 20}},
      {"hyperband, budget", "hyperband", {{"max_steps", number(9)}}, {.max_trials = 40}},
      {"sha", "sha", {}, once},
      {"sha, again and again",
       "sha",
       {{"trials", number(10)}, {"min_steps", number(2)}, {"eta", number(2)}},
       rungs},
      {"sha of one", "sha", {{"trials", number(1)}, {"iterations", number(3)}}, once},
      {"pbt", "pbt", {{"population", number(8)}, {"interval", number(4)}}, members},
      {"pbt, resample",
       "pbt",
       {{"population", number(5)}, {"interval", number(5)}, {"explore", word("resample")}, {"quantile", 0.4}},
       members},
      {"pbt, exploit only", "pbt", {{"population", number(6)}, {"explore", word("none")}}, members},
      {"pbt, explore only",
       "pbt",
       {{"population", number(4)}, {"interval", number(6)}, {"exploit", word("none")}},
       members},
      {"pbt of two", "pbt", {{"population", number(2)}, {"interval", number(3)}}, members},
      {"synchronous pbt",
       "pbt",
       {{"population", number(8)}, {"interval", number(4)}, {"synchronous", yes}},
       members},
      {"synchronous pbt, explore only",
       "pbt",
       {{"population", number(4)}, {"interval", number(6)}, {"exploit", word("none")}, {"synchronous", yes}},
       members},
      {"synchronous pbt of two",
       "pbt",
       {{"population", number(2)},
        {"synchronous", yes},
        {"factors", std::vector<double>{0.5, 2}},
        {"resample_probability", 0.0}},
       members},
      {"pbt by tournament",
       "pbt",
       {{"population", number(6)}, {"interval", number(3)}, {"exploit", word("tournament")}},
       members},
      {"synchronous pbt by t-test",
       "pbt",
       {{"population", number(6)},
        {"interval", number(4)},
        {"exploit", word("t_test")},
        {"synchronous", yes}},
       members},
      {"pbt with burn-in that goes back to the best",
       "pbt",
       {{"population", number(6)}, {"interval", number(2)}, {"burn_in", number(6)}, {"backtrack", number(2)}},
       members},
      {"synchronous pbt with a quorum",
       "pbt",
       {{"population", number(7)}, {"interval", number(3)}, {"quorum", 0.6}, {"synchronous", yes}},
       members},
      {"pbt in groups",
       "pbt",
       {{"population", number(12)}, {"interval", number(2)}, {"frequencies", std::vector<double>{1, 2, 4}}},
       members},
      {"synchronous pbt in groups",
       "pbt",
       {{"population", number(8)}, {"frequencies", std::vector<double>{2, 5}}, {"synchronous", yes}},
       members},
      {"pbt with pb2",
       "pbt",
       {{"population", number(6)}, {"interval", number(4)}, {"explore", word("pb2")}},
       members},
      {"synchronous pbt with pb2",
       "pbt",
       {{"population", number(6)}, {"interval", number(4)}, {"explore", word("pb2")}, {"synchronous", yes}},
       members},
      {"pbt of two with pb2", "pbt", {{"population", number(2)}, {"explore", word("pb2")}}, members},
      {"fifo beside two stoppers", "fifo", {}, trials, {{"patience", slack}, {"threshold", bound}}},
      {"asha beside median", "asha", {{"eta", number(2)}}, rungs, {{"median", middle}}},
      {"stopping asha beside threshold",
       "asha",
       {{"type", word("stopping")}, {"brackets", number(2)}},
       rungs,
       {{"threshold", bound}}},
      {"sha beside median", "sha", {{"trials", number(10)}}, rungs, {{"median", middle}}},
      {"hyperband beside patience", "hyperband", {}, once, {{"patience", slack}}},
      {"ipbt", "ipbt", {{"population", number(4)}}, members},
      {"ipbt that keeps all states, by pb2",
       "ipbt",
       {{"population", number(3)}, {"interval", number(3)}, {"fresh", 0.0}, {"explore", word("pb2")}},
       members},
      {"ipbt that keeps hyperparameters",
       "ipbt",
       {{"population", number(1)}, {"interval", number(2)}, {"explore", word("none")}},
       members},
      {"asha that measures again", "asha", {{"eta", number(2)}, {"re_evaluate", number(2)}}, rungs},
      {"asha with brackets that measures again, beside median",
       "asha",
       {{"eta", number(2)}, {"brackets", number(3)}, {"re_evaluate", number(1)}},
       rungs,
       {{"median", middle}}},
      {"sha that measures again",
       "sha",
       {{"trials", number(10)}, {"eta", number(2)}, {"re_evaluate", number(2)}},
       rungs},
      {"hyperband that measures again", "hyperband", {{"re_evaluate", number(1)}}, once},
  };
}

/// Which of its trials are measured again depends on when workers are free, and so do numbers and seeds.
inline bool measures_again(const Variant& variant) {
  return std::any_of(variant.options.begin(), variant.options.end(),
                     [](const auto& option) { return option.first == "re_evaluate"; });
}

}  // namespace coppice
