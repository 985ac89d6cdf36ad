#include "results/recorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/repeats.hpp"
#include "story.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::NanSensitiveDoubleEq;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr auto kNone = kMissingInt;

template <class T>
const std::vector<T>& column(const Table& table, const std::string& name) {
  const Column* found = table.find(name);
  if (found == nullptr) throw std::out_of_range("no column " + name);
  return std::get<std::vector<T>>(found->values);
}
const Ints& ints(const Table& table, const std::string& name) {
  return column<std::int64_t>(table, name);
}
const Doubles& doubles(const Table& table, const std::string& name) {
  return column<double>(table, name);
}
const Texts& texts(const Table& table, const std::string& name) {
  return column<std::string>(table, name);
}

/// Equal to the last bit, but for the kind of NaN.
testing::Matcher<const Doubles&> numbers(std::initializer_list<double> values) {
  std::vector<testing::Matcher<double>> matchers;
  for (const double value : values) matchers.push_back(NanSensitiveDoubleEq(value));
  return testing::ElementsAreArray(matchers);
}

std::vector<std::string> names(const Table& table) {
  std::vector<std::string> result;
  for (const Column& c : table.columns) result.push_back(c.name);
  return result;
}

TEST(Recorder, TheColumnsAreThoseOfTheContract) {
  const Recorder recorder(story::study());
  const Tables& tables = recorder.tables();
  EXPECT_THAT(names(tables.trials),
              ElementsAre("trial", "member", "state", "origin_trial", "origin_step", "steps", "created_s",
                          "ended_s", "loss", "learning_rate", "units", "optimizer", "bias", "momentum"));
  EXPECT_THAT(names(tables.reports), ElementsAre("trial", "step", "time_s", "worker"));
  EXPECT_THAT(names(tables.segments),
              ElementsAre("trial", "worker", "from_step", "to_step", "startup_s", "load_s", "train_s",
                          "save_s", "transfer_s", "wait_s", "failed_s"));
  EXPECT_THAT(names(tables.decisions),
              ElementsAre("seq", "time_s", "kind", "trial", "other_trial", "step", "reason"));
  EXPECT_THAT(names(tables.workers), ElementsAre("worker", "rank", "host", "device_uuid", "device_name"));
  EXPECT_THAT(names(tables.incumbent), ElementsAre("time_s", "trial", "step", "value"));
  for (const Table* table : tables.all()) EXPECT_EQ(table->rows(), 0u);
}

TEST(Recorder, RepeatsHaveRowsOfTheirOwnBeforeThatOfTheirMeans) {
  RecordedStudy study = story::study();
  study.repeats = 2;
  Recorder recorder(study);
  recorder.apply(0, Begun{1, {}, {}}, {});
  recorder.apply(1, WorkerUp{0, 0, "node1", "", ""},
                 {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, ""}}});
  recorder.apply(3, Reported{11, 0, 0, 1, join_repeats({{{"loss", 0.75}}, {{"loss", 0.25}}})},
                 {true, {}, {{DecisionKind::kIncumbent, 0, kNoTrial, 1, "loss 0.5"}}});
  recorder.apply(4, Reported{11, 0, 0, 2, join_repeats({{{"loss", 0.5}}, {{"loss", kNan}, {"repeat", 7}}})},
                 {true, {}, {}});
  const Table& reports = recorder.tables().reports;
  EXPECT_THAT(names(reports),
              ElementsAre("trial", "step", "time_s", "worker", "repeat", "loss", "metric_repeat"));
  EXPECT_THAT(ints(reports, "step"), ElementsAre(1, 1, 1, 2, 2, 2));
  EXPECT_THAT(ints(reports, "repeat"), ElementsAre(0, 1, kMeanOfRepeats, 0, 1, kMeanOfRepeats));
  EXPECT_THAT(doubles(reports, "loss"), numbers({0.75, 0.25, 0.5, 0.5, kNan, kNan}));
  EXPECT_THAT(doubles(reports, "metric_repeat"), numbers({kNan, kNan, kNan, kNan, 7, kNan}));
  EXPECT_THAT(doubles(recorder.tables().trials, "loss"), numbers({kNan}));
  EXPECT_THAT(ints(recorder.tables().trials, "steps"), ElementsAre(2));
  EXPECT_THAT(doubles(recorder.tables().incumbent, "value"), numbers({0.5}));
}

