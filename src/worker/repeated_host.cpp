#include "worker/repeated_host.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "core/check.hpp"
#include "core/repeats.hpp"
#include "worker/repeat_states.hpp"

namespace coppice {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kNever = -1;

/// What one repeat has come to.
struct Seat {
  TrialHost host;
  bool ready = false;
  bool exited = false;
  bool begun = false;    ///< it was given its first order of the segment
  bool running = false;  ///< an order of ours is under way
  bool done = false;
  bool over = false;  ///< it won't train on: it is done, or ended before it was told to
  std::int64_t step = 0;
  std::int64_t goal = 0;
  Blob begins_with = {};
  std::int64_t reported_at = kNever;
  Metrics reported = {};
  std::int64_t saved_at = kNever;
  Blob saved = {};
  HostEnded times = {};  ///< of all its orders of the segment

  double busy_s() const { return times.setup_s + times.load_s + times.train_s + times.save_s; }
};

bool same_step(const std::vector<Seat>& seats, std::int64_t Seat::*step) {
  return std::all_of(seats.begin(), seats.end(),
                     [&](const Seat& seat) { return seat.*step == seats.front().*step; });
}

HostLaunch launch_of(const HostLaunch& launch, int repeat) {
  HostLaunch one = launch;
  if (repeat > 0) {
    one.log.replace_filename(
        fmt::format("{}-repeat-{}{}", launch.log.stem().string(), repeat, launch.log.extension().string()));
  }
  return one;
}

}  // namespace

struct RepeatedHost::State {
  std::vector<Seat> seats;
  UniqueFd epoll;
  std::vector<HostMessage> out;
  HostForm form = HostForm::kTrainable;
  bool can_save = true;
  double startup_s = 0;
  bool ending = false;                 ///< it was told to
  bool exited = false;                 ///< HostExited was told
  std::optional<std::size_t> culprit;  ///< the repeat that failed
  std::int64_t parts = 0;  ///< orders given: each has its own number, since a stop may cross its end

  std::optional<SegmentOrder> order;  ///< of the segment under way
  bool stopped = false;
  bool asked_to_save = false;  ///< at the end of the segment
  std::string failure;
  std::int64_t told = 0;   ///< the step reported last
  std::int64_t saved = 0;  ///< the step saved last
  Clock::time_point saved_since;

  bool several() const { return seats.size() > 1; }
  std::string named(std::size_t repeat, const std::string& text) const;
  void poll();
  void on(std::size_t repeat, HostReady& message);
  void on(std::size_t repeat, HostReport& message);
  void on(std::size_t repeat, HostSaved& message);
  void on(std::size_t repeat, HostEnded& message);
  void on(std::size_t repeat, HostFailed& message);
  void on(std::size_t repeat, HostExited& message);
  void begin(const SegmentOrder& what, const Blob* checkpoint);
  void go_on();
  void end(std::int64_t step);
  void give(std::size_t repeat, std::int64_t until, bool save);
  void fail(std::size_t repeat, std::string why);
  bool save_is_due() const;
};

std::string RepeatedHost::State::named(std::size_t repeat, const std::string& text) const {
  return fmt::format("repeat {}: {}", repeat, text);
}

void RepeatedHost::State::poll() {
  for (std::size_t i = 0; i < seats.size(); ++i) {
    for (HostMessage& message : seats[i].host.poll()) {
      if (exited) return;
      std::visit([&](auto& m) { on(i, m); }, message);
    }
  }
  const bool running = std::any_of(seats.begin(), seats.end(), [](const Seat& seat) { return seat.running; });
  if (order && !running && !exited) go_on();
}

void RepeatedHost::State::on(std::size_t repeat, HostReady& message) {
  seats[repeat].ready = true;
  form = message.form;
  can_save = can_save && message.can_save;
  startup_s = std::max(startup_s, message.startup_s);
  if (std::all_of(seats.begin(), seats.end(), [](const Seat& seat) { return seat.ready; }))
    out.emplace_back(HostReady{form, can_save, startup_s});
}

void RepeatedHost::State::on(std::size_t repeat, HostReport& message) {
  seats[repeat].reported_at = message.step;
  seats[repeat].reported = std::move(message.metrics);
  if (message.step <= told || !same_step(seats, &Seat::reported_at)) return;
  told = message.step;
  std::vector<Metrics> all;
  for (Seat& seat : seats) all.push_back(std::move(seat.reported));
  out.emplace_back(HostReport{order->segment, told, join_repeats(all)});
}

