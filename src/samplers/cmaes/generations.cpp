#include "samplers/cmaes/generations.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/check.hpp"

namespace coppice::cmaes {

namespace {

/// How many generations before the confirmed one are kept, for trials that come late.
constexpr int kMemory = 64;

/// "12" or "12<40,41,43": generation 12, made of those trials.
struct Tag {
  int generation = -1;
  std::vector<TrialId> made_of;
};

std::optional<Tag> parse_tag(std::string_view text) {
  Tag tag;
  const char* at = text.data();
  const char* const end = at + text.size();
  auto read = std::from_chars(at, end, tag.generation);
  if (read.ec != std::errc() || tag.generation < 0) return std::nullopt;
  while (read.ptr != end) {
    if (*read.ptr != (tag.made_of.empty() ? '<' : ',')) return std::nullopt;
    TrialId trial = 0;
    read = std::from_chars(read.ptr + 1, end, trial);
    if (read.ec != std::errc()) return std::nullopt;
    tag.made_of.push_back(trial);
  }
  return tag;
}

std::string to_text(int generation, const std::vector<TrialId>& made_of) {
  std::string text = std::to_string(generation);
  for (std::size_t i = 0; i < made_of.size(); ++i) {
    text += (i == 0 ? "<" : ",") + std::to_string(made_of[i]);
  }
  return text;
}

/// Folds x into [0, 1] as between two mirrors.
double mirror(double x) {
  x = std::fmod(std::abs(x), 2);
  return x > 1 ? 2 - x : x;
}

}  // namespace

Generations::Generations(Domain domain, const Settings& settings, std::uint64_t seed)
    : domain_(std::move(domain)), settings_(settings), seed_(seed) {
  states_.push_back(start(Restarts(settings_.restarts, settings_.population, settings_.sigma), 0));
}

/// The first run begins in the middle, each later one anywhere.
Generations::State Generations::start(const Restarts& restarts, int number) const {
  const auto d = static_cast<Eigen::Index>(domain_.coordinates.size());
  Start begin{Eigen::VectorXd::Constant(d, 0.5), restarts.run().sigma, restarts.run().population,
              settings_.adapt_learning_rate};
  if (restarts.count() > 0) {
    Rng rng(seed_, Purpose::kSample, static_cast<std::uint64_t>(restarts.count()), hash_name("cmaes mean"));
    for (double& value : begin.mean) value = rng.uniform();
  }
  return {Evolution(begin), Choices(domain_.choices), restarts, number, 0, {}, {}};
}

Genotype Generations::draw(TrialId trial, const State& state) const {
  Rng rng(seed_, Purpose::kSample, static_cast<std::uint64_t>(trial), hash_name("cmaes"));
  Genotype drawn{state.evolution.sample(rng), {}};
  for (std::size_t j = 0; j < domain_.coordinates.size(); ++j) {
    double& x = drawn.x[static_cast<Eigen::Index>(j)];
    if (domain_.coordinates[j].empty()) x = mirror(x);
  }
  drawn.choices = state.choices.sample(rng);
  return drawn;
}

std::string Generations::tag() const {
  return to_text(number(), number() > confirmed_ ? newest().made_of : std::vector<TrialId>{});
}

void Generations::tell(TrialId trial, std::string_view tag, const Observation& observation,
                       const Genotype& given) {
  if (static_cast<std::size_t>(trial) >= records_.size())
    records_.resize(static_cast<std::size_t>(trial) + 1);
  if (!record(trial).told) begin(trial, tag, given);
  Record& told = record(trial);
  told.observation = observation;
  if (observation.over() && told.used_in == 0) waiting_.insert(trial);
  advance();
}

void Generations::begin(TrialId trial, std::string_view text, const Genotype& given) {
  Record& told = record(trial);
  told.told = true;
  told.genotype = given;
  auto tag = parse_tag(text);
  if (!tag) return;
  if (!tag->made_of.empty()) know_recipe(tag->generation, std::move(tag->made_of));
  confirmed_ = std::max(confirmed_, tag->generation);
  if (tag->generation < first_) return;
  told.generation = tag->generation;
  drawn_[told.generation].push_back(trial);
  if (told.generation <= number()) {
    told.genotype = draw(trial, states_[static_cast<std::size_t>(told.generation - first_)]);
  }
}

void Generations::know_recipe(int generation, std::vector<TrialId> made_of) {
  if (generation <= number()) {
    if (generation < first_) return;
    if (states_[static_cast<std::size_t>(generation - first_)].made_of == made_of) return;
    if (!fall_back_to(generation - 1)) return;
  }
  recipes_[generation] = std::move(made_of);
}

/// Unmakes the generations after that one. Returns whether it is still there to go on from.
bool Generations::fall_back_to(int generation) {
  if (generation < first_) return false;
  states_.resize(static_cast<std::size_t>(generation - first_) + 1, newest());
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].used_in <= generation) continue;
    records_[i].used_in = 0;
    if (records_[i].observation.over()) waiting_.insert(static_cast<TrialId>(i));
  }
  return true;
}

