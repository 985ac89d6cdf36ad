/// The Python client as the worker sees it.
#include <cmath>
#include <cstring>
#include <limits>

#include "core/ids.hpp"
#include "host_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Pair;
using Steps = std::vector<std::pair<std::int64_t, double>>;

constexpr const char* kCounter = R"(
import coppice, pickle

class Counter(coppice.Trainable):
    def setup(self, params):
        print("setup", self.trial)
        self.params = params
        self.value = params["start"]
    def step(self):
        self.value += 1
        if self.value == self.params.get("fail_at"):
            raise ValueError("told to fail")
        return {"loss": self.value, "done": self.value == self.params.get("done_at")}
    def save(self):
        return pickle.dumps(self.value)
    def load(self, blob):
        self.value = pickle.loads(blob)

coppice.serve(Counter)
)";

/// Reports 100 + step; what it does besides is in its parameters.
constexpr const char* kFunction = R"(
import coppice

def objective(params, trial):
    print("begin", trial.id)
    try:
        for step in range(1, params.get("steps", 1000000000) + 1):
            trial.report(100 + step, step)
            if params.get("asks") and trial.should_prune():
                return None
    except coppice.Pruned:
        print("pruned", trial.id)
        raise
    return {"loss": 7}

coppice.serve(objective)
)";

class PythonHost : public HostTest {
 protected:
  TrialHost ready(const std::string& program, HostForm form, bool can_save) {
    TrialHost host = start_python(program);
    const auto hello = next<HostReady>(host);
    EXPECT_EQ(hello.form, form);
    EXPECT_EQ(hello.can_save, can_save);
    return host;
  }
  /// The error of one segment of a program.
  std::string failure(const std::string& program, std::int64_t until_step = 3) {
    TrialHost host = start_python(program);
    next<HostReady>(host);
    host.run(order(1, 1, 0, until_step), nullptr);
    return next<HostFailed>(host).error;
  }
  static SegmentOrder with(SegmentOrder what, const char* name, Value value) {
    auto items = what.params.items();
    items.emplace_back(name, std::move(value));
    what.params = Parameters(std::move(items));
    return what;
  }
  static SegmentOrder on(SegmentOrder what) {
    what.fresh = false;
    return what;
  }
};

TEST_F(PythonHost, AClassTrainsSavesLoadsAndGoesOn) {
  TrialHost host = ready(kCounter, HostForm::kTrainable, true);
  host.run(order(1, 5, 0, 2), nullptr);
  const auto first = until<HostEnded>(host);
  EXPECT_EQ(reports(first), (Steps{{1, 1}, {2, 2}}));
  ASSERT_EQ(first.size(), 4u);
  host.run(on(order(2, 5, 2, 3)), nullptr);
  EXPECT_EQ(reports(until<HostEnded>(host)), (Steps{{3, 3}}));
  EXPECT_EQ(printed(), "setup Trial(id=5, seed=18446744073709551615, repeat=0, device='')");
  host.run(order(3, 6, 2, 4), &std::get<HostSaved>(first[2]).state);
  EXPECT_EQ(reports(until<HostEnded>(host)), (Steps{{3, 3}, {4, 4}}));
}

TEST_F(PythonHost, AnExceptionFailsTheSegmentAndNamesTheLine) {
  TrialHost host = ready(kCounter, HostForm::kTrainable, true);
  host.run(with(order(1, 1, 0, 5), "fail_at", std::int64_t{2}), nullptr);
  EXPECT_EQ(next<HostFailed>(host).error, "ValueError: told to fail (train.py:12, in step)");
  EXPECT_THAT(host.last_output(), HasSubstr("Traceback (most recent call last)"));
  host.run(order(2, 2, 0, 5), nullptr);
  EXPECT_EQ(next<HostEnded>(host).step, 5);
}

