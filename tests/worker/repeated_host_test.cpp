/// Several hosts that train the repeats of a trial look like one.
#include "worker/repeated_host.hpp"

#include <cmath>

#include "core/ids.hpp"
#include "core/repeats.hpp"
#include "host_fixture.hpp"
#include "worker/repeat_states.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Steps = std::vector<std::pair<std::int64_t, double>>;

// Noise with a state: a wrong seed or a wrong restore shows.
constexpr const char* kNoisy = R"(
import random, pickle
import coppice
class Noisy(coppice.Trainable):
    def setup(self, params):
        random.seed(self.trial.seed)  # the generator of the whole process, as programs do
        self.total = 0.0
    def step(self):
        self.total += random.random()
        return self.total
    def save(self):
        return pickle.dumps((self.total, random.getstate()))
    def load(self, blob):
        self.total, state = pickle.loads(blob)
        random.setstate(state)
coppice.serve(Noisy)
)";

class Repeats : public HostTest {
 protected:
  RepeatedHost ready(std::vector<std::string> command, int repeats = 3,
                     HostForm form = HostForm::kTrainable) {
    RepeatedHost host = RepeatedHost::start(spawner_, launch(std::move(command)), repeats);
    EXPECT_EQ(next<HostReady>(host).form, form);
    return host;
  }
  RepeatedHost counters(int repeats = 3) { return ready({HOST_HELPER}, repeats); }
  RepeatedHost python(const std::string& program, HostForm form, int repeats = 3) {
    return ready({PYTHON, write("train.py", program).string()}, repeats, form);
  }
  static SegmentOrder with(SegmentOrder what, std::vector<std::pair<std::string, Value>> more) {
    auto items = what.params.items();
    items.insert(items.end(), more.begin(), more.end());
    what.params = Parameters(std::move(items));
    return what;
  }
  /// (step, mean of the first metric) of each report.
  static Steps means(const std::vector<HostMessage>& messages, int repeats = 3) {
    Steps found;
    for (const HostMessage& message : messages) {
      if (const auto* report = std::get_if<HostReport>(&message))
        found.emplace_back(report->step, split_repeats(report->metrics, repeats).mean.front().second);
    }
    return found;
  }
  static std::vector<double> values(const HostReport& report, std::size_t metric, int repeats = 3) {
    std::vector<double> found;
    for (const Metrics& metrics : split_repeats(report.metrics, repeats).repeats)
      found.push_back(metrics.at(metric).second);
    return found;
  }
  SegmentOrder on(SegmentOrder what) {
    what.fresh = false;
    return what;
  }
};

