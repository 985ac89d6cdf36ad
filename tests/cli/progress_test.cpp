#include "cli/progress.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

constexpr Step kLimit = 20;

/// A trial of that member; returns its id.
TrialId trains(Board& board, MemberId member, Step steps, std::optional<Origin> origin = std::nullopt) {
  Trial& trial = board.add(member, origin);
  trial.state = TrialState::kRunning;
  trial.steps = trial.stands_at = steps;
  return trial.id;
}

TEST(Progress, OfAPopulationIsThatOfItsMembers) {
  Board board;
  EXPECT_EQ(population_done(board, 2, kLimit), 0);
  const TrialId first = trains(board, 0, 10);
  EXPECT_EQ(population_done(board, 2, kLimit), 0.25) << "the other one is to begin";
  const TrialId second = trains(board, 1, 10);
  board.edit(second).state = TrialState::kStopped;
  trains(board, 1, 12, Origin{first, 10});
  board.edit(first).steps = 20;
  board.edit(first).state = TrialState::kComplete;
  EXPECT_DOUBLE_EQ(population_done(board, 2, kLimit), 0.8);
}

TEST(Progress, AMemberThatIsLeftBehindCountsNoMore) {
  Board board;
  for (MemberId member = 0; member < 4; ++member) trains(board, member, 2);
  EXPECT_DOUBLE_EQ(population_done(board, 4, kLimit), 0.1);
  board.edit(1).state = TrialState::kStopped;
  board.edit(2).state = TrialState::kFailed;
  EXPECT_DOUBLE_EQ(population_done(board, 4, kLimit), 0.1);
  for (const TrialId stays : {0, 3}) {
    board.edit(stays).steps = kLimit;
    board.edit(stays).state = TrialState::kComplete;
  }
  EXPECT_EQ(population_done(board, 4, kLimit), 1);
}

TEST(Progress, OneThatBeganAfreshIsAsFarAsTheOthers) {
  Board board;
  const TrialId first = trains(board, 0, 10);
  const TrialId second = trains(board, 1, 10);
  board.edit(second).state = TrialState::kStopped;
  const TrialId fresh = trains(board, 1, 5);
  board.edit(first).steps = 15;
  EXPECT_DOUBLE_EQ(population_done(board, 2, kLimit), 0.75);
  board.edit(first).state = TrialState::kStopped;
  trains(board, 0, 7, Origin{fresh, 5});
  board.edit(fresh).steps = 7;
  EXPECT_DOUBLE_EQ(population_done(board, 2, kLimit), 0.85) << "a copy of it is on its line";
}

}  // namespace
}  // namespace coppice
