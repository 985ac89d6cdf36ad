/// A population of pbt on the bench, with a turn every 10 steps.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench.hpp"

namespace coppice {

inline SchedulerSetup steps(Step steps_per_trial) {
  SchedulerSetup setup;
  setup.steps_per_trial = steps_per_trial;
  return setup;
}

inline Options pbt(std::int64_t population, std::vector<std::pair<std::string, OptionValue>> more = {}) {
  more.emplace_back("population", population);
  more.emplace_back("interval", std::int64_t{10});
  return options_of(std::move(more));
}

inline const std::pair<std::string, OptionValue> kSynchronous = {"synchronous", true};

/// A population whose members (and trials) 0, 1, … all train their first segment, each on the worker of its
/// number.
inline void begin_all(Bench& bench, MemberId population) {
  for (MemberId member = 0; member < population; ++member) {
    const NewTrial fresh = bench.next_new(member);
    EXPECT_EQ(fresh.member, member);
    EXPECT_EQ(fresh.until, 10);
  }
  EXPECT_FALSE(bench.next()) << "a population is as large as it is";
}

}  // namespace coppice
