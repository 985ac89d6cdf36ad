// Which observations the model takes for good, and which it forgets.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "../spaces.hpp"
#include "samplers/tpe/model.hpp"

namespace coppice {
namespace {

using spaces::number;
using tpe::Axis;
using tpe::Model;

Observation scored(double score) {
  return {Observation::Kind::kScored, score};
}

TEST(Model, CountsAShareOfTheResultsAsGoodAndNoMoreThan25) {
  Model model({Axis(number("x", 0, 1))}, 0.1);
  const std::vector<std::pair<std::size_t, std::size_t>> counts = {{1, 1},    {10, 1},   {11, 2},   {50, 5},
                                                                   {100, 10}, {250, 25}, {1000, 25}};
  std::size_t n = 0;
  for (const auto& [results, good] : counts) {
    for (; n < results; ++n) {
      model.tell(static_cast<TrialId>(n), scored(static_cast<double>(n)), std::vector{0.5});
    }
    model.settle();
    EXPECT_EQ(model.results(), results);
    EXPECT_EQ(model.good(), good) << results;
  }
}

TEST(Model, CountsGoodOnesOfAllTrialsWhereSomeAreBehind) {
  Model model({Axis(number("x", 0, 1))}, 0.1);
  TrialId trial = 0;
  const auto tell = [&](Observation::Kind kind, int count) {
    for (int i = 0; i < count; ++i, ++trial) {
      model.tell(trial, {kind, static_cast<double>(trial)}, std::vector{0.5});
    }
    model.settle();
  };
  tell(Observation::Kind::kScored, 12);
  EXPECT_EQ(model.good(), 2u);
  tell(Observation::Kind::kBehind, 13);
  EXPECT_EQ(model.good(), 3u) << "a tenth of 25";
  tell(Observation::Kind::kBehind, 100);
  EXPECT_EQ(model.good(), 3u) << "a quarter of 12";
  EXPECT_EQ(model.results(), 12u);
}

TEST(Model, TakesNoFailureForGood) {
  Model model({Axis(number("x", 0, 1))}, 0.5);
  for (TrialId trial = 0; trial < 10; ++trial) {
    model.tell(trial, trial % 2 == 0 ? Observation{Observation::Kind::kFailed, kWorst} : scored(kWorst),
               std::vector{0.5});
  }
  model.settle();
  EXPECT_EQ(model.results(), 10u);
  EXPECT_EQ(model.good(), 0u);
  model.tell(10, scored(1e300), std::vector{0.5});
  model.settle();
  EXPECT_EQ(model.good(), 1u);
}

TEST(Model, ForgetsTheOldestOfTheRestWhateverTheOrder) {
  const auto point = [](TrialId trial) {
    Rng rng(5, Purpose::kSimulate, static_cast<std::uint64_t>(trial));
    return std::vector{rng.uniform(), rng.uniform()};
  };
  const auto axes = [] { return std::vector{Axis(number("x", 0, 1)), Axis(number("y", 0, 1))}; };
  const auto score = [](TrialId trial) { return static_cast<double>(trial * 7919 % 10007); };
  Model forward(axes(), 0.1);
  Model backward(axes(), 0.1);
  constexpr TrialId kTrials = 10300;
  for (TrialId trial = 0; trial < kTrials; ++trial) {
    forward.tell(trial, {Observation::Kind::kPending, kWorst}, point(trial));
    forward.settle();
    forward.tell(trial, scored(score(trial)), point(trial));
    forward.settle();
  }
  for (TrialId trial = kTrials; trial-- > 0;) {
    backward.tell(trial, scored(score(trial)), point(trial));
    backward.settle();
  }
  Rng a(1, Purpose::kSimulate, 0);
  Rng b(1, Purpose::kSimulate, 0);
  EXPECT_EQ(forward.propose(a, 50).values, backward.propose(b, 50).values);
}

}  // namespace
}  // namespace coppice
