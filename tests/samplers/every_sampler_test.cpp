/// What every sampler of the catalog keeps to, in every kind of space and whatever becomes of trials.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "samplers/catalog.hpp"
#include "samplers/history.hpp"
#include "spaces.hpp"

namespace coppice {
namespace {

Trial begun(TrialId id, Proposal proposal) {
  Trial trial;
  trial.id = id;
  trial.params = std::move(proposal.params);
  trial.tag = std::move(proposal.tag);
  trial.state = TrialState::kRunning;
  trial.until = 1;
  return trial;
}

void complete(Trial& trial, double score) {
  trial.curve.push_back({1, std::isfinite(score) ? score : kWorst});
  trial.steps = trial.stands_at = 1;
  trial.state = TrialState::kComplete;
}

/// The sum of the encoded values: something to learn.
double slope(const SearchSpace& space, const Values& params) {
  double sum = 0;
  for (const double u : encode(space, params)) sum += std::isnan(u) ? 0 : u;
  return sum;
}

using Ending = std::function<void(Trial&)>;

/// Asks for `count` trials, or as many as there are, of which four at a time train, each told at both ends of
/// its life.
std::vector<Trial> live(Sampler& sampler, const SearchSpace& space, int count, const Ending& end) {
  std::vector<Trial> trials;
  for (int i = 0; i < count; ++i) {
    Proposal proposal = sampler.ask({i, nullptr});
    EXPECT_NE(proposal.note, "");
    if (proposal.exhausted) {
      EXPECT_TRUE(proposal.params.empty());
      break;
    }
    EXPECT_TRUE(space.admits(proposal.params)) << i << " " << proposal.note;
    trials.push_back(begun(i, std::move(proposal)));
    sampler.tell(trials.back());
    if (i >= 3) {
      Trial& oldest = trials[static_cast<std::size_t>(i - 3)];
      end(oldest);
      sampler.tell(oldest);
    }
  }
  return trials;
}

class EverySampler : public testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Sampler> make(const SearchSpace& space, std::uint64_t seed = 5) {
    EXPECT_EQ(find_sampler(GetParam())->check({}, space), "");
    return make_sampler(GetParam(), {}, space, seed);
  }
};

TEST_P(EverySampler, ProposesWhatTheSpaceAdmitsAndTheSameAgain) {
  for (const SearchSpace& space :
       {spaces::cube(3), spaces::mixed(), spaces::with_priors(), spaces::finite()}) {
    const Ending end = [&](Trial& trial) { complete(trial, slope(space, trial.params)); };
    const auto first = make(space);
    const auto second = make(space);
    const std::vector<Trial> a = live(*first, space, 24, end);
    const std::vector<Trial> b = live(*second, space, 24, end);
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_EQ(a[i].params, b[i].params) << i;
    const Values next = first->ask({24, nullptr}).params;
    EXPECT_EQ(first->ask({24, nullptr}).params, next) << "an ask leaves no trace";
    EXPECT_NE(make(spaces::cube(3), 6)->ask({0, nullptr}).params,
              make(spaces::cube(3), 5)->ask({0, nullptr}).params);
  }
}

TEST_P(EverySampler, BeginsWhereThePriorSaysThatGoodValuesAre) {
  const SearchSpace space({spaces::believed(spaces::number("x", -10, 10), 4, 2)});
  const auto sampler = make(space);
  double near = 0;
  const std::vector<Trial> trials = live(*sampler, space, 10, [](Trial& trial) { complete(trial, 1); });
  for (const Trial& trial : trials) near += std::abs(std::get<double>(trial.params[0]) - 4) < 4 ? 1 : 0;
  // Two fifths of the range, and 95 % of the prior; three of the five quantiles that a grid has.
  EXPECT_GE(near / static_cast<double>(trials.size()), GetParam() == "grid" ? 0.6 : 0.8);
}

TEST_P(EverySampler, AResumeProposesTheSameInWhateverOrderItIsTold) {
  const SearchSpace space = spaces::mixed();
  const auto first = make(space);
  std::vector<Trial> trials = live(*first, space, 22, [&](Trial& trial) {
    if (trial.id % 7 == 3) {
      trial.state = TrialState::kFailed;
    } else {
      complete(trial, slope(space, trial.params));
    }
  });
  const auto resumed = make(space);
  for (const Trial& trial : trials) resumed->tell(trial);
  const auto backwards = make(space);
  std::ranges::reverse(trials);
  for (const Trial& trial : trials) backwards->tell(trial);
  for (const TrialId id : {22, 23}) {
    const Values expected = first->ask({id, nullptr}).params;
    EXPECT_EQ(resumed->ask({id, nullptr}).params, expected);
    EXPECT_EQ(backwards->ask({id, nullptr}).params, expected);
  }
}

TEST_P(EverySampler, OneThatDoesNotLearnProposesTheSameWhateverItIsTold) {
  if (find_sampler(GetParam())->learns) GTEST_SKIP() << "it learns";
  const SearchSpace space = spaces::mixed();
  const auto told = make(space);
  live(*told, space, 20, [&](Trial& trial) { complete(trial, slope(space, trial.params)); });
  EXPECT_EQ(told->ask({20, nullptr}).params, make(space)->ask({20, nullptr}).params);
}

/// Promotes trials as successive halving would: of four in a row one goes on to step 3, of sixteen to 9.
TEST_P(EverySampler, AResumeProposesTheSameWhereTrialsStopAtRungs) {
  if (GetParam() == "cmaes")
    GTEST_SKIP() << "a generation keeps the scores that made it; with a lag they are told the same again";
  const SearchSpace space = spaces::mixed();
  const auto first = make(space);
  std::vector<Trial> trials;
  for (TrialId id = 0; id < 70; ++id) {
    trials.push_back(begun(id, first->ask({id, nullptr})));
    first->tell(trials.back());
    Trial& trial = trials.back();
    for (const Step step : {1, 3, 9}) {
      if (step == 3 && id % 4 != 1) break;
      if (step == 9 && id % 16 != 1) break;
      trial.state = TrialState::kRunning;
      trial.until = step;
      first->tell(trial);
      trial.curve.push_back({step, slope(space, trial.params) / static_cast<double>(step)});
      trial.steps = step;
      first->tell(trial);
      trial.stands_at = step;
      trial.state = step == 9 ? TrialState::kComplete : TrialState::kPaused;
      first->tell(trial);
    }
    if (id % 11 == 5) trial.state = TrialState::kFailed;
    if (id % 8 == 3) trial.state = TrialState::kStopped;
    first->tell(trial);
  }
  const auto resumed = make(space);
  for (const Trial& trial : trials) resumed->tell(trial);
  const auto backwards = make(space);
  std::ranges::reverse(trials);
  for (const Trial& trial : trials) backwards->tell(trial);
  for (const TrialId id : {70, 71}) {
    const Values expected = first->ask({id, nullptr}).params;
    EXPECT_EQ(resumed->ask({id, nullptr}).params, expected);
    EXPECT_EQ(backwards->ask({id, nullptr}).params, expected);
  }
}

TEST_P(EverySampler, SurvivesWhateverBecomesOfTrials) {
  const std::vector<std::pair<std::string, Ending>> endings = {
      {"all equal", [](Trial& trial) { complete(trial, 1); }},
      {"all NaN", [](Trial& trial) { complete(trial, NAN); }},
      {"all failed", [](Trial& trial) { trial.state = TrialState::kFailed; }},
      {"one score", [](Trial& trial) { trial.id == 0 ? complete(trial, 1) : complete(trial, NAN); }},
      {"two values", [](Trial& trial) { complete(trial, static_cast<double>(trial.id % 2)); }},
      {"huge and tiny",
       [](Trial& trial) {
         complete(trial, trial.id % 3 == 0 ? 1e300 : 1e-300 * static_cast<double>(trial.id));
       }},
      {"signs", [](Trial& trial) { complete(trial, trial.id % 2 == 0 ? -1e308 : 1e308); }},
  };
  for (const auto& [name, end] : endings) {
    for (const SearchSpace& space : {spaces::cube(2), spaces::mixed(), spaces::finite()}) {
      SCOPED_TRACE(name);
      live(*make(space), space, 18, end);
    }
  }
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const SamplerInfo& info : samplers()) names.push_back(info.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalog, EverySampler, testing::ValuesIn(names()),
                         [](const auto& sampler) { return sampler.param; });

}  // namespace
}  // namespace coppice
