/// The explorer pb2: hyperparameters where a model expects the fastest improvement. J. Parker-Holder,
/// V. Nguyen, S. Roberts, "Provably efficient online hyperparameter optimization with population-based
/// bandits", NeurIPS 2020. See src/samplers/README.md.
///
/// `ask` needs a base; it is const, and depends on the seed, the trial, the base and on what was reported *up
/// to the step at which the clone begins*: so a synchronous study asks the same whatever the number of
/// workers, and a resumed one as the first one would have. Safe from any thread while nobody tells.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/sampler.hpp"
#include "samplers/explore.hpp"
#include "samplers/gp/coordinates.hpp"
#include "samplers/gp/posterior.hpp"

namespace coppice {

class Pb2 final : public Sampler {
 public:
  /// `interval`: steps between two decisions. `perturb` serves while there is too little to learn from.
  Pb2(SearchSpace space, std::uint64_t seed, Step interval, double resample_probability,
      std::vector<double> factors);

  Proposal ask(const SampleRequest& request) const override;
  void tell(const Trial& trial) override;

 private:
  struct Told {
    std::vector<double> encoded;
    std::optional<Origin> origin;
    bool failed = false;
    std::vector<CurvePoint> curve;
  };
  /// What a segment changed, and where: one observation of the model.
  struct Change {
    TrialId trial = kNoTrial;
    Step from = 0;
    Step to = 0;
    Score before = 0;
    double per_step = 0;  ///< of the score; kWorst where it was not finite or the trial failed
  };
  /// Where in training hyperparameters are, or would be, used.
  struct Context {
    Step step = 0;
    Score before = 0;
  };

  std::optional<Score> score_at(TrialId trial, Step step) const;
  void add_changes(TrialId id, const Told& told, Step upto, std::vector<Change>& changes) const;
  std::vector<Change> changes(Step upto) const;
  std::vector<std::pair<TrialId, Context>> pending(const SampleRequest& request) const;
  gp::Point point_of(const std::vector<double>& encoded, double step, double before) const;
  std::optional<gp::Training> train(const std::vector<Change>& changes,
                                    const std::vector<gp::Point>& points) const;

  SearchSpace space_;
  gp::Coordinates coordinates_;  ///< of the space, and of the context after it
  std::uint64_t seed_;
  Step interval_;
  Perturb perturb_;
  std::map<TrialId, Told> told_;
};

}  // namespace coppice