TEST_F(PythonHost, DoneEndsTheTrial) {
  TrialHost host = ready(kCounter, HostForm::kTrainable, true);
  host.run(with(order(1, 1, 0, 50), "done_at", std::int64_t{3}), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_THAT(std::get<HostReport>(all[2]).metrics, ElementsAre(Pair("loss", 3)));
  EXPECT_EQ(std::get<HostEnded>(all.back()).step, 3);
  EXPECT_TRUE(std::get<HostEnded>(all.back()).done);
}

TEST_F(PythonHost, AStopEndsAClassAfterItsStepWithACheckpoint) {
  TrialHost host = ready(kCounter, HostForm::kTrainable, true);
  SegmentOrder endless = order(1, 1, 0, 1'000'000'000);
  endless.save_at_end = false;
  host.run(endless, nullptr);
  next<HostReport>(host);
  host.stop_segment();
  const auto saved = next<HostSaved>(host);
  EXPECT_EQ(next<HostEnded>(host).step, saved.step);
}

TEST_F(PythonHost, AClassNeedsAnEnd) {
  EXPECT_THAT(failure(kCounter, kOpenEnd), HasSubstr("budget.steps_per_trial is needed for a Trainable"));
}

TEST_F(PythonHost, SavesOnTheWay) {
  TrialHost host = ready(kCounter, HostForm::kTrainable, true);
  SegmentOrder often = order(1, 1, 0, 3);
  often.save_every_s = 1e-9;
  host.run(often, nullptr);
  EXPECT_EQ(until<HostEnded>(host).size(), 7u);
}

TEST_F(PythonHost, AClassWithoutSaveCanNotSave) {
  TrialHost host = ready(
      "import coppice\n"
      "class Net(coppice.Trainable):\n"
      "    def setup(self, params): pass\n"
      "    def step(self): return 0.5\n"
      "coppice.serve(Net)\n",
      HostForm::kTrainable, false);
  host.run(order(1, 1, 0, 2), nullptr);
  const auto all = until<HostEnded>(host);
  ASSERT_EQ(all.size(), 3u) << "two reports and the end";
  EXPECT_THAT(std::get<HostReport>(all[0]).metrics, ElementsAre(Pair("loss", 0.5))) << "named by the study";
}

TEST_F(PythonHost, ResetIsTriedBeforeANewObject) {
  TrialHost host = ready(R"(
import coppice, gc
class Net(coppice.Trainable):
    alive = 0
    def __init__(self): Net.alive += 1; self.me = self  # a cycle, as user code has them
    def __del__(self): Net.alive -= 1
    def setup(self, params): print("setup", params["start"], "alive", Net.alive)
    def reset(self, params):
        print("reset", params["start"], self.trial.id)
        return params["start"] < 2
    def step(self): return 1
coppice.serve(Net)
)",
                         HostForm::kTrainable, false);
  for (int i = 0; i < 3; ++i) {
    SegmentOrder next_trial = order(i, i, 0, 1);
    next_trial.params = Parameters({{"start", std::int64_t{i}}});
    host.run(next_trial, nullptr);
    next<HostEnded>(host);
  }
  EXPECT_EQ(printed(), "setup 0 alive 1\nreset 1 1\nreset 2 2\nsetup 2 alive 1") << "the old one goes first";
}

TEST_F(PythonHost, AnyBufferIsACheckpoint) {
  TrialHost host = ready(R"(
import array, coppice
class Net(coppice.Trainable):
    def setup(self, params): self.n = 0
    def step(self): self.n += 1; return 1
    def save(self):
        return [b"abc", bytearray(b"abc"), memoryview(b"aXbXcX")[::2], array.array("i", [1, 2]), b"", "text", 5][self.n - 1]
    def load(self, blob): self.n = len(blob); assert isinstance(blob, bytes)
coppice.serve(Net)
)",
                         HostForm::kTrainable, true);
  const std::array<std::size_t, 5> sizes{3, 3, 3, 8, 0};
  SegmentOrder often = order(1, 1, 0, 6);
  often.save_every_s = 1e-9;
  host.run(often, nullptr);
  for (const std::size_t size : sizes) {
    const auto saved = next<HostSaved>(host);
    EXPECT_EQ(saved.state.size(), size);
    if (size == 3) {
      EXPECT_EQ(std::memcmp(saved.state.bytes().data(), "abc", 3), 0);
    }
  }
  EXPECT_THAT(next<HostFailed>(host).error, HasSubstr("save() returned text"));
}

TEST_F(PythonHost, TheShortFormIsOneStep) {
  TrialHost host =
      ready("import coppice\ncoppice.serve(lambda params: params['start'] + 0.5)\n", HostForm::kOnce, false);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  const auto all = until<HostEnded>(host);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(reports(all), (Steps{{1, 0.5}}));
  EXPECT_TRUE(std::get<HostEnded>(all[1]).done);
}

