#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "../spaces.hpp"
#include "coppice/rng.hpp"
#include "samplers/catalog.hpp"
#include "samplers/history.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

Options with(const std::string& name, OptionValue value) {
  Options options;
  options.set(name, std::move(value));
  return options;
}

struct Life {
  std::vector<Trial> trials;
  std::vector<std::string> notes;
  double best = HUGE_VAL;
};

/// One trial after the other. A NaN fails it.
Life live(Sampler& sampler, int count, const std::function<double(const Values&)>& score) {
  Life life;
  for (int i = 0; i < count; ++i) {
    Trial trial;
    trial.id = i;
    Proposal proposal = sampler.ask({i, nullptr});
    life.notes.push_back(proposal.note);
    trial.params = std::move(proposal.params);
    const double value = score(trial.params);
    trial.state = std::isnan(value) ? TrialState::kFailed : TrialState::kComplete;
    if (!std::isnan(value)) {
      trial.curve.push_back({1, value});
      trial.steps = trial.stands_at = 1;
      life.best = std::min(life.best, value);
    }
    sampler.tell(trial);
    life.trials.push_back(std::move(trial));
  }
  return life;
}

double at(const Values& params, std::size_t i) {
  if (const auto* integer = std::get_if<std::int64_t>(&params[i])) return static_cast<double>(*integer);
  return std::get<double>(params[i]);
}

double bowl(const Values& params) {
  double sum = 0;
  for (std::size_t i = 0; i < params.size(); ++i) sum += std::pow(at(params, i) - 0.37, 2);
  return sum;
}

TEST(Gp, FindsTheBottomOfABowl) {
  for (const char* acquisition : {"ei", "ucb", "pi", "thompson"}) {
    for (const char* kernel : {"matern52", "rbf"}) {
      Options options = with("acquisition", std::string(acquisition));
      options.set("kernel", std::string(kernel));
      const auto sampler = make_sampler("gp", options, spaces::cube(3), 1);
      const Life life = live(*sampler, 30, bowl);
      EXPECT_LT(life.best, std::string(acquisition) == "thompson" ? 1e-2 : 1e-3)
          << acquisition << " " << kernel;
    }
  }
}

TEST(Gp, BeginsWithSpreadPointsAndSaysWhatItDid) {
  const auto sampler = make_sampler("gp", with("startup", std::int64_t{4}), spaces::cube(2), 1);
  const Life life = live(*sampler, 6, bowl);
  EXPECT_THAT(life.notes[3], HasSubstr("spread point"));
  EXPECT_EQ(life.notes[4], "gp: ei after 4 observations");
  const auto reference = make_sampler("sobol", {}, spaces::cube(2), 1);
  for (const Trial& trial : std::vector(life.trials.begin(), life.trials.begin() + 4)) {
    EXPECT_EQ(reference->ask({trial.id, nullptr}).params, trial.params);
  }
}

TEST(Gp, PendingTrialsKeepItFromTheSamePoint) {
  const SearchSpace space = spaces::cube(2);
  const auto sampler = make_sampler("gp", {}, space, 1);
  live(*sampler, 12, bowl);
  std::vector<Values> asked;
  for (TrialId id = 12; id < 20; ++id) {
    const Proposal proposal = sampler->ask({id, nullptr});
    if (id > 12) {
      EXPECT_THAT(proposal.note, HasSubstr(std::to_string(id - 12) + " pending"));
    }
    for (const Values& other : asked) {
      EXPECT_GT(std::hypot(at(proposal.params, 0) - at(other, 0), at(proposal.params, 1) - at(other, 1)),
                1e-6);
    }
    asked.push_back(proposal.params);
    Trial trial;
    trial.id = id;
    trial.params = proposal.params;
    trial.state = TrialState::kRunning;
    sampler->tell(trial);
  }
}

TEST(Gp, TriesEveryPointOfAFiniteSpaceOnceAndThenSaysSo) {
  const auto sampler = make_sampler("gp", {}, spaces::finite(), 1);
  std::set<std::vector<std::string>> seen;
  live(*sampler, 12, [&](const Values& params) {
    seen.insert({to_text(params[0]), to_text(params[1])});
    return at(params, 0) + (to_text(params[1]) == "b" ? -2 : 0);
  });
  EXPECT_EQ(seen.size(), 12u) << "of 12 points in 12 trials";
  const Proposal none = sampler->ask({12, nullptr});
  EXPECT_TRUE(none.exhausted);
  EXPECT_EQ(none.note, "12 of 12 points were proposed");
}

TEST(Gp, CountsAConditionalSpaceByWhatItIs) {
  const SearchSpace space({spaces::choice("kind", {spaces::text("a"), spaces::text("b")}),
                           spaces::when(spaces::integer("n", 1, 3), "kind", {spaces::text("b")})});
  const auto sampler = make_sampler("gp", {}, space, 1);
  std::set<Values> seen;
  live(*sampler, 4, [&](const Values& params) {
    EXPECT_TRUE(seen.insert(params).second);
    return static_cast<double>(seen.size());
  });
  EXPECT_TRUE(sampler->ask({4, nullptr}).exhausted) << "a, b1, b2, b3";
}

TEST(Gp, HasNothingLeftWhereAllIsPendingOrFailed) {
  const auto sampler = make_sampler("gp", {}, spaces::finite(), 1);
  for (TrialId id = 0; id < 12; ++id) {
    Trial trial;
    trial.id = id;
    const Proposal proposal = sampler->ask({id, nullptr});
    ASSERT_FALSE(proposal.exhausted) << id;
    trial.params = proposal.params;
    trial.state = id % 2 == 0 ? TrialState::kFailed : TrialState::kRunning;
    sampler->tell(trial);
  }
  EXPECT_TRUE(sampler->ask({12, nullptr}).exhausted);
}