void RepeatedHost::State::on(std::size_t repeat, HostSaved& message) {
  seats[repeat].saved_at = message.step;
  seats[repeat].saved = std::move(message.state);
  if (!same_step(seats, &Seat::saved_at)) return;
  std::vector<Blob> states;
  for (Seat& seat : seats) {
    states.push_back(std::move(seat.saved));
    seat.saved_at = kNever;
  }
  try {
    out.emplace_back(HostSaved{order->segment, message.step, join_states(states)});
    saved = message.step;
    saved_since = Clock::now();
  } catch (const std::system_error& error) {
    fail(repeat, error.what());
  }
}

void RepeatedHost::State::on(std::size_t repeat, HostEnded& message) {
  Seat& seat = seats[repeat];
  seat.running = false;
  seat.step = message.step;
  seat.done = seat.done || message.done;
  seat.over = seat.over || seat.done || message.step < seat.goal;
  seat.times.setup_s += message.setup_s;
  seat.times.load_s += message.load_s;
  seat.times.train_s += message.train_s;
  seat.times.save_s += message.save_s;
}

void RepeatedHost::State::on(std::size_t repeat, HostFailed& message) {
  seats[repeat].running = false;
  fail(repeat, named(repeat, message.error));
}

void RepeatedHost::State::fail(std::size_t repeat, std::string why) {
  if (!failure.empty()) return;
  failure = std::move(why);
  culprit = repeat;
}

void RepeatedHost::State::on(std::size_t repeat, HostExited& message) {
  seats[repeat].exited = true;
  seats[repeat].running = false;
  if (ending) {
    exited = std::all_of(seats.begin(), seats.end(), [](const Seat& seat) { return seat.exited; });
    if (exited) out.emplace_back(std::move(message));
    return;
  }
  exited = true;
  culprit = repeat;
  for (Seat& seat : seats) {
    if (!seat.exited) seat.host.kill();
  }
  // Before it says hello no repeat has begun: what happened to one would have happened to any.
  if (seats[repeat].ready) message.description = named(repeat, message.description);
  out.emplace_back(std::move(message));
}

void RepeatedHost::State::begin(const SegmentOrder& what, const Blob* checkpoint) {
  check(!order, "a host was given a segment while another is running");
  order = what;
  stopped = asked_to_save = false;
  failure.clear();
  culprit.reset();
  told = what.report_after;
  saved = kNever;
  saved_since = Clock::now();
  std::vector<std::span<const std::byte>> states;
  try {
    if (checkpoint != nullptr) states = split_states(checkpoint->bytes(), seats.size());
    for (std::size_t i = 0; i < seats.size(); ++i) {
      Seat& seat = seats[i];
      if (!what.fresh && seat.step != what.from_step) {
        throw std::runtime_error(named(i, fmt::format("trial {} can't go on from step {}: it stands at {}",
                                                      what.trial, what.from_step, seat.step)));
      }
      seat.begun = seat.done = seat.over = false;
      seat.step = what.from_step;
      seat.reported_at = seat.saved_at = kNever;
      seat.times = {};
      seat.saved = {};
      seat.begins_with = states.empty() ? Blob() : Blob::copy(states[i]);
    }
  } catch (const std::exception& error) {
    fail(0, error.what());
  }
  go_on();
}

/// All have ended what they were told.
void RepeatedHost::State::go_on() {
  if (!failure.empty()) {
    out.emplace_back(HostFailed{order->segment, failure});
    order.reset();
    return;
  }
  // The step to meet at: the first at which one ended for good, else the foremost.
  std::optional<std::int64_t> over_at;
  std::int64_t meet_at = 0;
  for (const Seat& seat : seats) {
    meet_at = std::max(meet_at, seat.step);
    if (seat.over) over_at = std::min(seat.step, over_at.value_or(seat.step));
  }
  meet_at = over_at.value_or(meet_at);
  bool wait = false;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].step >= meet_at) continue;
    give(i, meet_at, false);
    wait = true;
  }
  if (wait) return;
  if (over_at || stopped || meet_at >= order->until) return end(meet_at);
  const bool open_end = order->until == SegmentOrder{}.until;
  // A Trainable that is given no end says what is wrong with that.
  const std::int64_t next = open_end && form == HostForm::kTrainable ? order->until : meet_at + 1;
  const bool save = can_save && ((next >= order->until && order->save_at_end) || save_is_due());
  for (std::size_t i = 0; i < seats.size(); ++i) give(i, next, save);
}

