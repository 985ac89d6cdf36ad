#include "schedulers/progressive_cap.hpp"

#include <gtest/gtest.h>

#include "bench.hpp"

namespace coppice {
namespace {

/// Adds a trial with these scores at steps 1, 2, ….
TrialId add(Board& board, const std::vector<Score>& scores) {
  const TrialId id = board.add(kNoMember, std::nullopt).id;
  Step step = 0;
  for (const Score score : scores) board.report(id, ++step, score);
  return id;
}

TEST(ProgressiveCap, StaysWhereTheRankingsAgree) {
  Board board;
  ProgressiveCap cap({1, 2, 4, 8});
  EXPECT_EQ(cap.rung(), 1u);
  for (int i = 0; i < 20; ++i) {
    const TrialId id = add(board, {0.1 * i, 0.05 * i});
    cap.on_reached(board, id, 0);
    cap.on_reached(board, id, 1);
  }
  EXPECT_EQ(cap.rung(), 1u);
}

TEST(ProgressiveCap, RisesByOneRungWhereTheyDiffer) {
  Board board;
  ProgressiveCap cap({1, 2, 4, 8});
  const TrialId a = add(board, {0.1, 0.5});
  const TrialId b = add(board, {0.2, 0.4});
  cap.on_reached(board, a, 1);
  EXPECT_EQ(cap.rung(), 1u) << "one alone says nothing";
  cap.on_reached(board, b, 1);
  EXPECT_EQ(cap.rung(), 2u) << "trial a was better after 1 step, trial b after 2";
  const TrialId c = add(board, {0.1, 0.1, 0.3, 0.3});
  const TrialId d = add(board, {0.2, 0.2, 0.2, 0.2});
  cap.on_reached(board, c, 1);
  cap.on_reached(board, d, 1);
  EXPECT_EQ(cap.rung(), 2u) << "only the highest rung counts";
  cap.on_reached(board, c, 2);
  cap.on_reached(board, d, 2);
  EXPECT_EQ(cap.rung(), 3u) << "trial c was better after 2 steps, trial d after 4";
  cap.on_reached(board, c, 3);
  cap.on_reached(board, d, 3);
  EXPECT_EQ(cap.rung(), 3u) << "the last rung";
}

TEST(ProgressiveCap, WhatNoiseAloneCanDoIsNoDifference) {
  Board board;
  ProgressiveCap cap({4, 8, 16});
  // They cross again and again, and are 0.02 apart at the end.
  const TrialId a = add(board, {0.50, 0.51, 0.50, 0.51, 0.50, 0.51, 0.50, 0.52});
  const TrialId b = add(board, {0.51, 0.50, 0.51, 0.515, 0.51, 0.50, 0.51, 0.50});
  cap.on_reached(board, a, 1);
  cap.on_reached(board, b, 1);
  EXPECT_NEAR(cap.epsilon(), 0.02, 1e-12);
  EXPECT_EQ(cap.rung(), 1u) << "0.51 and 0.515 after 4 steps are nearer than that";
  cap.on_reached(board, add(board, {0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1}), 1);
  EXPECT_EQ(cap.rung(), 2u) << "that is more than noise";
}

TEST(ProgressiveCap, LeavesOutWhatHasNoFiniteScore) {
  Board board;
  ProgressiveCap cap({1, 2, 4});
  cap.on_reached(board, add(board, {0.1, kWorst}), 1);
  cap.on_reached(board, add(board, {kWorst, 0.3}), 1);
  cap.on_reached(board, add(board, {0.2, 0.2}), 1);
  EXPECT_EQ(cap.rung(), 1u);
}

TEST(ProgressiveCap, OneRungIsAllThereIs) {
  Board board;
  ProgressiveCap cap({1});
  cap.on_reached(board, add(board, {0.1}), 0);
  EXPECT_EQ(cap.rung(), 0u);
}

TEST(Pasha, PromotesToTheSecondRungUntilTheRankingsDiffer) {
  const Options options = options_of({{"pasha", true}, {"eta", std::int64_t{2}}});
  Bench bench("asha", options, {.max_trials = 8, .steps_per_trial = 8});
  for (int i = 0; i < 8; ++i) bench.next_new();
  for (TrialId i = 0; i < 8; ++i) bench.reach(i, static_cast<double>(i));
  for (TrialId i = 0; i < 4; ++i) EXPECT_EQ(bench.next_continue().until, 2);
  for (TrialId i = 0; i < 3; ++i) bench.reach(i, static_cast<double>(i));
  EXPECT_FALSE(bench.next()) << "0, 1, 2 in both rungs: more steps would tell nothing new";
  bench.reach(3, 0.5);
  const Continue more = bench.next_continue();
  EXPECT_EQ(more.trial, 0);
  EXPECT_EQ(more.until, 4);
}

}  // namespace
}  // namespace coppice
