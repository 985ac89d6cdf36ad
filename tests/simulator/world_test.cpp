// The world itself, and the referee: a rule that is broken must be seen.
#include "simulator/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/parameters.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "trainables/catalog.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;
using RunCommand = coppice::Run;  // testing::Test has a Run of its own

SearchSpace curve_space() {
  return SearchSpace({spaces::number("x", 0, 1)});
}

StudyPlan curve_plan(std::int64_t trials, Step steps) {
  StudyPlan plan;
  plan.settings.seed = 3;
  plan.settings.space = curve_space();
  plan.settings.metric = "value";
  plan.settings.steps_per_trial = steps;
  plan.max_trials = trials;
  SchedulerSetup setup;
  setup.max_trials = trials;
  setup.steps_per_trial = steps;
  plan.make_scheduler = [setup] { return find_scheduler("fifo")->make({}, setup); };
  plan.make_sampler = [] { return make_sampler("random", {}, curve_space(), 3); };
  plan.make_explorer = [] { return make_explorer({}, curve_space(), 3); };
  plan.make_trainable = [] { return make_builtin("curve", {}, ""); };
  return plan;
}

TEST(World, TakesAsLongAsTheWorkersNeed) {
  World one(curve_plan(12, 10), WorldOptions{.workers = 1});
  World four(curve_plan(12, 10), WorldOptions{.workers = 4});
  const WorldResult& alone = one.run();
  const WorldResult& together = four.run();
  EXPECT_EQ(alone.steps, 120);
  EXPECT_EQ(together.steps, 120);
  EXPECT_EQ(alone.finish.outcome, Outcome::kFinished);
  EXPECT_NEAR(alone.time_s, 120, 1) << "steps of a second; messages take a thousandth";
  EXPECT_NEAR(together.time_s, 30, 1);
  EXPECT_NEAR(together.busy_s, 120, 1e-6);
  EXPECT_EQ(together.rejected, 0);
}

TEST(World, RunsTheRealTrainable) {
  World world(curve_plan(3, 10), WorldOptions{.workers = 2});
  world.run();
  for (const Trial& trial : world.study().board().trials()) {
    const double x = std::get<double>(trial.params[0]);
    const double floor = (x - 0.3) * (x - 0.3);
    EXPECT_NEAR(trial.curve.back().score, floor + (1 - floor) * std::pow(0.8, 10), 1e-12);
  }
}

TEST(World, TheSameOptionsGiveTheSameRun) {
  WorldOptions options{.seed = 5, .workers = 3, .spread = 1};
  options.worker_loss = options.false_death = options.segment_failure = options.late = 0.05;
  World a(curve_plan(10, 10), options);
  World b(curve_plan(10, 10), options);
  EXPECT_EQ(a.run().time_s, b.run().time_s);
  EXPECT_EQ(a.record().size(), b.record().size());
  EXPECT_GT(a.result().losses, 0);
  EXPECT_GT(a.result().rejected, 0) << "false deaths leave late messages";
  options.seed = 6;
  World c(curve_plan(10, 10), options);
  EXPECT_NE(c.run().time_s, a.result().time_s);
}

TEST(World, RestartsGoOnWithWhatWasRecorded) {
  WorldOptions options{.seed = 1, .workers = 3, .spread = 0.5};
  options.restart = 0.1;
  options.max_restarts = 5;
  options.disk = true;
  World world(curve_plan(10, 10), options);
  EXPECT_EQ(world.run().restarts, 5);
  EXPECT_EQ(world.study().incarnation(), 6);
  EXPECT_EQ(world.study().board().size(), 10);
}

TEST(World, ThousandsOfWorkers) {
  World world(curve_plan(4000, 2), WorldOptions{.workers = 2000, .spread = 0.2});
  EXPECT_EQ(world.run().steps, 8000);
}

TEST(World, AStudyThatDoesNotEndIsAFault) {
  StudyPlan plan = curve_plan(1000, 10);
  WorldOptions options{.workers = 1};
  options.max_events = 100;
  World world(plan, options);
  EXPECT_THROW(world.run(), std::logic_error);
}

TEST(Replay, SeesAChangedEvent) {
  World world(curve_plan(3, 4), WorldOptions{.workers = 2});
  world.run();
  Record record = world.record();
  const StudyPlan plan = curve_plan(3, 4);
  Study same(plan.settings, plan.make_scheduler());
  EXPECT_NO_THROW(replay(record, same));
  for (RecordEntry& entry : record) {
    if (auto* report = std::get_if<Reported>(&entry.event)) report->metrics[0].second = 1e-9;
  }
  Study other(plan.settings, plan.make_scheduler());
  try {
    replay(record, other);
    FAIL() << "a report was changed, and so was the incumbent";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("(reported)"));
  }
}

