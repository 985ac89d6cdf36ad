/// random: every parameter by itself, from a stream that is named by the seed, the trial and the parameter.
/// So a trial's values depend neither on the order in which trials are asked for nor on which other
/// parameters there are.
#include <utility>

#include "samplers/catalog.hpp"
#include "samplers/draw.hpp"

namespace coppice {

namespace {

class Random final : public Sampler {
 public:
  Random(SearchSpace space, std::uint64_t seed) : space_(std::move(space)), seed_(seed) {}

  Proposal ask(const SampleRequest& request) const override {
    Proposal proposal;
    for (const Parameter& parameter : space_.parameters()) {
      Rng rng(seed_, Purpose::kSample, static_cast<std::uint64_t>(request.trial), hash_name(parameter.name));
      proposal.params.push_back(draw_value(parameter, rng));
    }
    space_.prune_inactive(proposal.params);
    proposal.note = "random";
    return proposal;
  }

  void tell(const Trial&) override {}

 private:
  SearchSpace space_;
  std::uint64_t seed_;
};

std::string check_random(const Options&, const SearchSpace&) {
  return "";
}

std::unique_ptr<Sampler> make_random(const Options&, SearchSpace space, std::uint64_t seed) {
  return std::make_unique<Random>(std::move(space), seed);
}

}  // namespace

SamplerInfo random_entry() {
  return {"random", "every parameter at random, independently", {}, check_random, make_random};
}

}  // namespace coppice
