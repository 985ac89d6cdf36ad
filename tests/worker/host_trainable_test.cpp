/// The life of a host, with a trainable in C++ at the other end.
#include "host_fixture.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;
using Steps = std::vector<std::pair<std::int64_t, double>>;

class TrainableHost : public HostTest {
 protected:
  TrialHost ready() {
    TrialHost host = start({HOST_HELPER});
    const auto hello = next<HostReady>(host);
    EXPECT_EQ(hello.form, HostForm::kTrainable);
    EXPECT_TRUE(hello.can_save);
    return host;
  }
  static SegmentOrder with(SegmentOrder what, const char* name, std::int64_t value) {
    auto items = what.params.items();
    items.emplace_back(name, value);
    what.params = Parameters(std::move(items));
    return what;
  }
};

TEST_F(TrainableHost, TrainsSavesAndGoesOnInPlace) {
  TrialHost host = ready();
  host.run(order(7, 1, 0, 3), nullptr);
  EXPECT_TRUE(host.busy());
  const auto first = until<HostEnded>(host);
  EXPECT_EQ(reports(first), (Steps{{1, 1}, {2, 2}, {3, 3}}));
  ASSERT_EQ(first.size(), 5u) << "three reports, one checkpoint, the end, and nothing else";
  const auto& saved = std::get<HostSaved>(first[3]);
  EXPECT_EQ(saved.step, 3);
  const auto& ended = std::get<HostEnded>(first[4]);
  EXPECT_EQ(ended.segment, 7);
  EXPECT_EQ(ended.step, 3);
  EXPECT_FALSE(ended.done);
  EXPECT_FALSE(host.busy());

  SegmentOrder on = order(8, 1, 3, 5);
  on.fresh = false;
  on.save_at_end = false;
  host.run(on, nullptr);
  const auto second = until<HostEnded>(host);
  EXPECT_EQ(reports(second), (Steps{{4, 4}, {5, 5}}));
  EXPECT_EQ(second.size(), 3u);
}

TEST_F(TrainableHost, AClonedStateGoesOnInAnotherHost) {
  TrialHost donor = ready();
  donor.run(order(1, 1, 0, 4), nullptr);
  const auto saved = next<HostSaved>(donor);
  TrialHost receiver = ready();
  receiver.run(order(2, 9, 4, 6), &saved.state);
  const auto all = until<HostEnded>(receiver);
  EXPECT_EQ(reports(all), (Steps{{5, 5}, {6, 6}}));
}

TEST_F(TrainableHost, KeepsStepsThatWereReportedBeforeToItself) {
  TrialHost host = ready();
  SegmentOrder again = order(1, 1, 0, 4);
  again.report_after = 2;
  host.run(again, nullptr);
  EXPECT_EQ(reports(until<HostEnded>(host)), (Steps{{3, 3}, {4, 4}}));
}

TEST_F(TrainableHost, PassesTheSeedWhole) {
  TrialHost host = ready();
  host.run(order(1, 1, 0, 1), nullptr);
  EXPECT_EQ(next<HostReport>(host).metrics.at(1), (std::pair<std::string, double>{"seed_low", 65535}));
}

TEST_F(TrainableHost, DoneEndsTheTrialAndIsNotAMetric) {
  TrialHost host = ready();
  host.run(with(order(1, 1, 0, 100), "done_at", 2), nullptr);
  const auto all = until<HostEnded>(host);
  EXPECT_TRUE(std::get<HostEnded>(all.back()).done);
  EXPECT_EQ(std::get<HostEnded>(all.back()).step, 2);
  EXPECT_EQ(std::get<HostReport>(all.front()).metrics.size(), 2u);
}