TEST_F(PythonHost, MetricsAreWhateverHasAFloatInIt) {
  TrialHost host = ready(R"(
import coppice, decimal, fractions
class Scalar:  # as NumPy's and Torch's
    def __float__(self): return 2.5
coppice.serve(lambda params: {"a": Scalar(), "b": True, "c": decimal.Decimal("0.25"), "nan": float("nan"), "inf": -1e999})
)",
                         HostForm::kOnce, false);
  host.run(order(1, 1, 0, 1), nullptr);
  const auto report = next<HostReport>(host);
  ASSERT_EQ(report.metrics.size(), 5u);
  EXPECT_THAT(Metrics(report.metrics.begin(), report.metrics.begin() + 3),
              ElementsAre(Pair("a", 2.5), Pair("b", 1), Pair("c", 0.25)));
  EXPECT_TRUE(std::isnan(report.metrics[3].second));
  EXPECT_EQ(report.metrics[4].second, -std::numeric_limits<double>::infinity());
}

TEST_F(PythonHost, WhatIsNoMetricIsNamed) {
  EXPECT_THAT(failure("import coppice\ncoppice.serve(lambda p: {'acc': 'high'})"),
              HasSubstr("TypeError: metric 'acc' is not a number: 'high'"));
  EXPECT_THAT(failure("import coppice\ncoppice.serve(lambda p: {'acc': None})"), HasSubstr("metric 'acc'"));
  EXPECT_THAT(failure("import coppice\ncoppice.serve(lambda p: None)"), HasSubstr("None was returned"));
  EXPECT_THAT(failure("import coppice\ncoppice.serve(lambda p: {1: 2})"), HasSubstr("must be text, not 1"));
}

TEST_F(PythonHost, AFunctionWaitsInItsReportAndGoesOn) {
  TrialHost host = ready(kFunction, HostForm::kFunction, false);
  host.run(order(1, 1, 0, 2), nullptr);
  const auto first = until<HostEnded>(host);
  EXPECT_EQ(reports(first), (Steps{{1, 101}, {2, 102}}));
  EXPECT_FALSE(std::get<HostEnded>(first.back()).done);
  host.run(on(order(2, 1, 2, 4)), nullptr);
  EXPECT_EQ(reports(until<HostEnded>(host)), (Steps{{3, 103}, {4, 104}}));
  EXPECT_EQ(printed(), "begin 1") << "it was begun again";
}

TEST_F(PythonHost, AnAbandonedFunctionUnwinds) {
  TrialHost host = ready(kFunction, HostForm::kFunction, false);
  host.run(order(1, 1, 0, 2), nullptr);
  next<HostEnded>(host);
  host.run(order(2, 2, 0, 1), nullptr);
  EXPECT_EQ(reports(until<HostEnded>(host)), (Steps{{1, 101}}));
  host.run(with(order(3, 1, 0, kOpenEnd), "steps", std::int64_t{3}), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_EQ(reports(all), (Steps{{1, 101}, {2, 102}, {3, 103}, {4, 7}}))
      << "what it returns is one more report";
  EXPECT_TRUE(std::get<HostEnded>(all.back()).done);
  EXPECT_EQ(printed(), "begin 1\npruned 1\nbegin 2\npruned 2\nbegin 1");
  host.run(order(4, 4, 0, 1), nullptr);
  next<HostEnded>(host);
  host.shutdown();
  EXPECT_EQ(next<HostExited>(host).description, "exit status 0");
  EXPECT_THAT(printed(), EndsWith("begin 4\npruned 4"));
}

TEST_F(PythonHost, AFunctionThatBeginsAnewKeepsOldStepsToItself) {
  TrialHost host = ready(kFunction, HostForm::kFunction, false);
  SegmentOrder again = order(1, 1, 0, 4);
  again.report_after = 2;
  host.run(again, nullptr);
  EXPECT_EQ(reports(until<HostEnded>(host)), (Steps{{3, 103}, {4, 104}}));
}

TEST_F(PythonHost, AFunctionHearsAStop) {
  TrialHost host = ready(kFunction, HostForm::kFunction, false);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  next<HostReport>(host);
  host.stop_segment();
  EXPECT_FALSE(next<HostEnded>(host).done);
  host.run(on(order(2, 3, 0, 9)), nullptr);
  EXPECT_THAT(next<HostFailed>(host).error, HasSubstr("can't go on"))
      << "another trial than the one that waits";
}

TEST_F(PythonHost, AFunctionThatAsksMayEndItself) {
  TrialHost host = ready(R"(
import coppice
def objective(params, trial):
    trial.report(1, 1)
    while not trial.should_prune(): pass
    print("asked")
coppice.serve(objective)
)",
                         HostForm::kFunction, false);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  next<HostReport>(host);
  host.stop_segment();
  const auto ended = next<HostEnded>(host);
  EXPECT_EQ(ended.step, 1);
  EXPECT_FALSE(ended.done) << "it ended because it was asked to";
}