TEST_F(Repeats, TrainInLockStepWithSeedsOfTheirOwn) {
  RepeatedHost host = counters();
  host.run(order(7, 1, 0, 3), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_EQ(means(all), (Steps{{1, 1}, {2, 2}, {3, 3}}));
  ASSERT_THAT(all, SizeIs(5)) << "three reports, one checkpoint, the end, and nothing else";
  std::vector<double> seeds;
  for (int repeat = 0; repeat < 3; ++repeat)
    seeds.push_back(static_cast<double>(repeat_seed(order(7, 1, 0, 3).seed, repeat) & 0xffffu));
  for (std::size_t i : {0u, 1u, 2u}) {
    EXPECT_EQ(std::get<HostReport>(all[i]).segment, 7);
    EXPECT_EQ(values(std::get<HostReport>(all[i]), 1), seeds);
  }
  EXPECT_EQ(std::get<HostSaved>(all[3]).segment, 7);
  EXPECT_EQ(std::get<HostSaved>(all[3]).step, 3);
  EXPECT_THAT(split_states(std::get<HostSaved>(all[3]).state.bytes(), 3), SizeIs(3));
  EXPECT_EQ(std::get<HostEnded>(all[4]).segment, 7);
  EXPECT_EQ(std::get<HostEnded>(all[4]).step, 3);
  EXPECT_FALSE(std::get<HostEnded>(all[4]).done);

  host.run(on(order(8, 1, 3, 5)), nullptr);
  EXPECT_EQ(means(until<HostEnded>(host)), (Steps{{4, 4}, {5, 5}}));
}

TEST_F(Repeats, GoingOnEqualsSavingLoadingAndGoingOn) {
  RepeatedHost host = python(kNoisy, HostForm::kTrainable);
  host.run(order(1, 1, 0, 2), nullptr);
  const auto first = until<HostEnded>(host);
  const auto& saved = std::get<HostSaved>(first[2]);
  host.run(on(order(2, 1, 2, 5)), nullptr);
  const auto went_on = until<HostEnded>(host);
  RepeatedHost other = python(kNoisy, HostForm::kTrainable);
  other.run(order(3, 1, 2, 5), &saved.state);
  const auto loaded = until<HostEnded>(other);
  ASSERT_THAT(went_on, SizeIs(5));
  ASSERT_THAT(loaded, SizeIs(5));
  for (std::size_t i : {0u, 1u, 2u})
    EXPECT_EQ(std::get<HostReport>(went_on[i]).metrics, std::get<HostReport>(loaded[i]).metrics);
  const auto ours = std::get<HostSaved>(went_on[3]).state.bytes();
  const auto theirs = std::get<HostSaved>(loaded[3]).state.bytes();
  EXPECT_TRUE(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end()));
}

TEST_F(Repeats, TheFirstIsTheTrialWithoutRepeats) {
  RepeatedHost one = python(kNoisy, HostForm::kTrainable, 1);
  one.run(order(1, 1, 0, 2), nullptr);
  const auto alone = until<HostEnded>(one);
  RepeatedHost three = python(kNoisy, HostForm::kTrainable);
  three.run(order(1, 1, 0, 2), nullptr);
  const auto together = until<HostEnded>(three);
  for (std::size_t i : {0u, 1u}) {
    EXPECT_EQ(split_repeats(std::get<HostReport>(together[i]).metrics, 3).repeats[0],
              std::get<HostReport>(alone[i]).metrics);
  }
}

