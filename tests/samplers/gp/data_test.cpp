#include "samplers/gp/data.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../spaces.hpp"

namespace coppice::gp {
namespace {

Trial trial_of(TrialId id, TrialState state, std::vector<CurvePoint> curve) {
  Trial trial;
  trial.id = id;
  trial.state = state;
  trial.params = {static_cast<double>(id) / 16};
  trial.curve = std::move(curve);
  if (!trial.curve.empty()) trial.steps = trial.stands_at = trial.curve.back().step;
  return trial;
}

/// Rungs 1, 3 and 9; two trials make a rung the target.
History some_history() {
  History history(spaces::cube(1), 2);
  history.tell(trial_of(0, TrialState::kPaused, {{1, 5.0}}));
  history.tell(trial_of(1, TrialState::kPaused, {{1, 4.0}, {2, 3.5}, {3, 3.0}}));
  history.tell(trial_of(2, TrialState::kComplete, {{1, 3.0}, {3, 2.0}, {9, 1.0}}));
  history.tell(trial_of(3, TrialState::kFailed, {{1, 2.0}}));
  history.tell(trial_of(4, TrialState::kRunning, {}));
  history.tell(trial_of(5, TrialState::kRunning, {{1, 4.5}}));
  return history;
}

TEST(Data, EveryRungThatATrialHasComeToIsARow) {
  const Coordinates coordinates(spaces::cube(1));
  const Data data = gather(some_history(), coordinates, true);
  EXPECT_EQ(data.rung, (std::vector<std::size_t>{0, 0, 1, 0, 1, 2, 1, 0}));
  EXPECT_EQ(data.target, 1u) << "one trial has come to the last";
  EXPECT_EQ(data.scores[6], kWorst) << "the failure counts at the target";
  EXPECT_EQ(data.finite(), 7u);
  EXPECT_EQ(data.results, 5u);
  EXPECT_EQ(data.pending, (std::vector<Point>{{4.0 / 16}, {5.0 / 16}}));
  EXPECT_EQ(data.taken.size(), 6u);
  ASSERT_EQ(data.places.size(), 3u);
  EXPECT_NEAR(data.places[1] - data.places[0], data.places[2] - data.places[1], 1e-12);
}

TEST(Data, ScoresAtDifferentStepsAreNotMixedRaw) {
  const Data data = gather(some_history(), Coordinates(spaces::cube(1)), true);
  EXPECT_NEAR(data.scores[3], data.scores[4], 0.5) << "trial 2 is the best of all at step 1 as at step 3";
  EXPECT_GT(data.scores[2], data.scores[4]);
  EXPECT_LT(data.scores[2], data.scores[0]);
}

TEST(Data, OneRungIsTheHistorys) {
  const Data data = gather(some_history(), Coordinates(spaces::cube(1)), false);
  EXPECT_EQ(data.scores, (std::vector<double>{3.0, 2.0, kWorst}));
  EXPECT_TRUE(data.places.empty());
  EXPECT_EQ(data.taken.size(), 6u);
}

TEST(Data, WithoutRungsItIsTheSameEitherWay) {
  History history(spaces::cube(1), 2);
  for (TrialId id = 0; id < 5; ++id) {
    history.tell(trial_of(id, TrialState::kComplete, {{1, 9.0}, {3, 1.0 * static_cast<double>(id)}}));
  }
  for (const bool all : {false, true}) {
    const Data data = gather(history, Coordinates(spaces::cube(1)), all);
    EXPECT_EQ(data.scores, (std::vector<double>{0, 1, 2, 3, 4}));
    EXPECT_TRUE(data.places.empty());
  }
}

TEST(Data, TrainingHasTheTargetsRowsFirstAndTheStepAsLastFeature) {
  const Coordinates coordinates(spaces::cube(1));
  Data data = gather(some_history(), coordinates, true);
  const auto training = train(data, coordinates, Warp::kPower);
  ASSERT_TRUE(training);
  EXPECT_EQ(training->contenders, 3);
  EXPECT_EQ(data.rung, (std::vector<std::size_t>{1, 1, 1, 0, 0, 0, 2, 0}));
  for (std::size_t i = 0; i < data.rung.size(); ++i) {
    EXPECT_EQ(training->features(1, static_cast<Eigen::Index>(i)), data.places[data.rung[i]]);
  }
  EXPECT_EQ(training->group_count, 2);
  EXPECT_EQ(training->targets.maxCoeff(), training->targets[2]) << "the failure";
  EXPECT_NEAR(training->targets.mean(), 0, 1e-12);
  EXPECT_EQ(view(data, coordinates).features(data.pending).bottomRows(1)(0, 0), data.places[1]);
}

TEST(Data, LimitKeepsRowsWithTheirRungs) {
  Data data = gather(some_history(), Coordinates(spaces::cube(1)), true);
  limit(data, 6, 1);
  EXPECT_EQ(data.points.size(), 6u);
  EXPECT_EQ(data.rung.size(), 6u);
  EXPECT_EQ(data.scores.size(), 6u);
  EXPECT_EQ(data.pending, (std::vector<Point>{{5.0 / 16}}));
}

}  // namespace
}  // namespace coppice::gp
