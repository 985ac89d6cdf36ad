#include "core/lag.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/sampler_feed.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Has reported at each step up to its last stop and pauses there, or is over after `steps`.
Trial trial(TrialId id, std::vector<Step> stops, TrialState state = TrialState::kPaused, Step steps = 0) {
  Trial trial;
  trial.id = id;
  trial.state = state;
  trial.params = {Value(0.5)};
  trial.stops = std::move(stops);
  trial.steps = trial.stands_at = steps > 0 ? steps : trial.stops.empty() ? 0 : trial.stops.back();
  for (Step step = 1; step <= trial.steps; ++step) {
    trial.curve.push_back({step, static_cast<double>(step)});
  }
  return trial;
}

std::string text(const Trial& trial) {
  std::string text = std::to_string(trial.id);
  if (trial.state == TrialState::kReady) return text + " proposed";
  return text + " " + std::string(to_text(trial.state)) + " at " + std::to_string(trial.steps);
}

std::vector<std::string> texts(const std::vector<Trial>& trials) {
  std::vector<std::string> result;
  for (const Trial& trial : trials) result.push_back(text(trial));
  return result;
}

TEST(Lag, AStretchHasEndedWhereItsTrialStoppedOrWasOverBefore) {
  EXPECT_FALSE(has_ended(trial(0, {}, TrialState::kRunning, 4), 1));
  EXPECT_TRUE(has_ended(trial(0, {3}), 1));
  EXPECT_FALSE(has_ended(trial(0, {3}, TrialState::kRunning, 5), 2));
  EXPECT_TRUE(has_ended(trial(0, {3}, TrialState::kStopped), 2));
  EXPECT_TRUE(has_ended(trial(0, {}, TrialState::kFailed), 1));
}

TEST(Lag, ATrialIsKnownAsItWasAtAStop) {
  Trial now = trial(4, {3, 9}, TrialState::kComplete, 27);
  now.assessment.scores = {27, 1};
  const Trial first = as_of(now, 1);
  EXPECT_EQ(first.state, TrialState::kPaused);
  EXPECT_EQ(first.steps, 3);
  EXPECT_EQ(first.stands_at, 3);
  EXPECT_EQ(first.until, 3);
  EXPECT_EQ(first.curve.size(), 3u);
  EXPECT_EQ(as_of(now, 2).curve.back().step, 9);
  EXPECT_EQ(as_of(now, 3).state, TrialState::kComplete);
  EXPECT_EQ(as_of(now, 3).curve.size(), 27u);
  EXPECT_THAT(as_of(now, 2).assessment.scores, IsEmpty()) << "it is that of step 27";
  EXPECT_THAT(as_of(now, 3).assessment.scores, ElementsAre(27, 1));
  Trial silent = trial(4, {3});
  silent.curve.clear();
  EXPECT_EQ(as_of(silent, 1).state, TrialState::kStopped) << "pending it would be for ever";
}

TEST(Lag, AFirstStretchIsKnownLTrialsLaterAndALaterOneAfterTheLastRival) {
  LagOrder order(4);
  Trial zero = trial(0, {1, 3}, TrialState::kComplete, 9);
  zero.last_rival = 2;
  for (TrialId id = 0; id < 3; ++id) order.add(id);
  EXPECT_EQ(order.next(3), std::nullopt);
  EXPECT_EQ(order.next(4), (Stretch{0, 1}));
  EXPECT_TRUE(order.take(zero));
  EXPECT_EQ(order.next(4), std::nullopt);
  EXPECT_EQ(order.next(9), (Stretch{1, 1}));
  EXPECT_FALSE(order.take(trial(1, {1}))) << "it has no known rivals";
  EXPECT_EQ(order.next(9), (Stretch{2, 1}));
  order.postpone(20);
  EXPECT_EQ(order.next(9), std::nullopt);
  EXPECT_EQ(order.next(10), (Stretch{0, 2})) << "2 + 2 · 4";
  EXPECT_TRUE(order.take(zero));
  EXPECT_EQ(order.next(14), (Stretch{0, 3}));
  EXPECT_FALSE(order.take(zero)) << "it was over";
  EXPECT_EQ(order.next(20), (Stretch{2, 1}));
}

TEST(SamplerFeed, ASamplerKnowsTheTrialsUpToKMinusL) {
  SamplerFeed feed(2);
  EXPECT_THAT(feed.before(0), IsEmpty());
  EXPECT_THAT(feed.before(1), IsEmpty());
  feed.tell(trial(1, {}, TrialState::kComplete, 5));
  feed.tell(trial(0, {}, TrialState::kRunning, 2));
  feed.tell(trial(0, {}, TrialState::kFailed, 2));
  EXPECT_THAT(texts(feed.before(2)), ElementsAre("0 failed at 2")) << "1 was earlier, and has to wait";
  Trial clone = trial(3, {}, TrialState::kComplete, 5);
  clone.origin = Origin{1, 2};
  feed.tell(clone);
  EXPECT_THAT(texts(feed.before(4)), ElementsAre("1 complete at 5")) << "2 has not come to its end";
  feed.tell(trial(2, {}, TrialState::kComplete, 5));
  EXPECT_THAT(texts(feed.before(5)), ElementsAre("2 complete at 5"));
}

TEST(SamplerFeed, WhatWasToldWhollyDoesNotComeBack) {
  SamplerFeed feed(1);
  feed.before(0);
  EXPECT_EQ(feed.held(), 1);
  feed.tell(trial(0, {}, TrialState::kComplete, 5));
  EXPECT_THAT(texts(feed.before(1)), ElementsAre("0 complete at 5"));
  feed.tell(trial(0, {}, TrialState::kComplete, 5));
  EXPECT_EQ(feed.held(), 1) << "trial 1";
  feed.tell(trial(1, {}, TrialState::kFailed, 2));
  EXPECT_THAT(texts(feed.before(2)), ElementsAre("1 failed at 2"));
}

TEST(SamplerFeed, AResumeTellsTheSameInTheSameOrder) {
  std::vector<Trial> trials;
  for (TrialId id = 0; id < 5; ++id) {
    trials.push_back(trial(id, {1}));
    trials.back().last_rival = 3;
  }
  SamplerFeed first(1);
  std::vector<std::string> told;
  const auto ask = [&told](SamplerFeed& feed, TrialId id) {
    for (const std::string& line : texts(feed.before(id))) told.push_back(line);
  };
  for (TrialId id = 0; id < 5; ++id) {
    ask(first, id);
    told.push_back(std::to_string(id) + " proposed");
    first.tell(trials[static_cast<std::size_t>(id)]);
  }
  trials[2] = trial(2, {1, 4}, TrialState::kComplete, 6);
  trials[2].last_rival = 3;
  trials[0].state = trials[1].state = trials[3].state = trials[4].state = TrialState::kStopped;
  for (const Trial& one : trials) first.tell(one);
  ask(first, 5);
  ask(first, 6);
  const std::vector<std::string> expected = std::exchange(told, {});
  EXPECT_THAT(expected, ElementsAre("0 proposed", "0 paused at 1", "1 proposed", "1 paused at 1",
                                    "2 proposed", "2 paused at 1", "3 proposed", "3 paused at 1",
                                    "4 proposed", "0 stopped at 1", "1 stopped at 1", "2 paused at 4",
                                    "3 stopped at 1", "4 paused at 1", "4 stopped at 1", "2 complete at 6"));
  SamplerFeed second(1);
  for (const Trial& one : trials) second.tell(one);
  ask(second, 5);
  ask(second, 6);
  EXPECT_EQ(told, expected);
}

}  // namespace
}  // namespace coppice