TEST_F(Repeats, AStopEndsAllAtOneStepWithACheckpoint) {
  RepeatedHost host = counters();
  SegmentOrder endless = order(1, 1, 0, 1'000'000'000);
  endless.save_at_end = false;
  host.run(endless, nullptr);
  next<HostReport>(host);
  host.stop_segment();
  const auto rest = until<HostEnded>(host);
  ASSERT_GE(rest.size(), 2u);
  const auto& saved = std::get<HostSaved>(rest[rest.size() - 2]);
  const std::int64_t step = std::get<HostEnded>(rest.back()).step;
  EXPECT_EQ(saved.step, step);
  RepeatedHost other = counters();
  other.run(order(2, 1, step, step + 1), &saved.state);
  EXPECT_EQ(means(until<HostEnded>(other)), (Steps{{step + 1, static_cast<double>(step + 1)}}));
}

TEST_F(Repeats, SaveOnTheWay) {
  RepeatedHost host = counters();
  SegmentOrder often = order(1, 1, 0, 4);
  often.save_every_s = 1e-9;
  host.run(often, nullptr);
  std::vector<std::int64_t> steps;
  for (const HostMessage& message : until<HostEnded>(host)) {
    if (const auto* saved = std::get_if<HostSaved>(&message)) steps.push_back(saved->step);
  }
  EXPECT_THAT(steps, ElementsAre(1, 2, 3, 4));
}

TEST_F(Repeats, OneThatFailsFailsTheSegmentAndTheHostsStay) {
  RepeatedHost host = counters();
  host.run(with(order(1, 1, 0, 5), {{"fail_at", std::int64_t{2}}, {"in_repeat", std::int64_t{1}}}), nullptr);
  EXPECT_EQ(next<HostFailed>(host).error, "repeat 1: told to fail");
  EXPECT_THAT(host.last_output(), HasSubstr("told to fail"));
  host.run(order(2, 2, 0, 3), nullptr);
  EXPECT_EQ(next<HostEnded>(host).step, 3);
}

TEST_F(Repeats, OneThatDiesTakesTheOthersAlong) {
  RepeatedHost host = counters();
  host.run(with(order(1, 1, 0, 5), {{"exit_at", std::int64_t{2}}, {"in_repeat", std::int64_t{2}}}), nullptr);
  const auto all = until<HostExited>(host);
  EXPECT_EQ(means(all), (Steps{{1, 1}}));
  EXPECT_EQ(std::get<HostExited>(all.back()).description, "repeat 2: exit status 3");
  EXPECT_TRUE(dies(host.pid()));
}

TEST_F(Repeats, OneThatIsDoneEndsTheTrial) {
  RepeatedHost host = counters();
  host.run(with(order(1, 1, 0, 9), {{"done_at", std::int64_t{3}}, {"in_repeat", std::int64_t{1}}}), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_EQ(means(all), (Steps{{1, 1}, {2, 2}, {3, 3}}));
  EXPECT_EQ(std::get<HostEnded>(all.back()).step, 3);
  EXPECT_TRUE(std::get<HostEnded>(all.back()).done);
  EXPECT_EQ(std::get<HostSaved>(all[all.size() - 2]).step, 3);
}

TEST_F(Repeats, ATornCheckpointFailsTheSegment) {
  RepeatedHost host = counters();
  const Blob torn = Blob::copy(std::vector<std::byte>(7));
  host.run(order(1, 1, 4, 5), &torn);
  EXPECT_EQ(next<HostFailed>(host).error, "the checkpoint is not one of repeats");
  host.run(order(2, 1, 0, 2), nullptr);
  EXPECT_EQ(next<HostEnded>(host).step, 2);
}

TEST_F(Repeats, NeedAnEndAsOneDoes) {
  RepeatedHost host = counters();
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  EXPECT_THAT(next<HostFailed>(host).error, HasSubstr("budget.steps_per_trial is needed"));
}

TEST_F(Repeats, AllExitWhenAsked) {
  RepeatedHost host = counters();
  host.shutdown();
  const auto exited = next<HostExited>(host);
  EXPECT_TRUE(exited.expected);
  EXPECT_EQ(exited.description, "exit status 0");
}

TEST_F(Repeats, OneThatDoesNotStartEndsAll) {
  RepeatedHost host = RepeatedHost::start(spawner_, launch({PYTHON, "-c", "raise SystemExit(7)"}), 2);
  EXPECT_EQ(next<HostExited>(host).description, "exit status 7");
}

TEST_F(Repeats, EachHasItsLog) {
  RepeatedHost host = counters();
  host.run(order(1, 1, 0, 2), nullptr);
  next<HostEnded>(host);
  for (const char* name : {"worker-0.log", "worker-0-repeat-1.log", "worker-0-repeat-2.log"}) {
    std::ifstream file(folder_ / name);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, HasSubstr("counted to 2")) << name;
  }
}

// ---- functions and programs ----

TEST_F(Repeats, FunctionsWaitForEachOther) {
  RepeatedHost host = python(R"(
import random
import coppice
def train(params, trial):
    random.seed(trial.seed)
    for step in range(1, 5):
        trial.report({"loss": step + trial.repeat, "noise": random.random()})
coppice.serve(train)
)",
                             HostForm::kFunction);
  host.run(order(1, 1, 0, 2), nullptr);
  const auto first = until<HostEnded>(host);
  EXPECT_EQ(means(first), (Steps{{1, 2}, {2, 3}}));
  EXPECT_THAT(values(std::get<HostReport>(first[0]), 0), ElementsAre(1, 2, 3));
  EXPECT_FALSE(std::get<HostEnded>(first.back()).done);
  host.run(on(order(2, 1, 2, kOpenEnd)), nullptr);
  const auto rest = until<HostEnded>(host);
  EXPECT_EQ(means(rest), (Steps{{3, 4}, {4, 5}}));
  EXPECT_EQ(std::get<HostEnded>(rest.back()).step, 4);
  EXPECT_TRUE(std::get<HostEnded>(rest.back()).done);
}