void Generations::advance() {
  while (auto made_of = ingredients()) make_next(std::move(*made_of));
}

/// What the next generation is made of; nothing while it can't be made.
std::optional<std::vector<TrialId>> Generations::ingredients() {
  const State& now = newest();
  const auto recipe = recipes_.find(number() + 1);
  if (recipe != recipes_.end()) {
    const bool there = std::all_of(recipe->second.begin(), recipe->second.end(),
                                   [this](TrialId trial) { return waiting_.contains(trial); });
    if (!there) return std::nullopt;
    return std::exchange(recipe->second, {});
  }
  if (settings_.restarts == RestartKind::kNone && now.evolution.stop_reason()) return std::nullopt;
  const auto population = static_cast<std::size_t>(now.restarts.run().population);
  std::vector<TrialId> made_of;
  for (const TrialId trial : waiting_) {
    if (made_of.size() == population) break;
    const int generation = record(trial).generation;
    if (generation < 0 || generation >= now.begun) made_of.push_back(trial);  // else: too late for this run
  }
  if (made_of.size() < population) return std::nullopt;
  return made_of;
}

void Generations::make_next(std::vector<TrialId> made_of) {
  const int next = number() + 1;
  recipes_.erase(next);
  State state = newest();
  std::vector<Ranked> ranked;
  for (const TrialId trial : made_of) {
    ranked.push_back({record(trial).observation.score, trial});
    record(trial).used_in = next;
    waiting_.erase(trial);
  }
  // As many of the best before compete again as results come late.
  const auto late =
      static_cast<std::size_t>(std::count_if(made_of.begin(), made_of.end(), [this](TrialId trial) {
        return record(trial).generation + 1 < number();
      }));
  for (std::size_t i = 0; i < std::min(late, state.best.size()); ++i) {
    ranked.push_back({record(state.best[i]).observation.score, state.best[i]});
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(made_of.size());
  state.best.clear();
  for (const Ranked& one : ranked) state.best.push_back(one.trial);
  Eigen::MatrixXd points(state.evolution.mean().size(), static_cast<Eigen::Index>(ranked.size()));
  std::vector<std::vector<int>> chosen;
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    const Record& from = record(ranked[i].trial);
    const bool current = from.generation == number();
    points.col(static_cast<Eigen::Index>(i)) =
        current ? from.genotype.x : state.evolution.within_reach(from.genotype.x);
    chosen.push_back(from.genotype.choices);
  }
  state.evolution.update(points, ranked.front().score, ranked.back().score);
  state.choices.update(chosen, state.evolution.constants());
  state.evolution.keep_margins(domain_.coordinates);
  state.evaluations += static_cast<std::int64_t>(made_of.size());
  if (settings_.restarts != RestartKind::kNone && state.evolution.stop_reason()) {
    Rng rng(seed_, Purpose::kSample, static_cast<std::uint64_t>(state.restarts.count()),
            hash_name("cmaes restart"));
    state.restarts.next(state.evaluations, rng);
    state = start(state.restarts, next);
  }
  state.made_of = std::move(made_of);
  states_.push_back(std::move(state));
  for (const TrialId trial : drawn_[next]) record(trial).genotype = draw(trial, newest());
  forget();
}

/// Drops what no recipe can ask for any more, and what only very late trials would need.
void Generations::forget() {
  while (first_ + kMemory < std::min(confirmed_, number())) {
    states_.pop_front();
    drawn_.erase(first_);
    ++first_;
  }
}

}  // namespace coppice::cmaes