// ---- the referee
// --------------------------------------------------------------------------------------------------------

class RefereeTest : public ::testing::Test {
 protected:
  RefereeTest() : study(curve_plan(9, 10).settings, curve_plan(9, 10).make_scheduler()) {
    store.open(kDisk);
    see(Begun{1, 9, std::nullopt});
    for (WorkerId worker = 0; worker < 2; ++worker) {
      store.open(worker);
      const auto propose = std::get<Propose>(see(WorkerUp{worker, 0, "", "", ""}).commands.at(0));
      runs.push_back(std::get<RunCommand>(see(Proposed{propose.request, {Value(0.5)}, ""}).commands.at(0)));
    }
  }
  Effects see(const Event& event) {
    Effects effects = study.step(event);
    referee.observe(study, event, effects, store, true);
    return effects;
  }
  /// What the referee says to made-up effects of an event that changes nothing.
  std::string verdict(Effects effects, const Event& event = CheckpointLost{}) {
    try {
      referee.observe(study, event, effects, store, false);
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "";
  }
  Effects commanding(Command command) { return {true, {std::move(command)}, {}}; }

  Study study;
  Referee referee;
  BlobStore store;
  std::vector<RunCommand> runs;
};

TEST_F(RefereeTest, SeesTwoSegmentsOnOneWorkerOrOfOneTrial) {
  RunCommand run = runs[0];
  run.segment += 100;
  EXPECT_THAT(verdict(commanding(run)), HasSubstr("has a segment already"));
  run.worker = 7;
  EXPECT_THAT(verdict(commanding(run)), HasSubstr("is not up"));
  see(WorkerUp{2, 0, "", "", ""});
  run.worker = 2;
  EXPECT_THAT(verdict(commanding(run)), HasSubstr("is trained elsewhere"));
}

TEST_F(RefereeTest, SeesAStateThatIsNotThere) {
  const auto propose = std::get<Propose>(see(WorkerUp{2, 0, "", "", ""}).commands.at(0));
  const Event proposed = Proposed{propose.request, {Value(0.5)}, ""};
  Effects effects = study.step(proposed);
  auto& run = std::get<RunCommand>(effects.commands.at(0));
  run.from = Source{{run.trial, 4, 1}, {0}};
  EXPECT_THAT(verdict(effects, proposed), HasSubstr("at step 4 is not at place 0"));
}

TEST_F(RefereeTest, SeesAStateOfAnotherTrial) {
  const auto propose = std::get<Propose>(see(WorkerUp{2, 0, "", "", ""}).commands.at(0));
  const Event proposed = Proposed{propose.request, {Value(0.5)}, ""};
  Effects effects = study.step(proposed);
  std::get<RunCommand>(effects.commands.at(0)).from = Source{{0, 4, 1}, {0}};
  store.put(0, {0, 4, 1}, {});
  EXPECT_THAT(verdict(effects, proposed), HasSubstr("begins from a state of trial 0"));
}

TEST_F(RefereeTest, SeesAGapInTheReports) {
  see(Reported{runs[0].segment, 0, 0, 1, {{"value", 0.5}}});
  EXPECT_THROW(see(Reported{runs[0].segment, 0, 0, 3, {{"value", 0.4}}}), std::logic_error);
}

TEST_F(RefereeTest, SeesPromotionsWithoutAScore) {
  Effects effects;
  effects.decisions.push_back({DecisionKind::kPromote, 0, kNoTrial, 1, "x"});
  EXPECT_THAT(verdict(effects), HasSubstr("promoted without a score"));
  effects.decisions[0] = {DecisionKind::kExploit, 1, 0, 1, "x"};
  EXPECT_THAT(verdict(effects), HasSubstr("copied one without a score"));
}

TEST_F(RefereeTest, SeesAnEndWhileSomethingRunsAndEffectsOfNothing) {
  EXPECT_THAT(verdict(commanding(Finish{})), HasSubstr("while 2 workers train"));
  Effects effects = commanding(Stop{0, runs[0].segment});
  EXPECT_EQ(verdict(effects), "");
  effects.accepted = false;
  EXPECT_THAT(verdict(effects), HasSubstr("not accepted had effects"));
  EXPECT_THAT(verdict(commanding(Stop{0, 12345})), HasSubstr("does not run"));
}

TEST_F(RefereeTest, SeesAnIdleWorkerWhileTheBudgetLasts) {
  const Event up = WorkerUp{2, 0, "", "", ""};
  Effects effects = study.step(up);
  effects.commands.clear();  // as if nobody had been asked for a trial
  EXPECT_THROW(referee.observe(study, up, effects, store, true), std::logic_error);
}

}  // namespace
}  // namespace coppice