TEST(Recorder, TellsTheStoryUpToTheLoss) {
  Recorder recorder(story::study());
  story::first_start(recorder);
  const Table& trials = recorder.tables().trials;
  EXPECT_THAT(texts(trials, "state"), ElementsAre("stopped", "running", "running"));
  EXPECT_THAT(ints(trials, "member"), ElementsAre(0, 1, 0));
  EXPECT_THAT(ints(trials, "origin_trial"), ElementsAre(kNone, kNone, 1));
  EXPECT_THAT(ints(trials, "origin_step"), ElementsAre(kNone, kNone, 2));
  EXPECT_THAT(ints(trials, "steps"), ElementsAre(2, 2, 3));
  EXPECT_THAT(doubles(trials, "created_s"), numbers({1, 1.5, 8}));
  EXPECT_THAT(doubles(trials, "ended_s"), numbers({8, kNan, kNan}));
  EXPECT_THAT(doubles(trials, "loss"), numbers({kNan, 0.25, 0.2}));
  EXPECT_THAT(doubles(trials, "learning_rate"), numbers({0.1, 0.01, 0.12}));
  EXPECT_THAT(ints(trials, "units"), ElementsAre(64, 128, 80));
  EXPECT_THAT(texts(trials, "optimizer"), ElementsAre("sgd", "größe", "sgd"));
  EXPECT_THAT(texts(trials, "bias"), ElementsAre("true", "false", "true"));
  EXPECT_THAT(doubles(trials, "momentum"), numbers({0.9, kNan, 0.8}));

  // A metric named as a column gets a name of its own; rows before a metric's first report lack it.
  const Table& reports = recorder.tables().reports;
  EXPECT_THAT(names(reports),
              ElementsAre("trial", "step", "time_s", "worker", "loss", "accuracy", "metric_step"));
  EXPECT_THAT(ints(reports, "trial"), ElementsAre(0, 1, 0, 1, 2));
  EXPECT_THAT(ints(reports, "step"), ElementsAre(1, 1, 2, 2, 3));
  EXPECT_THAT(ints(reports, "worker"), ElementsAre(0, 1, 0, 1, 1));
  EXPECT_THAT(doubles(reports, "time_s"), numbers({3, 4, 5, 7, 9}));
  EXPECT_THAT(doubles(reports, "loss"), numbers({0.9, 0.5, kNan, 0.25, 0.2}));
  EXPECT_THAT(doubles(reports, "accuracy"), numbers({kNan, 0.75, 0.25, kNan, kNan}));
  EXPECT_THAT(doubles(reports, "metric_step"), numbers({kNan, kNan, 7, kNan, kNan}));

  // Of the segment that went with its worker only the time is known.
  const Table& segments = recorder.tables().segments;
  EXPECT_THAT(ints(segments, "trial"), ElementsAre(0, 1, 2));
  EXPECT_THAT(ints(segments, "from_step"), ElementsAre(0, 0, 2));
  EXPECT_THAT(ints(segments, "to_step"), ElementsAre(2, 2, 3));
  EXPECT_THAT(doubles(segments, "train_s"), numbers({3, 4, 0}));
  EXPECT_THAT(doubles(segments, "failed_s"), numbers({0, 0, 1.5}));

  const Table& decisions = recorder.tables().decisions;
  EXPECT_THAT(ints(decisions, "seq"), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(texts(decisions, "kind"), ElementsAre("start", "start", "incumbent", "incumbent", "incumbent",
                                                    "stop", "exploit", "continue", "incumbent"));
  EXPECT_THAT(ints(decisions, "other_trial"),
              ElementsAre(kNone, kNone, kNone, kNone, kNone, 1, 1, kNone, kNone));
  EXPECT_EQ(texts(decisions, "reason")[5], "nan > 0.25, the worst quarter");
  EXPECT_THAT(doubles(recorder.tables().incumbent, "value"), numbers({0.9, 0.5, 0.25, 0.2}));
  EXPECT_EQ(recorder.tables().attributes.state, "running");
  EXPECT_EQ(recorder.tables().attributes.ended, "");
}

TEST(Recorder, AResumeGoesOnWithoutTheGap) {
  Recorder recorder(story::study());
  story::first_start(recorder);
  story::second_start(recorder);
  const Tables& tables = recorder.tables();
  // Trial 1 was to go on when the study ended: it stands where it stood.
  EXPECT_THAT(texts(tables.trials, "state"), ElementsAre("stopped", "paused", "complete"));
  EXPECT_THAT(doubles(tables.trials, "ended_s"), numbers({8, kNan, 15}));
  EXPECT_THAT(texts(tables.workers, "host"), ElementsAre("node1", "node2", "node1"));
  EXPECT_THAT(ints(tables.workers, "worker"), ElementsAre(0, 1, 2));
  EXPECT_THAT(ints(tables.workers, "rank"), ElementsAre(0, 1, 0));
  const StudyAttributes& about = tables.attributes;
  EXPECT_EQ(about.slurm_job_ids, "4711 4712");
  EXPECT_EQ(about.started, "2023-11-14T22:13:20Z");
  EXPECT_EQ(about.ended, "2023-11-14T23:13:25Z");  // 5 s after the second start
  EXPECT_EQ(about.state, "finished");
  EXPECT_EQ(about.incarnations, 2);
  EXPECT_EQ(about.running_time_s, 15);
  EXPECT_EQ(about.seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(about.direction, "minimize");
}

TEST(Recorder, AStateFollowsItsTrial) {
  Recorder recorder(story::study());
  const auto& state = texts(recorder.tables().trials, "state");
  recorder.start(0, "");
  recorder.apply(0, Begun{}, {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, ""}}});
  EXPECT_THAT(state, ElementsAre("running"));
  recorder.apply(1, Proposed{0, Values(5), ""}, {true, {coppice::Run{0, 1, 0, Values(5), 0, {}, 4, 0}}, {}});
  recorder.apply(2, SegmentEnded{1, 0, 0, 2, false, {}}, {});  // stopped before its end: it waits
  EXPECT_THAT(state, ElementsAre("running"));
  recorder.apply(2, WorkerUp{1, 0, "h", "", ""}, {true, {coppice::Run{1, 2, 0, Values(5), 0, {}, 4, 0}}, {}});
  recorder.apply(3, SegmentEnded{2, 0, 1, 4, false, {}}, {});
  EXPECT_THAT(state, ElementsAre("paused"));
  recorder.apply(4, WorkerUp{2, 0, "h", "", ""},
                 {true,
                  {coppice::Run{2, 3, 0, Values(5), 0, {}, 8, 0}},
                  {{DecisionKind::kPromote, 0, kNoTrial, 4, ""}}});
  EXPECT_THAT(state, ElementsAre("running"));
  recorder.apply(5, SegmentFailed{3, 0, 2, 4, "killed", {}},
                 {true, {}, {{DecisionKind::kRetry, 0, kNoTrial, 4, ""}}});
  EXPECT_THAT(state, ElementsAre("running"));
  recorder.apply(6, WorkerUp{3, 0, "h", "", ""}, {true, {coppice::Run{3, 4, 0, Values(5), 0, {}, 8, 0}}, {}});
  recorder.apply(7, SegmentFailed{4, 0, 3, 4, "killed", {}},
                 {true, {}, {{DecisionKind::kFail, 0, kNoTrial, 4, ""}}});
  EXPECT_THAT(state, ElementsAre("failed"));
  EXPECT_THAT(doubles(recorder.tables().trials, "ended_s"), numbers({7}));
}