TEST_F(TrainableHost, StopsAfterTheStepUnderWayWithACheckpoint) {
  TrialHost host = ready();
  SegmentOrder endless = order(1, 1, 0, 1'000'000'000);
  endless.save_at_end = false;
  host.run(endless, nullptr);
  next<HostReport>(host);
  host.stop_segment();
  const auto saved = next<HostSaved>(host);
  const auto ended = next<HostEnded>(host);
  EXPECT_EQ(saved.step, ended.step);
  EXPECT_FALSE(ended.done);
}

TEST_F(TrainableHost, AStopThatComesTooLateDoesNotTouchTheNextSegment) {
  TrialHost host = ready();
  host.run(order(1, 1, 0, 2), nullptr);
  host.stop_segment();  // it may hear this before, in or after its two steps
  next<HostEnded>(host);
  host.run(order(2, 2, 0, 3), nullptr);
  EXPECT_EQ(next<HostEnded>(host).step, 3);
}

TEST_F(TrainableHost, SavesOnTheWay) {
  TrialHost host = ready();
  SegmentOrder often = order(1, 1, 0, 5);
  often.save_every_s = 1e-9;
  host.run(often, nullptr);
  std::vector<std::int64_t> steps;
  for (const HostMessage& message : until<HostEnded>(host)) {
    if (const auto* saved = std::get_if<HostSaved>(&message)) steps.push_back(saved->step);
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
}

TEST_F(TrainableHost, AThrowFailsTheSegmentAndNotTheHost) {
  TrialHost host = ready();
  host.run(with(order(1, 1, 0, 9), "fail_at", 2), nullptr);
  EXPECT_EQ(next<HostFailed>(host).error, "told to fail");
  EXPECT_FALSE(host.busy());
  SegmentOrder on = order(2, 1, 1, 3);
  on.fresh = false;
  host.run(on, nullptr);
  EXPECT_THAT(next<HostFailed>(host).error, HasSubstr("can't go on from step 1"));
  host.run(order(3, 1, 0, 2), nullptr);
  EXPECT_EQ(next<HostEnded>(host).step, 2);
}

TEST_F(TrainableHost, RefusesOrdersThatMakeNoSense) {
  TrialHost host = ready();
  host.run(order(1, 1, 4, 9), nullptr);
  EXPECT_THAT(next<HostFailed>(host).error, HasSubstr("no checkpoint came"));
  host.run(order(2, 1, 0, std::numeric_limits<std::int64_t>::max()), nullptr);
  EXPECT_THAT(next<HostFailed>(host).error, HasSubstr("budget.steps_per_trial is needed"));
  const Blob bad = Blob::copy({});
  host.run(order(3, 1, 4, 9), &bad);
  EXPECT_EQ(next<HostFailed>(host).error, "a short checkpoint");
}

TEST_F(TrainableHost, ACheckpointOf64MiBPasses) {
  constexpr std::int64_t kPadding = std::int64_t{64} << 20;
  TrialHost host = ready();
  host.run(with(order(1, 1, 0, 1), "padding", kPadding), nullptr);
  const auto saved = next<HostSaved>(host);
  next<HostEnded>(host);
  ASSERT_EQ(saved.state.size(), kPadding + 8u);
  EXPECT_EQ(saved.state.bytes().back(), std::byte{0x5a});
  host.run(with(order(2, 2, 1, 2), "padding", kPadding), &saved.state);
  EXPECT_EQ(next<HostReport>(host).metrics.front().second, 2);
}

TEST_F(TrainableHost, LastWordsAreOfTheLatestSegment) {
  TrialHost host = ready();
  host.run(order(1, 1, 0, 3), nullptr);
  next<HostEnded>(host);
  EXPECT_EQ(host.last_output(), "counted to 1\ncounted to 2\ncounted to 3");
  host.run(with(order(2, 2, 0, 3), "kill_at", 1), nullptr);
  next<HostExited>(host);
  EXPECT_EQ(host.last_output(), "counted to 1");
}

TEST_F(TrainableHost, AKilledHostSaysSoWithItsLastWords) {
  TrialHost host = ready();
  host.run(with(order(1, 1, 0, 9), "kill_at", 3), nullptr);
  const auto all = until<HostExited>(host);
  EXPECT_EQ(reports(all), (Steps{{1, 1}, {2, 2}})) << "what it reported before counts";
  const auto& exited = std::get<HostExited>(all.back());
  EXPECT_THAT(exited.description,
              testing::StartsWith("killed by signal 9 (SIGKILL), which nobody here sent"));
  EXPECT_FALSE(exited.expected);
  EXPECT_EQ(host.last_output(2), "counted to 2\ncounted to 3");
  EXPECT_FALSE(host.busy());
  EXPECT_THAT(host.poll(), testing::IsEmpty());
}

TEST_F(TrainableHost, AnExitIsNamed) {
  TrialHost host = ready();
  host.run(with(order(1, 1, 0, 9), "exit_at", 1), nullptr);
  EXPECT_EQ(next<HostExited>(host).description, "exit status 3");
}

TEST_F(TrainableHost, AHangIsEndedByKill) {
  TrialHost host = ready();
  host.run(with(order(1, 1, 0, 9), "hang_at", 2), nullptr);
  next<HostReport>(host);
  const pid_t pid = host.pid();
  ASSERT_GT(pid, 0);
  host.kill();
  EXPECT_TRUE(next<HostExited>(host).expected);
  EXPECT_TRUE(dies(pid));
}

TEST_F(TrainableHost, LeavesWhenAsked) {
  TrialHost host = ready();
  host.shutdown();
  const auto exited = next<HostExited>(host);
  EXPECT_EQ(exited.description, "exit status 0");
  EXPECT_TRUE(exited.expected);
}

TEST_F(TrainableHost, TwoHundredSegmentsLeakNoDescriptor) {
  TrialHost host = ready();
  Blob state;
  int before = 0;
  for (int segment = 0; segment < 200; ++segment) {
    if (segment == 10) before = open_descriptors();
    host.run(order(segment, segment, segment, segment + 1), segment == 0 ? nullptr : &state);
    state = next<HostSaved>(host).state;
    next<HostEnded>(host);
  }
  EXPECT_EQ(open_descriptors(), before);
  const std::string theirs = "/proc/" + std::to_string(host.pid()) + "/fd";
  EXPECT_LE(std::distance(std::filesystem::directory_iterator(theirs), {}), 6);
}

}  // namespace
}  // namespace coppice