void RepeatedHost::State::end(std::int64_t step) {
  const bool wanted = can_save && (order->save_at_end || stopped);
  if (wanted && saved != step && !asked_to_save && same_step(seats, &Seat::step)) {
    asked_to_save = true;
    for (std::size_t i = 0; i < seats.size(); ++i) give(i, step, true);
    return;
  }
  if (step > told) {
    out.emplace_back(HostFailed{
        order->segment,
        fmt::format("not all repeats reported step {}: a program must report the same steps in each", step)});
    order.reset();
    return;
  }
  const auto slowest = std::max_element(seats.begin(), seats.end(),
                                        [](const Seat& a, const Seat& b) { return a.busy_s() < b.busy_s(); });
  HostEnded ended = slowest->times;
  ended.segment = order->segment;
  ended.step = step;
  ended.done = std::any_of(seats.begin(), seats.end(), [&](const Seat& seat) { return seat.done; });
  out.emplace_back(ended);
  order.reset();
}

void RepeatedHost::State::give(std::size_t repeat, std::int64_t until, bool save) {
  Seat& seat = seats[repeat];
  SegmentOrder part = *order;
  part.segment = ++parts;
  part.part_of = order->segment;
  part.repeat = static_cast<int>(repeat);
  part.seed = repeat_seed(order->seed, part.repeat);
  part.fresh = order->fresh && !seat.begun;
  part.from_step = seat.step;
  part.until = until;
  part.save_every_s = 0;
  part.save_at_end = save;
  seat.begun = seat.running = true;
  seat.goal = until;
  seat.host.run(part, seat.begins_with.fd() >= 0 ? &seat.begins_with : nullptr);
  seat.begins_with = {};
}

bool RepeatedHost::State::save_is_due() const {
  return order->save_every_s > 0 &&
         std::chrono::duration<double>(Clock::now() - saved_since).count() >= order->save_every_s;
}

RepeatedHost RepeatedHost::start(Spawner& spawner, const HostLaunch& launch, int repeats) {
  check(repeats > 0, "a trial is trained once at least");
  auto state = std::make_unique<State>();
  for (int repeat = 0; repeat < repeats; ++repeat)
    state->seats.push_back(Seat{TrialHost::start(spawner, launch_of(launch, repeat))});
  if (!state->several()) return RepeatedHost(std::move(state));
  state->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!state->epoll) throw std::system_error(errno, std::generic_category(), "cannot watch hosts");
  for (const Seat& seat : state->seats) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(state->epoll.get(), EPOLL_CTL_ADD, seat.host.fd(), &event) != 0)
      throw std::system_error(errno, std::generic_category(), "cannot watch hosts");
  }
  return RepeatedHost(std::move(state));
}

RepeatedHost::RepeatedHost(std::unique_ptr<State> state) : state_(std::move(state)) {}
RepeatedHost::RepeatedHost(RepeatedHost&&) noexcept = default;
RepeatedHost& RepeatedHost::operator=(RepeatedHost&&) noexcept = default;
RepeatedHost::~RepeatedHost() = default;

int RepeatedHost::fd() const {
  return state_->several() ? state_->epoll.get() : state_->seats.front().host.fd();
}

pid_t RepeatedHost::pid() const {
  return state_->seats.front().host.pid();
}

std::vector<HostMessage> RepeatedHost::poll() {
  if (!state_->several()) return state_->seats.front().host.poll();
  state_->poll();
  return std::exchange(state_->out, {});
}

void RepeatedHost::run(const SegmentOrder& order, const Blob* checkpoint) {
  if (!state_->several()) {
    state_->seats.front().host.run(order, checkpoint);
  } else if (!state_->exited) {
    state_->begin(order, checkpoint);
  }
}

void RepeatedHost::stop_segment() {
  State& state = *state_;
  state.stopped = true;
  for (Seat& seat : state.seats) {
    // A Trainable ends its step anyway, and then all save at the same one; a function may ask.
    if (!state.several() || state.form == HostForm::kFunction) seat.host.stop_segment();
  }
}

void RepeatedHost::shutdown() {
  state_->ending = true;
  for (Seat& seat : state_->seats) seat.host.shutdown();
}

void RepeatedHost::kill() {
  state_->ending = true;
  for (Seat& seat : state_->seats) seat.host.kill();
}

std::string RepeatedHost::last_output(int lines) const {
  const auto& seats = state_->seats;
  const auto running =
      std::find_if(seats.begin(), seats.end(), [](const Seat& seat) { return seat.running; });
  const std::size_t slow = running == seats.end() ? 0 : static_cast<std::size_t>(running - seats.begin());
  return seats[state_->culprit.value_or(slow)].host.last_output(lines);
}

}  // namespace coppice