TEST(Gp, TriesEveryPointOnceBeforeItTriesOneAgain) {
  const auto sampler = make_sampler("gp", {}, spaces::finite(), 1);
  Rng rng(5, Purpose::kSimulate, 0);
  std::set<std::vector<std::string>> seen;
  live(*sampler, 12, [&](const Values& params) {
    seen.insert({to_text(params[0]), to_text(params[1])});
    return rng.normal();
  });
  EXPECT_EQ(seen.size(), 12u) << "of 12 points in 12 trials, of nothing but noise";
}

TEST(Gp, TriesAgainWhereResultsAreNoisy) {
  const auto sampler = make_sampler("gp", {}, spaces::finite(), 1);
  const auto points = make_sampler("grid", {}, spaces::finite(), 1);
  Rng rng(3, Purpose::kSimulate, 0);
  TrialId id = 0;
  const auto tell = [&](Values params) {
    Trial trial;
    trial.id = id++;
    trial.params = std::move(params);
    trial.curve.push_back({1, 0.5 * at(trial.params, 0) + 0.5 * rng.normal()});
    trial.steps = trial.stands_at = 1;
    trial.state = TrialState::kComplete;
    sampler->tell(trial);
  };
  for (int again = 0; again < 2; ++again) {
    for (TrialId point = 0; point < 12; ++point) tell(points->ask({point, nullptr}).params);
  }
  int best = 0;
  for (int i = 0; i < 30; ++i) {
    const Proposal proposal = sampler->ask({id, nullptr});
    ASSERT_FALSE(proposal.exhausted) << i;
    best += at(proposal.params, 0) == 1 ? 1 : 0;
    tell(proposal.params);
  }
  EXPECT_GT(best, 15) << "of four values, more often than by chance";
}

TEST(Gp, LearnsFromFailures) {
  // A third of the square fails.
  const auto sampler = make_sampler("gp", {}, spaces::cube(2), 2);
  int failed = 0;
  const Life life = live(*sampler, 40, [&](const Values& params) {
    const bool fails = at(params, 0) < 1.0 / 3;
    failed += fails ? 1 : 0;
    return fails ? NAN : std::pow(at(params, 0) - 0.6, 2) + std::pow(at(params, 1) - 0.6, 2);
  });
  EXPECT_GE(failed, 1);
  EXPECT_LE(failed, 8) << "at random it would be 13";
  EXPECT_LT(life.best, 1e-3);
}

TEST(Gp, SaysWhyItFellBack) {
  const auto sampler = make_sampler("gp", with("startup", std::int64_t{2}), spaces::cube(2), 1);
  const Life life = live(*sampler, 5, [](const Values&) { return 1.0; });
  EXPECT_THAT(life.notes[4], HasSubstr("every score is the same"));
}

TEST(Gp, AThousandObservationsAreEnough) {
  const SearchSpace space = spaces::cube(2);
  const auto sampler = make_sampler("gp", {}, space, 1);
  const auto spread = make_sampler("sobol", {}, space, 8);
  for (TrialId id = 0; id < 1500; ++id) {
    Trial trial;
    trial.id = id;
    trial.params = spread->ask({id, nullptr}).params;
    trial.curve.push_back({1, bowl(trial.params)});
    trial.steps = trial.stands_at = 1;
    trial.state = TrialState::kComplete;
    sampler->tell(trial);
  }
  const Proposal proposal = sampler->ask({1500, nullptr});
  EXPECT_THAT(proposal.note, HasSubstr("1000 of 1500 observations"));
  EXPECT_LT(bowl(proposal.params), 1e-3);
}

/// Successive halving by hand: of three in a row the best goes on to step 3. All trials as they were told
/// last.
std::vector<Trial> live_in_rungs(Sampler& sampler, int count) {
  std::vector<Trial> all;
  std::vector<Trial> last;
  for (TrialId id = 0; id < count; ++id) {
    Trial trial;
    trial.id = id;
    trial.params = sampler.ask({id, nullptr}).params;
    trial.curve.push_back({1, bowl(trial.params) + 1});
    trial.steps = trial.stands_at = 1;
    trial.state = TrialState::kPaused;
    sampler.tell(trial);
    last.push_back(std::move(trial));
    if (last.size() < 3) continue;
    Trial& best =
        *std::ranges::min_element(last, {}, [](const Trial& each) { return each.curve.front().score; });
    best.curve.push_back({3, bowl(best.params)});
    best.steps = best.stands_at = 3;
    best.state = TrialState::kComplete;
    sampler.tell(best);
    all.insert(all.end(), last.begin(), last.end());
    last.clear();
  }
  return all;
}

TEST(Gp, LearnsFromAllRungsOrFromOne) {
  const auto all = make_sampler("gp", with("rungs", std::string("all")), spaces::cube(2), 1);
  const std::vector<Trial> trials = live_in_rungs(*all, 18);
  EXPECT_EQ(all->ask({18, nullptr}).note, "gp: ei after 24 observations at 2 rungs");
  const auto resumed = make_sampler("gp", with("rungs", std::string("all")), spaces::cube(2), 1);
  for (auto trial = trials.rbegin(); trial != trials.rend(); ++trial) resumed->tell(*trial);
  EXPECT_EQ(resumed->ask({18, nullptr}).params, all->ask({18, nullptr}).params);
  const auto one = make_sampler("gp", {}, spaces::cube(2), 1);
  live_in_rungs(*one, 18);
  EXPECT_EQ(one->ask({18, nullptr}).note, "gp: ei after 6 observations");
}

}  // namespace
}  // namespace coppice