TEST_F(PythonHost, AReturnedValueThatWasReportedIsNotReportedTwice) {
  TrialHost host = ready(
      "import coppice\n"
      "def objective(params, trial):\n"
      "    trial.report(0.5, 3)\n"
      "    return 0.5\n"
      "coppice.serve(objective)\n",
      HostForm::kFunction, false);
  host.run(order(1, 1, 0, kOpenEnd), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_EQ(reports(all), (Steps{{3, 0.5}}));
  EXPECT_EQ(std::get<HostEnded>(all.back()).step, 3);
}

TEST_F(PythonHost, AFunctionThatFailsAfterGoingOnFailsTheSegmentItIsIn) {
  TrialHost host = ready(
      "import coppice\n"
      "def objective(params, trial):\n"
      "    trial.report(1)\n"
      "    raise KeyError('gone')\n"
      "coppice.serve(objective)\n",
      HostForm::kFunction, false);
  host.run(order(1, 1, 0, 1), nullptr);
  next<HostEnded>(host);
  host.run(on(order(2, 1, 1, 2)), nullptr);
  const auto failed = next<HostFailed>(host);
  EXPECT_EQ(failed.segment, 2);
  EXPECT_EQ(failed.error, "KeyError: 'gone' (train.py:4, in objective)");
  host.run(order(3, 2, 0, 1), nullptr);
  EXPECT_EQ(next<HostEnded>(host).segment, 3);
}

TEST_F(PythonHost, StepsMustGrow) {
  EXPECT_THAT(failure("import coppice\n"
                      "def objective(params, trial):\n"
                      "    trial.report(1, 1)\n"
                      "    trial.report(1, 1)\n"
                      "coppice.serve(objective)\n"),
              HasSubstr("step 1 was reported after step 1"));
}

TEST_F(PythonHost, AProgramThatDoesNotImportEndsWithItsTraceback) {
  TrialHost host = start_python("import no_such_module\n");
  EXPECT_EQ(next<HostExited>(host).description, "exit status 1");
  EXPECT_THAT(host.last_output(), EndsWith("ModuleNotFoundError: No module named 'no_such_module'"));
}

TEST_F(PythonHost, ChildrenOfUserCodeHoldNothingOfOurs) {
  TrialHost host = ready(R"(
import coppice, multiprocessing, os, subprocess
def child(queue):
    queue.put(os.path.exists("/proc/self/fd/3") and "socket" in os.readlink("/proc/self/fd/3"))
def objective(params):
    queue = multiprocessing.get_context("fork").SimpleQueue()
    process = multiprocessing.get_context("fork").Process(target=child, args=(queue,))
    process.start()
    forked = queue.get()
    process.join()
    fds = subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True, text=True).stdout
    return {"forked": forked, "socket": "socket" in fds, "variable": "COPPICE_FD" in os.environ}
coppice.serve(objective)
)",
                         HostForm::kOnce, false);
  host.run(order(1, 1, 0, 1), nullptr);
  EXPECT_THAT(next<HostReport>(host).metrics,
              ElementsAre(Pair("forked", 0), Pair("socket", 0), Pair("variable", 0)));
}

TEST_F(PythonHost, ADeviceInAnErrorStateEndsTheProcess) {
  TrialHost host = ready(
      "import coppice\n"
      "def objective(params): raise RuntimeError('CUDA error: an illegal memory access')\n"
      "coppice.serve(objective)\n",
      HostForm::kOnce, false);
  host.run(order(1, 1, 0, 1), nullptr);
  EXPECT_THAT(next<HostFailed>(host).error, HasSubstr("illegal memory access"));
  EXPECT_EQ(next<HostExited>(host).description, "exit status 70");
}

}  // namespace
}  // namespace coppice
