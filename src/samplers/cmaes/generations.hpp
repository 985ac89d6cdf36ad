/// CMA-ES without a barrier: any λ results that are there make the next generation, whichever generation
/// proposed them; a point is drawn from the newest one.
///
/// What this is a function of: the trials with their tags and results, not the order in which they were told.
/// A trial's tag says which generation proposed it and, where no trial told so before, which results had made
/// that generation. So a resume, which tells every trial once, makes the same generations again from the same
/// results: until the tag is seen, it takes the first λ results by trial, and puts that right when it is.
///
/// Written by one thread; read by any number while nobody writes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <Eigen/Core>

#include "core/ids.hpp"
#include "samplers/cmaes/choices.hpp"
#include "samplers/cmaes/evolution.hpp"
#include "samplers/cmaes/restarts.hpp"
#include "samplers/history.hpp"

namespace coppice::cmaes {

/// The unit cube of the numeric parameters, and the categorical ones beside it.
struct Domain {
  std::vector<Edges> coordinates;  ///< one for each numeric parameter; edges where it is on a grid
  std::vector<int> choices;        ///< how many each categorical parameter has
};

struct Settings {
  int population = 0;
  double sigma = 0.2;
  RestartKind restarts = RestartKind::kBipop;
  bool adapt_learning_rate = false;
};

/// A candidate: what CMA-ES moves, and the categorical positions.
struct Genotype {
  Eigen::VectorXd x;  ///< of a continuous coordinate within [0, 1]; on a grid, wherever
  std::vector<int> choices;
};

class Generations {
 public:
  Generations(Domain domain, const Settings& settings, std::uint64_t seed);

  /// A candidate of the newest generation. A pure function of that and of the trial.
  Genotype draw(TrialId trial) const { return draw(trial, newest()); }
  /// What a trial with that candidate is to be told with.
  std::string tag() const;
  /// `given` is used where the tag names no generation: somebody else proposed that trial.
  void tell(TrialId trial, std::string_view tag, const Observation& observation, const Genotype& given);

  /// The newest generation's number, from 0.
  int number() const { return first_ + static_cast<int>(states_.size()) - 1; }
  const Evolution& evolution() const { return newest().evolution; }
  int restarts() const { return newest().restarts.count(); }

 private:
  /// Where a generation's candidates come from.
  struct State {
    Evolution evolution;
    Choices choices;
    Restarts restarts;
    int begun = 0;                 ///< generation at which this run began
    std::int64_t evaluations = 0;  ///< of this run
    std::vector<TrialId> made_of;  ///< ascending
    std::vector<TrialId> best;     ///< of those, and of what had come from before, best first
  };
  struct Record {
    bool told = false;
    int generation = -1;  ///< that proposed it; -1: none
    int used_in = 0;      ///< the generation that it helped to make, or was too late for; 0: none yet
    Observation observation;
    Genotype genotype;
  };

  const State& newest() const { return states_.back(); }
  State start(const Restarts& restarts, int number) const;
  Genotype draw(TrialId trial, const State& state) const;
  Record& record(TrialId trial) { return records_[static_cast<std::size_t>(trial)]; }
  void begin(TrialId trial, std::string_view tag, const Genotype& given);
  void know_recipe(int generation, std::vector<TrialId> made_of);
  bool fall_back_to(int generation);
  void advance();
  std::optional<std::vector<TrialId>> ingredients();
  void make_next(std::vector<TrialId> made_of);
  void forget();

  Domain domain_;
  Settings settings_;
  std::uint64_t seed_;
  std::deque<State> states_;  ///< of generations first_, first_ + 1, …
  int first_ = 0;
  int confirmed_ = 0;                            ///< the newest generation that a told trial came from
  std::vector<Record> records_;                  ///< by trial
  std::set<TrialId> waiting_;                    ///< results that are not used yet
  std::map<int, std::vector<TrialId>> drawn_;    ///< trials by the generation that proposed them
  std::map<int, std::vector<TrialId>> recipes_;  ///< what tags say, of generations to come
};

}  // namespace coppice::cmaes