TEST(Recorder, ARerunHasTheTrialThatItMeasuresAgainAsItsOrigin) {
  Recorder recorder(story::study());
  const Values params{0.1, std::int64_t{64}, std::string("sgd"), true, 0.9};
  recorder.start(0, "");
  recorder.apply(0, Begun{}, {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, ""}}});
  recorder.apply(0, Proposed{0, params, ""}, {true, {coppice::Run{0, 1, 0, params, 5, {}, 4, 0}}, {}});
  recorder.apply(1, SegmentEnded{1, 0, 0, 4, false, {}},
                 {true,
                  {coppice::Run{0, 2, 1, params, 0, {}, 4, 0}},
                  {{DecisionKind::kRerun, 1, 0, 0, "trial 0 is measured again, 1 of 2"},
                   {DecisionKind::kRerun, 2, 0, 0, "trial 0 is measured again, 2 of 2"}}});
  recorder.apply(2, StopRequested{}, {true, {Finish{Outcome::kStopped, "SIGTERM"}}, {}});
  const Table& trials = recorder.tables().trials;
  EXPECT_THAT(ints(trials, "origin_trial"), ElementsAre(kNone, 0, 0));
  EXPECT_THAT(ints(trials, "origin_step"), ElementsAre(kNone, 0, 0));
  EXPECT_THAT(ints(trials, "steps"), ElementsAre(0, 0, 0));
  EXPECT_THAT(texts(trials, "state"), ElementsAre("paused", "running", "paused"));
  EXPECT_THAT(doubles(trials, "learning_rate"), numbers({0.1, 0.1, 0.1})) << "also where none is run";
  EXPECT_THAT(ints(trials, "units"), ElementsAre(64, 64, 64));
  EXPECT_THAT(texts(trials, "optimizer"), ElementsAre("sgd", "sgd", "sgd"));
  EXPECT_THAT(texts(recorder.tables().decisions, "kind"), ElementsAre("start", "rerun", "rerun"));
}