TEST_F(Repeats, FunctionsThatSkipStepsMeetWhereTheyCan) {
  RepeatedHost host = python(R"(
import coppice
def train(params, trial):
    for step in range(3, 13, 3) if trial.repeat == 0 else range(2, 13, 2):
        trial.report(step, step)
coppice.serve(train)
)",
                             HostForm::kFunction, 2);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_EQ(means(all, 2), (Steps{{6, 6}, {12, 12}}));
  EXPECT_TRUE(std::get<HostEnded>(all.back()).done);
}

TEST_F(Repeats, FunctionsThatNeverMeetAreToldSo) {
  RepeatedHost host = python(R"(
import coppice
def train(params, trial):
    trial.report(1, 2 + trial.repeat)
coppice.serve(train)
)",
                             HostForm::kFunction, 2);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  EXPECT_EQ(next<HostFailed>(host).error,
            "not all repeats reported step 2: a program must report the same steps in each");
}

TEST_F(Repeats, AFunctionThatIsStoppedEndsWhereItReported) {
  RepeatedHost host = python(R"(
import coppice
def train(params, trial):
    while not trial.should_prune():
        trial.report(trial.repeat)
coppice.serve(train)
)",
                             HostForm::kFunction);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  const std::int64_t step = next<HostReport>(host).step;
  host.stop_segment();
  const auto rest = until<HostEnded>(host);
  EXPECT_GE(std::get<HostEnded>(rest.back()).step, step);
  EXPECT_FALSE(std::get<HostEnded>(rest.back()).done);
}

TEST_F(Repeats, AFunctionOfOneStep) {
  RepeatedHost host = python("import coppice\ncoppice.serve(lambda params: {'loss': params['start'] + 1})\n",
                             HostForm::kOnce);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_EQ(means(all), (Steps{{1, 1}}));
  EXPECT_TRUE(std::get<HostEnded>(all.back()).done);
}

TEST_F(Repeats, AProgramThatPrints) {
  HostLaunch what = launch({"/bin/sh", "-c", "echo '{\"loss\": {repeat}, \"seed\": {seed}}'"});
  what.protocol = HostProtocol::kStdout;
  RepeatedHost host = RepeatedHost::start(spawner_, what, 3);
  EXPECT_EQ(next<HostReady>(host).form, HostForm::kOnce);
  SegmentOrder first = order(1, 1, 0, kOpenEnd);
  first.seed = 77;
  host.run(first, nullptr);
  const auto all = until<HostEnded>(host);
  const auto& report = std::get<HostReport>(all.front());
  EXPECT_THAT(values(report, 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(values(report, 1), ElementsAre(77, static_cast<double>(repeat_seed(77, 1)),
                                             static_cast<double>(repeat_seed(77, 2))));
}

TEST_F(Repeats, TheLastWordsAreThoseOfTheFirstThatTrainsStill) {
  RepeatedHost host = python(R"(
import time
import coppice
class Hangs(coppice.Trainable):
    def setup(self, params):
        pass
    def step(self):
        print("repeat", self.trial.repeat, "trains", flush=True)
        time.sleep(1000 if self.trial.repeat == 1 else 0)
        return 0.0
coppice.serve(Hangs)
)",
                             HostForm::kTrainable);
  host.run(order(1, 1, 0, 2), nullptr);
  for (int waited_ms = 0; waited_ms < kHang_ms && host.last_output() != "repeat 1 trains"; waited_ms += 10) {
    host.poll();
    ::poll(nullptr, 0, 10);
  }
  EXPECT_EQ(host.last_output(), "repeat 1 trains");
  host.kill();
}

}  // namespace
}  // namespace coppice
