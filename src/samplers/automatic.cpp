/// auto: the sampler of a study that names none. It looks at the study before the first trial
/// (choose_samplers), and at the results while it goes on. README.md says by which rules, and what they were
/// measured on.
///
/// All samplers in it are told everything, so each knows what the others proposed. Whose turn it is depends
/// on the trial's number and on what was told, whatever the order: a resumed study goes on as the first one
/// would have.
#include "samplers/automatic.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "samplers/history.hpp"
#include "samplers/sobol_sequence.hpp"

namespace coppice {

namespace {

/// Above so many parameters a Gaussian process costs more than it knows.
constexpr std::size_t kModelledParameters = 40;

/// Results above which the process would take seconds for a proposal.
std::int64_t model_limit(std::size_t parameters) {
  return parameters <= 20 ? 500 : 250;
}

bool is_numeric(const SearchSpace& space) {
  return std::ranges::all_of(space.parameters(), [](const Parameter& parameter) {
    return !parameter.when && (parameter.type != ParameterType::kCategorical || parameter.ordered);
  });
}

class Automatic final : public Sampler {
 public:
  Automatic(SearchSpace space, std::uint64_t seed, AutoChoice choice)
      : choice_(std::move(choice)), history_(space) {
    using enum AutoChoice::Kind;
    if (choice_.kind == kSpread || choice_.kind == kRandom) {
      const bool even = choice_.kind == kSpread && space.size() <= SobolSequence::kDimensions;
      spread_ = make_sampler(even ? "sobol" : "random", {}, space, seed);
      return;
    }
    if (choice_.kind != kDensities) gp_ = make_sampler("gp", {}, space, seed);
    if (choice_.kind == kModelThenTurns) cmaes_ = make_sampler("cmaes", {}, space, seed);
    tpe_ = make_sampler("tpe", {}, space, seed);
  }

  Proposal ask(const SampleRequest& request) const override {
    Proposal proposal = whose_turn(request.trial).ask(request);
    std::string note = "auto: ";
    if (request.trial == 0) note += choice_.why + "; ";
    proposal.note = note + proposal.note;
    return proposal;
  }

  void tell(const Trial& trial) override {
    const bool was_over = history_.observation(trial.id).over();
    history_.tell(trial);
    results_ += (history_.observation(trial.id).over() ? 1 : 0) - (was_over ? 1 : 0);
    for (Sampler* sampler : {spread_.get(), gp_.get(), tpe_.get(), cmaes_.get()}) {
      if (sampler != nullptr) sampler->tell(trial);
    }
  }

 private:
  const Sampler& whose_turn(TrialId trial) const {
    if (spread_) return *spread_;
    if (!gp_) return *tpe_;
    if (results_ < model_limit(history_.space().size())) return *gp_;
    return cmaes_ && trial % 2 != 0 ? *cmaes_ : *tpe_;
  }

  AutoChoice choice_;
  History history_;
  std::unique_ptr<Sampler> spread_;
  std::unique_ptr<Sampler> gp_;
  std::unique_ptr<Sampler> tpe_;
  std::unique_ptr<Sampler> cmaes_;
  std::int64_t results_ = 0;
};

std::string check_auto(const Options&, const SearchSpace&) {
  return "";
}

std::unique_ptr<Sampler> make_auto_for(const Options&, SearchSpace space, std::uint64_t seed,
                                       const SamplerSetup& setup) {
  AutoChoice choice = choose_samplers(space, setup);
  return std::make_unique<Automatic>(std::move(space), seed, std::move(choice));
}

/// Of whose study nothing is known.
std::unique_ptr<Sampler> make_auto(const Options& options, SearchSpace space, std::uint64_t seed) {
  return make_auto_for(options, std::move(space), seed, {});
}

}  // namespace

AutoChoice choose_samplers(const SearchSpace& space, const SamplerSetup& setup) {
  using enum AutoChoice::Kind;
  if (setup.population) {
    return {kRandom, "random, as members go on from each other's hyperparameters"};
  }
  if (setup.blind) return {kSpread, "an even spread, as the order in which results come must not matter"};
  if (space.size() > kModelledParameters) {
    return {kDensities, "tpe, as " + std::to_string(space.size()) + " parameters are too many for gp"};
  }
  const std::int64_t limit = model_limit(space.size());
  const bool turns = is_numeric(space) && !setup.rungs;
  std::string why = "gp";
  if (!setup.max_trials || *setup.max_trials > limit) {
    why += ", after " + std::to_string(limit) + " results " + (turns ? "cmaes and tpe" : "tpe");
  }
  return {turns ? kModelThenTurns : kModel,
          why + ", for " + std::to_string(space.size()) + (space.size() == 1 ? " parameter" : " parameters")};
}

SamplerInfo auto_entry() {
  return {"auto",       "chooses among the others, and says what and why", {}, check_auto, make_auto, true,
          make_auto_for};
}

}  // namespace coppice
