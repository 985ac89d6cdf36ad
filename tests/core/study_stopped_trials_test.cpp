// A trial that the scheduler stops while it trains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "study_fixture.hpp"

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StudyTest, ARunningTrialThatIsStoppedIsOverAtOnceAndItsWorkerIsAskedToEnd) {
  begin(0);
  scheduler->stop_at = 2;
  const RunCommand run = start(9);
  EXPECT_THAT(report(run, 1, 0.5).commands, IsEmpty());
  const Effects effects = report(run, 2, 0.6);
  EXPECT_EQ(only<Stop>(effects).segment, run.segment);
  ASSERT_THAT(effects.decisions, SizeIs(1));
  EXPECT_EQ(effects.decisions[0].kind, DecisionKind::kStop);
  EXPECT_EQ(effects.decisions[0].step, 2);
  EXPECT_EQ(study->board().trial(0).state, TrialState::kStopped);
  EXPECT_EQ(study->running(), 1) << "its worker isn't free yet";

  EXPECT_FALSE(report(run, 3, 0.1).accepted) << "what comes after the decision does not count";
  EXPECT_EQ(study->board().incumbent().step, 1);
  const auto saved = save(run, 3, run.worker);
  EXPECT_EQ(only<Drop>(saved).checkpoint.step, 3) << "nobody needs this state";
  const RunCommand next = [&] {
    scheduler->work.push_back(NewTrial{kNoMember, 9, "the next"});
    return propose(end(run, 3));
  }();
  EXPECT_EQ(next.worker, run.worker);
  EXPECT_EQ(study->board().trial(0).state, TrialState::kStopped);
  EXPECT_EQ(study->board().trial(0).steps, 2);
  EXPECT_EQ(study->board().trial(0).segment, 0);
}

TEST_F(StudyTest, HoweverTheSegmentOfAStoppedTrialEndsItIsNotTrainedAgain) {
  using End = std::function<Effects(const RunCommand&)>;
  const std::vector<End> ends = {
      [this](const RunCommand& run) { return end(run, 9); },
      [this](const RunCommand& run) { return end(run, 3, true); },
      [this](const RunCommand& run) { return fail(run); },
      [this](const RunCommand& run) { return fail(run, "no copy", true); },
      [this](const RunCommand& run) {
        return step(WorkerLost{run.worker, "gone"});
      },
      [this](const RunCommand& run) {
        step(StopRequested{StopCause::kSignal, "SIGTERM"});
        EXPECT_EQ(only<Finish>(step(GivenUp{"it hangs"})).outcome, Outcome::kStopped);
        return end(run, 3);
      },
      [this](const RunCommand&) { return step(Begun{study->incarnation() + 1}); },
  };
  for (std::size_t i = 0; i < ends.size(); ++i) {
    SCOPED_TRACE("end " + std::to_string(i));
    make({});
    begin(0);
    scheduler->stop_at = 2;
    const RunCommand run = start(9);
    report(run, 1, 0.5);
    save(run, 1, kDisk);
    report(run, 2, 0.6);
    const Effects effects = ends[i](run);
    EXPECT_THAT(all<RunCommand>(effects), IsEmpty());
    EXPECT_THAT(all<BackOff>(effects), IsEmpty());
    expect_stopped(run);
    scheduler->stop_at.reset();
    if (!study->finish()) step(WorkerUp{study->next_worker(), 0, "node", "", ""});
    ASSERT_TRUE(study->finish()) << "nothing waits";
  }
}

TEST_F(StudyTest, AReportThatEndsTheStudyMayStopItsTrialToo) {
  step(Begun{1, std::nullopt, 0.1});
  scheduler->stop_at = 2;
  const RunCommand run = start(9);
  report(run, 1, 0.5);
  EXPECT_EQ(only<Stop>(report(run, 2, 0.05)).segment, run.segment) << "once is enough";
  EXPECT_EQ(only<Finish>(end(run, 3)).outcome, Outcome::kFinished);
  expect_stopped(run);
}

TEST_F(StudyTest, TheStatesOfOneThatIsStoppedWhileItTrainsAreDroppedUnlessTheyAreTheBest) {
  begin(0);
  const RunCommand good = start(2);
  report(good, 2, 0.1);
  save(good, 2, kDisk);
  end(good, 2);
  begin(0);
  scheduler->stop_at = 3;
  const RunCommand bad = start(9);
  report(bad, 1, 0.9);
  save(bad, 1, kDisk);
  const auto drops = all<Drop>(report(bad, 3, 0.9));
  ASSERT_THAT(drops, SizeIs(1));
  EXPECT_EQ(drops[0].checkpoint.trial, bad.trial);
  EXPECT_NE(study->checkpoints().find(good.trial, 2), nullptr);
}

TEST_F(StudyTest, ASamplerSeesAStoppedTrialWithItsLastScore) {
  begin(0);
  scheduler->stop_at = 2;
  const RunCommand run = start(9);
  report(run, 1, 0.5);
  report(run, 2, 0.6);
  EXPECT_THAT(study->changed(), ::testing::ElementsAre(0));
  EXPECT_EQ(study->board().trial(0).state, TrialState::kStopped);
  EXPECT_EQ(study->board().trial(0).last_score(), 0.6);
}

}  // namespace
}  // namespace coppice
