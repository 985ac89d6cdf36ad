/// sobol: a scrambled low-discrepancy sequence; the trial's number, not counting reruns, is the point's. So
/// proposals depend neither on the order in which trials are asked for nor on results, any two trials have
/// different points, and no point is left out.
#include <string>
#include <utility>
#include <vector>

#include "core/fresh_numbers.hpp"
#include "samplers/catalog.hpp"
#include "samplers/sobol_sequence.hpp"

namespace coppice {

namespace {

class Sobol final : public Sampler {
 public:
  Sobol(SearchSpace space, std::uint64_t seed)
      : space_(std::move(space)), sequence_(space_.size(), seed, 0) {}

  Proposal ask(const SampleRequest& request) const override {
    std::vector<double> u(space_.size());
    sequence_.point(static_cast<std::uint64_t>(numbers_.of(request.trial)), u);
    Proposal proposal;
    for (std::size_t i = 0; i < u.size(); ++i) {
      proposal.params.push_back(space_.parameters()[i].decode(u[i]));
    }
    space_.prune_inactive(proposal.params);
    proposal.note = "sobol";
    return proposal;
  }

  void tell(const Trial& trial) override { numbers_.tell(trial); }

 private:
  SearchSpace space_;
  SobolSequence sequence_;
  FreshNumbers numbers_;
};

std::string check_sobol(const Options&, const SearchSpace& space) {
  if (space.size() <= SobolSequence::kDimensions) return "";
  return "sobol has " + std::to_string(SobolSequence::kDimensions) + " dimensions and the space has " +
         std::to_string(space.size()) + " parameters; use random";
}

std::unique_ptr<Sampler> make_sobol(const Options&, SearchSpace space, std::uint64_t seed) {
  return std::make_unique<Sobol>(std::move(space), seed);
}

}  // namespace

SamplerInfo sobol_entry() {
  return {"sobol", "a scrambled Sobol sequence: evenly spread points", {}, check_sobol, make_sobol};
}

}  // namespace coppice
