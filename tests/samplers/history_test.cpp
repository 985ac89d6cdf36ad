#include "samplers/history.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "../support/parameters.hpp"

namespace coppice {
namespace {

using Kind = Observation::Kind;
using spaces::choice;
using spaces::number;
using spaces::when;

Trial trial_of(TrialId id, TrialState state, std::vector<CurvePoint> curve = {}) {
  Trial trial;
  trial.id = id;
  trial.state = state;
  trial.params = {0.25};
  trial.curve = std::move(curve);
  if (!trial.curve.empty()) trial.steps = trial.curve.back().step;
  return trial;
}

SearchSpace line() {
  return SearchSpace({number("x", 0, 1)});
}

TEST(Observation, IsTheLastScoreOfATrialThatEndedOrPaused) {
  const std::vector<CurvePoint> curve = {{1, 3.0}, {2, 2.0}, {3, 2.5}};
  for (const TrialState state : {TrialState::kComplete, TrialState::kStopped, TrialState::kPaused}) {
    EXPECT_EQ(observe(trial_of(0, state, curve)), (Observation{Kind::kScored, 2.5}));
  }
  EXPECT_EQ(observe(trial_of(0, TrialState::kComplete, {{1, kWorst}})), (Observation{Kind::kScored, kWorst}));
}

TEST(Observation, OfARunningTrialIsWhatItHadBeforeItsSegment) {
  Trial trial = trial_of(0, TrialState::kRunning);
  EXPECT_EQ(observe(trial), (Observation{Kind::kPending, kWorst}));
  trial.curve = {{1, 3.0}, {2, 2.0}};
  EXPECT_EQ(observe(trial), (Observation{Kind::kPending, kWorst})) << "it goes on";
  trial.stands_at = 1;
  EXPECT_EQ(observe(trial), (Observation{Kind::kScored, 3.0})) << "it had paused there";
  trial.state = TrialState::kReady;
  EXPECT_EQ(observe(trial), (Observation{Kind::kScored, 3.0}));
}

TEST(Observation, OfAFailureIsNoNumber) {
  EXPECT_EQ(observe(trial_of(0, TrialState::kFailed, {{1, 1.0}})), (Observation{Kind::kFailed, kWorst}));
  EXPECT_EQ(observe(trial_of(0, TrialState::kStopped)), (Observation{Kind::kFailed, kWorst}));
}

TEST(Observation, AProposingTrialAndACloneSayNothing) {
  EXPECT_FALSE(observe(trial_of(0, TrialState::kProposing)).known());
  Trial clone = trial_of(1, TrialState::kComplete, {{5, 1.0}});
  clone.origin = Origin{0, 4};
  EXPECT_FALSE(observe(clone).known());
}

TEST(History, TellsNewsFromRepetition) {
  History history(line());
  EXPECT_TRUE(history.tell(trial_of(2, TrialState::kReady)));
  EXPECT_FALSE(history.tell(trial_of(2, TrialState::kRunning)));
  EXPECT_FALSE(history.tell(trial_of(2, TrialState::kRunning, {{1, 1.0}})));
  EXPECT_TRUE(history.tell(trial_of(2, TrialState::kComplete, {{1, 1.0}})));
  EXPECT_FALSE(history.tell(trial_of(2, TrialState::kComplete, {{1, 1.0}})));
  EXPECT_EQ(history.size(), 3);
  EXPECT_FALSE(history.observation(0).known());
  EXPECT_FALSE(history.observation(7).known());
  EXPECT_EQ(history.observation(2).score, 1.0);
  EXPECT_EQ(history.encoded(2)[0], 0.25);
}

Trial at_rung(TrialId id, TrialState state, std::vector<CurvePoint> curve) {
  Trial trial = trial_of(id, state, std::move(curve));
  trial.stands_at = trial.steps;
  return trial;
}

TEST(History, ScoresCountAtTheLargestStepThatEnoughTrialsHaveComeTo) {
  History history(line(), 2);
  history.tell(at_rung(0, TrialState::kPaused, {{1, 5.0}}));
  EXPECT_EQ(history.step(), 0);
  EXPECT_EQ(history.observation(0), (Observation{Kind::kScored, 5.0})) << "the last one, so far";
  history.tell(at_rung(1, TrialState::kPaused, {{1, 4.0}, {2, 3.5}, {3, 3.0}}));
  EXPECT_EQ(history.step(), 1);
  EXPECT_EQ(history.observation(0), (Observation{Kind::kScored, 5.0}));
  EXPECT_EQ(history.observation(1), (Observation{Kind::kScored, 4.0})) << "what it had at that step";
  history.tell(at_rung(2, TrialState::kStopped, {{1, 6.0}, {3, 2.0}}));
  EXPECT_EQ(history.step(), 3);
  EXPECT_EQ(history.observation(0), (Observation{Kind::kBehind, 5.0}));
  EXPECT_EQ(history.observation(1), (Observation{Kind::kScored, 3.0}));
  EXPECT_EQ(history.observation(2), (Observation{Kind::kScored, 2.0}));
  EXPECT_EQ(history.results(), 2);
  history.tell(at_rung(0, TrialState::kRunning, {{1, 5.0}}));
  EXPECT_EQ(history.observation(0), (Observation{Kind::kPending, kWorst})) << "it was promoted";
}

TEST(History, ACompleteTrialHasComeToEveryStep) {
  History history(line(), 2);
  history.tell(at_rung(0, TrialState::kComplete, {{1, 5.0}, {4, 2.0}}));  // it had no more to train
  history.tell(at_rung(1, TrialState::kPaused, {{1, 4.0}, {9, 3.0}}));
  EXPECT_EQ(history.step(), 9);
  EXPECT_EQ(history.observation(0), (Observation{Kind::kScored, 2.0}));
  history.tell(at_rung(2, TrialState::kComplete, {{1, 4.0}, {27, 1.0}}));
  EXPECT_EQ(history.step(), kOpenEnd);
  EXPECT_EQ(history.observation(1).kind, Kind::kBehind);
  EXPECT_EQ(history.observation(2), (Observation{Kind::kScored, 1.0}));
}

TEST(History, AFailureTakesItsStepBack) {
  History history(line(), 2);
  history.tell(at_rung(0, TrialState::kPaused, {{1, 5.0}, {3, 4.0}}));
  history.tell(at_rung(1, TrialState::kPaused, {{1, 4.0}, {3, 3.0}}));
  history.tell(at_rung(2, TrialState::kPaused, {{1, 6.0}}));
  EXPECT_EQ(history.step(), 3);
  history.tell(at_rung(1, TrialState::kFailed, {{1, 4.0}, {3, 3.0}}));
  EXPECT_EQ(history.step(), 1);
  EXPECT_EQ(history.observation(0), (Observation{Kind::kScored, 5.0}));
  EXPECT_EQ(history.observation(1), (Observation{Kind::kFailed, kWorst}));
  EXPECT_EQ(history.observation(2), (Observation{Kind::kScored, 6.0}));
}

TEST(History, ATrialThatReportsRarelyIsPendingAtAnEarlierStep) {
  History history(line(), 2);
  history.tell(at_rung(0, TrialState::kPaused, {{1, 5.0}}));
  history.tell(at_rung(1, TrialState::kPaused, {{10, 1.0}}));
  EXPECT_EQ(history.step(), 1);
  EXPECT_TRUE(history.observation(1).pending());
}

TEST(History, RungsAreTheStepsWhereTrialsStand) {
  History history(line(), 2);
  EXPECT_TRUE(history.rungs(8).empty());
  history.tell(at_rung(0, TrialState::kPaused, {{1, 5.0}}));
  history.tell(at_rung(1, TrialState::kPaused, {{1, 4.0}, {2, 3.5}, {3, 3.0}}));
  history.tell(at_rung(2, TrialState::kRunning, {{1, 4.0}, {3, 3.0}}));
  history.tell(at_rung(3, TrialState::kFailed, {{1, 4.0}, {2, 4.0}}));
  EXPECT_EQ(history.rungs(8), (std::vector<Step>{1, 3}));
  EXPECT_EQ(history.came_to(1), 3u);
  EXPECT_EQ(history.came_to(2), 2u);
  history.tell(at_rung(4, TrialState::kComplete, {{1, 4.0}, {9, 2.0}}));
  EXPECT_EQ(history.rungs(8), (std::vector<Step>{1, 3, kOpenEnd}));
  EXPECT_EQ(history.rungs(2), (std::vector<Step>{3, kOpenEnd}));
  EXPECT_EQ(history.end(), 9);
  EXPECT_EQ(history.came_to(kOpenEnd), 1u);
}

TEST(History, OfStepsThatLieCloseTheLargestIsARung) {
  History history(line(), 2);
  for (TrialId id = 0; id < 20; ++id) history.tell(at_rung(id, TrialState::kStopped, {{id + 1, 1.0}}));
  EXPECT_EQ(history.rungs(8), (std::vector<Step>{1, 2, 3, 5, 8, 13, 20}));
  history.tell(at_rung(20, TrialState::kComplete, {{21, 1.0}}));
  EXPECT_EQ(history.rungs(3), (std::vector<Step>{9, 14, kOpenEnd}));
}

TEST(History, ScoreAtIsTheLastOneSinceTheRungBefore) {
  History history(line(), 2);
  history.tell(at_rung(0, TrialState::kPaused, {{1, 5.0}, {2, 4.5}, {9, 3.0}}));
  EXPECT_EQ(history.score_at(0, 0, 1), 5.0);
  EXPECT_EQ(history.score_at(0, 1, 3), 4.5);
  EXPECT_EQ(history.score_at(0, 2, 3), std::nullopt) << "it reported nothing there";
  EXPECT_EQ(history.score_at(0, 3, 27), std::nullopt) << "it has not come there";
  history.tell(at_rung(1, TrialState::kComplete, {{1, 5.0}, {20, kWorst}}));
  EXPECT_EQ(history.score_at(1, 9, kOpenEnd), kWorst);
  history.tell(at_rung(2, TrialState::kFailed, {{1, 5.0}}));
  EXPECT_EQ(history.score_at(2, 0, 1), std::nullopt) << "what failed teaches that";
}

TEST(History, EncodesWhatIsAbsentAsNaN) {
  const SearchSpace space({choice("kind", {"a", "b"}), when(number("x", 10, 20), "kind", {"a"})});
  EXPECT_EQ(encode(space, {std::string("a"), 15.0}), (std::vector<double>{0.25, 0.5}));
  const auto off = encode(space, {std::string("b"), std::monostate{}});
  EXPECT_EQ(off[0], 0.75);
  EXPECT_TRUE(std::isnan(off[1]));
}

}  // namespace
}  // namespace coppice
