#include "samplers/automatic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "samplers/history.hpp"
#include "spaces.hpp"

namespace coppice {
namespace {

using testing::StartsWith;

TEST(ChooseSamplers, ByTheRestOfTheStudy) {
  const SearchSpace space = spaces::cube(3);
  EXPECT_EQ(choose_samplers(space, {.max_trials = 100}).kind, AutoChoice::Kind::kModelThenTurns);
  EXPECT_EQ(choose_samplers(spaces::mixed(), {.max_trials = 100}).kind, AutoChoice::Kind::kModel);
  EXPECT_EQ(choose_samplers(space, {.population = true}).kind, AutoChoice::Kind::kRandom);
  EXPECT_EQ(choose_samplers(space, {.population = true, .blind = true}).kind, AutoChoice::Kind::kRandom);
  EXPECT_EQ(choose_samplers(space, {.blind = true}).kind, AutoChoice::Kind::kSpread);
  EXPECT_EQ(choose_samplers(space, {.rungs = true, .blind = true}).kind, AutoChoice::Kind::kSpread);
  EXPECT_EQ(choose_samplers(space, {.rungs = true}).kind, AutoChoice::Kind::kModel);
  EXPECT_EQ(choose_samplers(spaces::cube(41), {.rungs = true}).kind, AutoChoice::Kind::kDensities);
  EXPECT_EQ(choose_samplers(spaces::cube(40), {}).kind, AutoChoice::Kind::kModelThenTurns);
  EXPECT_EQ(choose_samplers(spaces::cube(41), {}).kind, AutoChoice::Kind::kDensities);
}

TEST(ChooseSamplers, SaysWhy) {
  EXPECT_EQ(choose_samplers(spaces::cube(1), {.max_trials = 100}).why, "gp, for 1 parameter");
  EXPECT_EQ(choose_samplers(spaces::cube(3), {}).why,
            "gp, after 500 results cmaes and tpe, for 3 parameters");
  EXPECT_EQ(choose_samplers(spaces::cube(21), {.max_trials = 251}).why,
            "gp, after 250 results cmaes and tpe, for 21 parameters");
  EXPECT_EQ(choose_samplers(spaces::mixed(), {.max_trials = 501}).why,
            "gp, after 500 results tpe, for 11 parameters");
  EXPECT_EQ(choose_samplers(spaces::cube(3), {.rungs = true}).why,
            "gp, after 500 results tpe, for 3 parameters");
}

/// Asks for a trial and tells its result: what proposed it.
std::string note_of_next(Sampler& sampler, TrialId id, double score) {
  Proposal proposal = sampler.ask({id, nullptr});
  Trial trial;
  trial.id = id;
  trial.params = std::move(proposal.params);
  trial.tag = std::move(proposal.tag);
  trial.curve = {{1, score}};
  trial.steps = trial.stands_at = 1;
  trial.state = TrialState::kComplete;
  sampler.tell(trial);
  return proposal.note;
}

TEST(Auto, SaysFirstWhatItChoseAndThenWhoProposed) {
  const auto sampler = make_sampler("auto", {}, spaces::mixed(), 1, {.max_trials = 20});
  EXPECT_THAT(note_of_next(*sampler, 0, 1), StartsWith("auto: gp, for 11 parameters; gp: "));
  EXPECT_THAT(note_of_next(*sampler, 1, 2), StartsWith("auto: gp: "));
}

TEST(Auto, LeavesAModelThatHasGrownTooCostly) {
  const auto by_tpe = testing::AnyOf(StartsWith("auto: tpe: "), StartsWith("auto: random: "));
  struct Case {
    SearchSpace space;
    bool rungs = false;
    bool turns = false;
  };
  for (const Case& each : {Case{spaces::cube(2), false, true}, Case{spaces::cube(2), true, false},
                           Case{spaces::mixed(), false, false}}) {
    const SearchSpace& space = each.space;
    const auto sampler = make_sampler("auto", {}, space, 1, {.rungs = each.rungs});
    const auto random = make_sampler("random", {}, space, 1);
    const auto fail = [&](TrialId id) {  // a result that costs the model nothing
      Trial trial;
      trial.id = id;
      trial.params = random->ask({id, nullptr}).params;
      trial.state = TrialState::kFailed;
      sampler->tell(trial);
    };
    for (TrialId id = 0; id < 499; ++id) fail(id);
    EXPECT_THAT(sampler->ask({499, nullptr}).note, StartsWith("auto: gp: "));
    fail(499);
    EXPECT_THAT(note_of_next(*sampler, 500, 1), by_tpe);
    if (each.turns) {
      EXPECT_THAT(note_of_next(*sampler, 501, 1), StartsWith("auto: cmaes: "));
    } else {
      EXPECT_THAT(note_of_next(*sampler, 501, 1), by_tpe);
    }
  }
}

TEST(Auto, HasOneSamplerWhereThatIsAllItNeeds) {
  const auto same = [&](const SearchSpace& space, const SamplerSetup& setup, const char* name) {
    for (const TrialId id : {0, 1, 17}) {
      EXPECT_EQ(make_sampler("auto", {}, space, 4, setup)->ask({id, nullptr}).params,
                make_sampler(name, {}, space, 4)->ask({id, nullptr}).params)
          << name << " " << id;
    }
  };
  same(spaces::cube(3), {.population = true}, "random");
  same(spaces::cube(3), {.blind = true}, "sobol");
  same(spaces::cube(41), {.rungs = true}, "tpe");
}

TEST(Auto, EndsWithAFiniteSpace) {
  const auto sampler = make_sampler("auto", {}, spaces::finite(), 1);
  TrialId id = 0;
  for (; id < 40; ++id) {
    Proposal proposal = sampler->ask({id, nullptr});
    if (proposal.exhausted) break;
    Trial trial;
    trial.id = id;
    trial.params = std::move(proposal.params);
    trial.curve = {{1, encode(spaces::finite(), trial.params)[0]}};
    trial.state = TrialState::kComplete;
    sampler->tell(trial);
  }
  EXPECT_EQ(id, 12) << "of 12 points";
}

}  // namespace
}  // namespace coppice