TEST(Recorder, NothingRunsInAStudyThatIsOver) {
  Recorder recorder(story::study());
  const auto& state = texts(recorder.tables().trials, "state");
  recorder.start(0, "");
  recorder.apply(0, Begun{}, {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, ""}}});
  EXPECT_THAT(state, ElementsAre("running"));
  recorder.apply(1, StopRequested{}, {true, {Finish{Outcome::kStopped, "SIGTERM"}}, {}});
  EXPECT_THAT(state, ElementsAre("paused")) << "it was still being proposed";
}

TEST(Recorder, ATrialThatIsStoppedWhileItTrainsEndsThere) {
  const Effects stop{true, {Stop{0, 1}}, {{DecisionKind::kStop, 0, kNoTrial, 1, "rank 4 of 9"}}};
  const std::vector<Event> ends = {SegmentEnded{1, 0, 0, 2, false, {}},
                                   SegmentFailed{1, 0, 0, 2, "killed", {}}, WorkerLost{0, "gone"}, Begun{2}};
  for (const Event& end : ends) {
    Recorder again(story::study());
    again.apply(0, Begun{}, {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, ""}}});
    again.apply(1, Proposed{0, Values(5), ""}, {true, {coppice::Run{0, 1, 0, Values(5), 0, {}, 4, 0}}, {}});
    again.apply(2, Reported{1, 0, 0, 1, {{"loss", 1.0}}}, stop);
    EXPECT_THAT(texts(again.tables().trials, "state"), ElementsAre("stopped"));
    again.apply(3, end, {});
    EXPECT_THAT(texts(again.tables().trials, "state"), ElementsAre("stopped"));
    EXPECT_THAT(doubles(again.tables().trials, "ended_s"), numbers({2}));
    EXPECT_EQ(again.tables().segments.rows(), 1u) << "the worker's time counts";
  }
}

/// One trial without checkpoints, two workers. Times of the segments only say what they must.
class RecorderSegments : public testing::Test {
 protected:
  Recorder recorder_{story::study()};
  SegmentId segment_ = 0;
  double time_s_ = 0;

  void SetUp() override {
    recorder_.apply(
        0, Begun{},
        {true,
         {Propose{0, 0, {}}, Propose{1, 1, {}}},
         {{DecisionKind::kStart, 0, kNoTrial, 0, ""}, {DecisionKind::kStart, 1, kNoTrial, 0, ""}}});
    recorder_.apply(0, WorkerUp{0, 0, "h", "", ""}, {});
    recorder_.apply(0, WorkerUp{1, 1, "h", "", ""}, {});
  }
  void run(TrialId trial, WorkerId worker, Step until, Step report_after, std::optional<Step> from = {}) {
    std::optional<Source> source;
    if (from) source = Source{{trial, *from, 1}, {kDisk}};
    ++segment_;
    recorder_.apply(
        ++time_s_, Saved{},
        {true, {coppice::Run{worker, segment_, trial, Values(5), 0, source, until, report_after}}, {}});
  }
  void report(TrialId trial, WorkerId worker, Step step) {
    recorder_.apply(++time_s_, Reported{segment_, trial, worker, step, {{"loss", 1.0}}}, {});
  }
  void end(TrialId trial, WorkerId worker, Step step, double startup_s = 0) {
    SegmentTimes times;
    times.startup_s = startup_s;
    recorder_.apply(++time_s_, SegmentEnded{segment_, trial, worker, step, false, times}, {});
  }
  const Ints& from() const { return ints(recorder_.tables().segments, "from_step"); }
  const Ints& to() const { return ints(recorder_.tables().segments, "to_step"); }
};

