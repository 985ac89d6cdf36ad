#include "simulator/world.hpp"

#include <limits>
#include <stdexcept>
#include <utility>

#include "core/check.hpp"

namespace coppice {

namespace {
constexpr double kLateSteps = 20;
constexpr double kTick_s = 0.25;
constexpr double kSlowKind = 1.5;
enum Stream : std::uint32_t { kNan = 1, kBad = 2, kShort = 3 };
}  // namespace

World::World(StudyPlan plan, WorldOptions options)
    : plan_(std::move(plan)), options_(options), rng_(options.seed, Purpose::kSimulate, 0) {
  store_.open(kDisk);
}

const WorldResult& World::run() {
  start();
  while (true) {
    if (study_->finish()) {
      if (study_->finish()->outcome != Outcome::kStopped) break;
      restart(false);
    }
    if (options_.max_steps > 0 && result_.steps >= options_.max_steps) {
      result_.time_s = now_s_;
      return result_;
    }
    if (crash_) restart(true);
    if (queue_.empty())
      throw std::logic_error("against the rules: nothing can happen any more, and the study is not over");
    if (result_.events + result_.rejected > options_.max_events)
      throw std::logic_error("the study does not end");
    Happening next = queue_.top();
    queue_.pop();
    now_s_ = next.time_s;
    next.act();
  }
  result_.finish = *study_->finish();
  result_.time_s = now_s_;
  return result_;
}

// ---- the coordinator's side
// ---------------------------------------------------------------------------------------------

void World::start() {
  study_ = std::make_unique<Study>(plan_.settings, plan_.make_scheduler());
  sampler_ = plan_.make_sampler();
  explorer_ = plan_.make_explorer();
  feed_.reset();
  if (plan_.settings.lag) feed_.emplace(*plan_.settings.lag);
  replay(record_, *study_);
  for (const Trial& trial : study_->board().trials()) {
    if (trial.has_params()) tell_samplers(trial);
  }
  stopping_ = crash_ = false;
  Begun begun{study_->incarnation() + 1, plan_.max_trials, plan_.target, !plan_.max_trials && !plan_.target};
  if (options_.allocation_s > 0) {
    begun.time_left_s = allocation_s_ = options_.allocation_s * (1 + rng_.uniform());
    end_.emplace(now_s_ + allocation_s_);
    after(kTick_s, [this] { tick(); });
  }
  apply(begun);
  // A resumed study finds another number of nodes.
  auto count = static_cast<std::size_t>(options_.workers);
  if (result_.restarts > 0) count = 1 + rng_.below(2 * count);
  machines_.clear();
  machines_.resize(count);
  for (std::size_t m = 0; m < count; ++m) {
    const bool slow = chance(options_.slow_kind);
    machines_[m].kind = slow ? "slow" : "";
    machines_[m].slowness = noise() * (slow ? kSlowKind : 1);
    after(0, [this, m] { bring_up(m); });
  }
}

void World::restart(bool crash) {
  ++result_.restarts;
  while (!queue_.empty()) queue_.pop();
  if (!crash) write_what_is_left();
  damage_some();
  for (const Machine& machine : machines_) {
    if (machine.worker) store_.close(*machine.worker);
  }
  if (crash) {
    // What had reached the disk, but of which the study does not know, is cleared away.
    std::vector<CheckpointId> unknown;
    for (const auto& [id, blob] : store_.places().at(kDisk)) {
      const auto* entry = study_->checkpoints().find(id.trial, id.step);
      if (entry == nullptr || entry->id != id || entry->places.front() != kDisk) unknown.push_back(id);
    }
    for (const CheckpointId& id : unknown) store_.drop(kDisk, id);
  }
  start();
}

/// An orderly end waits until what was saved is on disk.
void World::write_what_is_left() {
  if (!options_.disk) return;
  for (const Machine& machine : machines_) {
    if (!machine.worker || machine.taken_for_lost) continue;
    const auto held = store_.places().at(*machine.worker);
    for (const auto& [id, blob] : held) {
      if (store_.find(kDisk, id) != nullptr) continue;
      store_.put(kDisk, id, blob);
      apply(Saved{id, kDisk, std::ssize(blob)});
      if (!study_->checkpoints().find(id.trial, id.step)) store_.drop(kDisk, id);
    }
  }
}

void World::damage_some() {
  for (const auto& [id, blob] : store_.places().at(kDisk)) {
    if (chance(options_.damage)) damaged_.insert(id);
  }
}

void World::at(double time_s, std::function<void()> act) {
  queue_.push({time_s, ++numbers_, std::move(act)});
}

void World::after(double delay_s, std::function<void()> act) {
  at(now_s_ + delay_s, std::move(act));
}

void World::on_machine(std::size_t machine, double delay_s, std::function<void()> act) {
  after(delay_s, [this, machine, life = machines_[machine].life, act = std::move(act)] {
    if (machines_[machine].life == life) act();
  });
}

void World::tell(const Event& event) {
  if (end_) {
    if (const auto left = end_->before(event, *study_, now_s_)) apply(*left);
  }
  apply(event);
}

/// What the coordinator does as time goes by.
void World::tick() {
  if (study_->finish()) return;
  if (const auto stop = end_->stop(*study_, now_s_)) apply(*stop);
  if (study_->halting() && end_->left_s(now_s_) <= EndOfAllocation::kGiveUp_s) {
    result_.given_up += study_->running();
    apply(GivenUp{"the allocation ends"});
  }
  check(study_->finish() || end_->left_s(now_s_) > 0, "an allocation ends after its run");
  after(kTick_s, [this] { tick(); });
}

/// A segment must end in time where steps take as long as those before.
void World::check_time(const Machine& machine, const Run& run) const {
  if (!end_ || options_.spread > 0 || !measured_.contains(machine.kind)) return;
  const bool in_place = goes_on_in_place(machine, run);
  const Step from = in_place ? machine.kept->step : run.from ? run.from->checkpoint.step : 0;
  const Step steps = options_.saves ? 1 : run.until - from;
  const double needs_s = (in_place ? 0 : options_.startup_s) + (options_.saves ? options_.save_s : 0) +
                         static_cast<double>(steps) * options_.step_s * machine.slowness;
  if (needs_s <= end_->left_s(now_s_) || needs_s > allocation_s_ - 2 * Study::kLastWrites_s) return;
  throw std::logic_error("against the rules: a segment of " + std::to_string(needs_s) + " s is begun " +
                         std::to_string(end_->left_s(now_s_)) + " s before the end of the allocation");
}

bool World::goes_on_in_place(const Machine& machine, const Run& run) const {
  return options_.in_place && machine.kept && machine.kept->run.trial == run.trial &&
         (machine.kept->step == run.report_after ||
          (run.from && machine.kept->step == run.from->checkpoint.step));
}

void World::apply(const Event& event) {
  Effects effects = study_->step(event);
  referee_.observe(*study_, event, effects, store_, options_.never_idle);
  if (!effects.accepted) {
    ++result_.rejected;
    return;
  }
  ++result_.events;
  for (const TrialId trial : study_->changed()) tell_samplers(study_->board().trial(trial));
  record_.push_back({event, effects});
  if (std::holds_alternative<SegmentEnded>(event)) {
    for (const Machine& machine : machines_) {
      if (machine.worker == std::get<SegmentEnded>(event).worker) measured_.insert(machine.kind);
    }
  }
  for (const Command& command : effects.commands) carry_out(command);
  if (study_->finish() || stopping_ || result_.restarts >= options_.max_restarts) return;
  if (!chance(options_.restart)) return;
  if (chance(0.5)) {
    crash_ = true;
  } else {
    stopping_ = true;
    after(0, [this] { tell(StopRequested{StopCause::kSignal, "SIGTERM"}); });
  }
}

void World::carry_out(const Command& command) {
  if (const auto* propose = std::get_if<Propose>(&command)) {
    answer(*propose);
  } else if (const auto* drop = std::get_if<Drop>(&command)) {
    for (const WorkerId place : drop->places) {
      after(options_.message_s, [this, place, id = drop->checkpoint] { store_.drop(place, id); });
    }
  } else if (const auto* run = std::get_if<Run>(&command)) {
    for (std::size_t m = 0; m < machines_.size(); ++m) {
      if (machines_[m].worker != run->worker) continue;
      check_time(machines_[m], *run);
      on_machine(m, options_.message_s, [this, m, run = *run] { begin_segment(m, run); });
    }
  } else if (const auto* back_off = std::get_if<BackOff>(&command)) {
    after(back_off->seconds, [this, trial = back_off->trial] { tell(BackedOff{trial}); });
  } else if (const auto* stop = std::get_if<Stop>(&command)) {
    for (std::size_t m = 0; m < machines_.size(); ++m) {
      if (machines_[m].worker != stop->worker) continue;
      on_machine(m, options_.message_s, [this, m, segment = stop->segment] {
        auto& training = machines_[m].training;
        if (training && training->run.segment == segment) training->stop = true;
      });
    }
  }
}

void World::tell_samplers(const Trial& trial) {
  explorer_->tell(trial);
  if (feed_) {
    feed_->tell(trial);
  } else {
    sampler_->tell(trial);
  }
}

void World::answer(const Propose& propose) {
  const SampleRequest request = sample_request(study_->board(), propose.trial, propose.base);
  Sampler& sampler = request.base != nullptr ? *explorer_ : *sampler_;
  if (feed_ && request.base == nullptr) {
    for (const Trial& trial : feed_->before(propose.trial)) sampler.tell(trial);
  }
  Proposal proposal = sampler.ask(request);
  // As the coordinator does it: whoever is asked for next is to know of this one.
  if (!proposal.exhausted) sampler.tell(proposed_trial(request, proposal.params, proposal.tag));
  after(options_.proposal_s * noise(),
        [this, event = Proposed{propose.request, std::move(proposal.params), std::move(proposal.note),
                                std::move(proposal.tag), proposal.exhausted}] { tell(event); });
}

// ---- the workers' side
// --------------------------------------------------------------------------------------------------

void World::send(std::size_t m, Event event) {
  Machine& machine = machines_[m];
  double arrival_s = now_s_ + options_.message_s * noise();
  if (chance(options_.late)) arrival_s += rng_.uniform() * kLateSteps * options_.step_s;
  machine.last_arrival_s = arrival_s = std::max(arrival_s, machine.last_arrival_s);
  at(arrival_s, [this, event = std::move(event)] { tell(event); });
}

void World::bring_up(std::size_t m) {
  Machine& machine = machines_[m];
  machine.worker = study_->next_worker();
  machine.taken_for_lost = false;
  store_.open(*machine.worker);
  tell(WorkerUp{*machine.worker, static_cast<std::int32_t>(m), "node" + std::to_string(m), "", machine.kind});
}

void World::begin_segment(std::size_t m, const Run& run) {
  Machine& machine = machines_[m];
  check(!machine.training, "a worker gets a segment while it has one");
  if (goes_on_in_place(machine, run)) {
    machine.training.emplace(Training{run, std::move(machine.kept->trainable), machine.kept->step, false});
    machine.kept.reset();
    return plan_step(m);
  }
  machine.kept.reset();
  Training& training = machine.training.emplace(Training{run, plan_.make_trainable(), 0, false});
  const TrialInfo info{run.trial, run.trial_seed, 0, ""};
  training.trainable->setup(plan_.settings.space.named(run.params), info);
  if (run.from) {
    const Blob* blob = fetch(m, *run.from);
    if (blob == nullptr) return fail_segment(m, "no copy of the checkpoint is left", true);
    training.trainable->load(*blob);
    training.step = run.from->checkpoint.step;
    if (!store_.find(*machine.worker, run.from->checkpoint)) {
      store_.put(*machine.worker, run.from->checkpoint, Blob(*blob));
      send(m, Saved{run.from->checkpoint, *machine.worker, std::ssize(*blob)});
    }
  }
  training.times.startup_s = options_.startup_s;
  if (training.step < run.until) return plan_step(m, options_.startup_s);
  // The state is that of the segment's end: its worker was lost before it could say so.
  const bool done = training.step == marked_step(training, options_.short_trial, kShort);
  on_machine(m, options_.startup_s, [this, m, done] { end_segment(m, done); });
}

const Blob* World::fetch(std::size_t m, const Source& source) {
  const WorkerId own = *machines_[m].worker;
  if (const Blob* blob = store_.find(own, source.checkpoint)) return blob;
  for (const WorkerId place : source.places) {
    const bool damaged = place == kDisk && damaged_.contains(source.checkpoint);
    if (damaged) ++result_.damaged;
    if (const Blob* blob = store_.find(place, source.checkpoint); blob != nullptr && !damaged) return blob;
    send(m, CheckpointLost{source.checkpoint, place});
  }
  return nullptr;
}

void World::plan_step(std::size_t m, double delay_s) {
  const double duration_s = options_.step_s * machines_[m].slowness * noise();
  result_.busy_s += duration_s;
  machines_[m].training->step_s = duration_s;
  on_machine(m, delay_s + duration_s, [this, m] { train_step(m); });
}

void World::train_step(std::size_t m) {
  Machine& machine = machines_[m];
  if (chance(options_.worker_loss)) return lose(m);
  Training& training = *machine.training;
  if (chance(options_.segment_failure)) return fail_segment(m, "simulated failure");
  if (training.step + 1 == marked_step(training, options_.bad_trial, kBad)) {
    return fail_segment(m, "simulated failure of this trial");
  }
  Metrics metrics;
  try {
    metrics = training.trainable->step();
  } catch (const std::exception& error) {
    return fail_segment(m, error.what());
  }
  ++training.step;
  ++training.times.steps;
  training.times.train_s += training.step_s;
  ++result_.steps;
  if (is_nan(training)) {
    for (auto& [name, value] : metrics) value = std::numeric_limits<double>::quiet_NaN();
  }
  const Run& run = training.run;
  if (training.step > run.report_after) {
    send(m, Reported{run.segment, run.trial, *machine.worker, training.step, std::move(metrics),
                     training.step_s});
  }
  const bool done = training.step == marked_step(training, options_.short_trial, kShort);
  if (done || training.stop || training.step >= run.until) {
    const double save_s = options_.saves ? options_.save_s : 0;
    if (save_s == 0) return end_segment(m, done);
    return on_machine(m, save_s, [this, m, done] { end_segment(m, done); });
  }
  const double save_s = chance(options_.mid_save) ? save(m) : 0;
  if (!machine.taken_for_lost && chance(options_.false_death)) take_for_lost(m);
  plan_step(m, save_s);
}

double World::save(std::size_t m) {
  if (!options_.saves) return 0;
  Machine& machine = machines_[m];
  Training& training = *machine.training;
  training.times.save_s += options_.save_s;
  const CheckpointId id{training.run.trial, training.step, training.run.segment};
  Blob blob = training.trainable->save();
  const auto size_bytes = std::ssize(blob);
  store_.put(*machine.worker, id, std::move(blob));
  send(m, Saved{id, *machine.worker, size_bytes});
  if (!options_.disk || machine.taken_for_lost) return options_.save_s;
  const double write_s = options_.step_s * rng_.uniform();
  on_machine(m, write_s, [this, m, id, write_s] {
    const Blob* copy = store_.find(*machines_[m].worker, id);
    if (copy == nullptr || machines_[m].taken_for_lost) return;
    store_.put(kDisk, id, Blob(*copy));
    send(m, Saved{id, kDisk, std::ssize(*copy), write_s});
  });
  return options_.save_s;
}

void World::end_segment(std::size_t m, bool done) {
  save(m);
  Machine& machine = machines_[m];
  Training training = std::move(*std::exchange(machine.training, std::nullopt));
  send(m, SegmentEnded{training.run.segment, training.run.trial, *machine.worker, training.step, done,
                       training.times});
  machine.kept.emplace(std::move(training));
  if (machine.taken_for_lost) come_back(m);
}

void World::fail_segment(std::size_t m, const std::string& error, bool no_state) {
  Machine& machine = machines_[m];
  const Training training = std::move(*std::exchange(machine.training, std::nullopt));
  send(m, SegmentFailed{
              training.run.segment, training.run.trial, *machine.worker, training.step, error, {}, no_state});
  if (machine.taken_for_lost) come_back(m);
}

void World::lose(std::size_t m) {
  Machine& machine = machines_[m];
  if (!machine.taken_for_lost) {
    ++result_.losses;
    after(options_.step_s * rng_.uniform(), [this, worker = *machine.worker] {
      tell(WorkerLost{worker, "simulated loss"});
    });
  }
  machine.training.reset();
  come_back(m);
}

void World::take_for_lost(std::size_t m) {
  Machine& machine = machines_[m];
  ++result_.losses;
  machine.taken_for_lost = true;
  after(0, [this, worker = *machine.worker] { tell(WorkerLost{worker, "simulated silence"}); });
}

void World::come_back(std::size_t m) {
  Machine& machine = machines_[m];
  store_.close(*machine.worker);
  machine.worker.reset();
  machine.kept.reset();
  ++machine.life;
  after(-std::log(1 - rng_.uniform()) * options_.return_s, [this, m] { bring_up(m); });
}

std::optional<Step> World::marked_step(const Training& training, double probability,
                                       std::uint32_t stream) const {
  if (probability <= 0) return std::nullopt;
  Rng rng(options_.seed, Purpose::kSimulate, static_cast<std::uint64_t>(training.run.trial) + 1, stream);
  if (rng.uniform() >= probability) return std::nullopt;
  const auto& origin = study_->board().trial(training.run.trial).origin;
  return (origin ? origin->step : 0) + 1 + static_cast<Step>(rng.below(8));
}

bool World::is_nan(const Training& training) const {
  if (options_.nan <= 0) return false;
  Rng rng(options_.seed + static_cast<std::uint64_t>(training.step) * 0x9E3779B97F4A7C15u, Purpose::kSimulate,
          static_cast<std::uint64_t>(training.run.trial) + 1, kNan);
  return rng.uniform() < options_.nan;
}

}  // namespace coppice