TEST_F(RecorderSegments, OneInPlaceBeginsWhereTheLastEnded) {
  run(0, 0, 2, 0);
  report(0, 0, 1);
  report(0, 0, 3);  // a function doesn't stop at every step
  end(0, 0, 3, 0.5);
  run(0, 0, 6, 3);
  end(0, 0, 6);
  EXPECT_THAT(from(), ElementsAre(0, 3));
  EXPECT_THAT(to(), ElementsAre(3, 6));
}

TEST_F(RecorderSegments, OneThatIsTrainedAgainBeginsAtZero) {
  run(0, 0, 2, 0);
  end(0, 0, 2, 0.5);
  run(0, 1, 4, 2);  // another worker
  end(0, 1, 4);
  run(1, 1, 1, 0);  // takes the host's place from trial 0
  end(1, 1, 1);
  run(0, 1, 6, 4);
  end(0, 1, 6);
  run(0, 1, 8, 6);  // the host had ended while nothing ran
  end(0, 1, 8, 0.5);
  EXPECT_THAT(from(), ElementsAre(0, 0, 0, 0, 0));
}

TEST_F(RecorderSegments, AfterAFailureNothingIsInPlace) {
  run(0, 0, 2, 0);
  end(0, 0, 2);
  run(0, 0, 4, 2);
  recorder_.apply(++time_s_, SegmentFailed{segment_, 0, 0, 2, "killed", {}}, {});
  run(0, 0, 4, 2);
  end(0, 0, 4);
  EXPECT_THAT(from(), ElementsAre(0, 2, 0));
}

TEST_F(RecorderSegments, ACheckpointIsTheBeginningUnlessTheHostIsFurther) {
  run(0, 0, 4, 0);
  end(0, 0, 4);
  run(0, 1, 6, 4, 2);  // the newest that was saved, on another worker
  end(0, 1, 6);
  run(0, 1, 8, 6, 2);  // it still stands at 6
  end(0, 1, 8);
  EXPECT_THAT(from(), ElementsAre(0, 2, 6));
}

TEST_F(RecorderSegments, OneThatWentWithItsWorkerBeganWhereItStood) {
  run(0, 0, 4, 0);
  report(0, 0, 4);
  end(0, 0, 4);
  run(0, 0, 6, 4);
  report(0, 0, 5);
  recorder_.apply(++time_s_, WorkerLost{0, ""}, {});
  EXPECT_THAT(from(), ElementsAre(0, 4));
  EXPECT_THAT(to(), ElementsAre(4, 5));
  EXPECT_THAT(doubles(recorder_.tables().segments, "failed_s"), numbers({0, 2}));
}

TEST(Recorder, LongAndStrangeTextIsTamed) {
  Recorder recorder(story::study());
  recorder.apply(0, StopRequested{},
                 {true,
                  {},
                  {{DecisionKind::kHalt, kNoTrial, kNoTrial, 0,
                    "a\xff"
                    "b"}}});
  recorder.apply(0, StopRequested{},
                 {true, {}, {{DecisionKind::kHalt, kNoTrial, kNoTrial, 0, std::string(100000, 'e')}}});
  const Texts& reasons = texts(recorder.tables().decisions, "reason");
  EXPECT_EQ(reasons[0],
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(reasons[1], std::string(509, 'e') + "…");
  EXPECT_THAT(ints(recorder.tables().decisions, "trial"), ElementsAre(kNone, kNone));
}

TEST(Recorder, TooManyMetricsLeaveRoomForTheObjective) {
  Recorder recorder(story::study());
  recorder.apply(0, Begun{}, {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, ""}}});
  Metrics metrics;
  for (int i = 0; i < 3000; ++i) metrics.emplace_back("metric number " + std::to_string(i), i);
  metrics.emplace_back("loss", 0.5);
  recorder.apply(1, Reported{1, 0, 0, 1, metrics}, {});
  recorder.apply(2, Reported{1, 0, 0, 2, metrics}, {});
  EXPECT_EQ(recorder.tables().attributes.metrics_left_out, 2500);
  EXPECT_EQ(recorder.tables().reports.columns.size(), 4u + 500u + 1u);
  EXPECT_THAT(doubles(recorder.tables().reports, "loss"), numbers({0.5, 0.5}));
  EXPECT_EQ(recorder.tables().reports.find("metric number 500"), nullptr);
}

}  // namespace
}  // namespace coppice
