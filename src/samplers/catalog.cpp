#include "samplers/catalog.hpp"

#include <algorithm>
#include <array>

#include "core/check.hpp"
#include "samplers/explore.hpp"
#include "samplers/pb2.hpp"

namespace coppice {

std::span<const SamplerInfo> samplers() {
  static const std::array entries = {auto_entry(), random_entry(), grid_entry(), sobol_entry(),
                                     gp_entry(),   tpe_entry(),    cmaes_entry()};
  return entries;
}

const SamplerInfo* find_sampler(std::string_view name) {
  const auto entries = samplers();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [name](const SamplerInfo& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

std::unique_ptr<Sampler> make_sampler(std::string_view name, const Options& options, SearchSpace space,
                                      std::uint64_t seed, const SamplerSetup& setup) {
  const SamplerInfo* entry = find_sampler(name);
  check(entry != nullptr, "a sampler that the catalog doesn't have");
  if (entry->make_for != nullptr) return entry->make_for(options, std::move(space), seed, setup);
  return entry->make(options, std::move(space), seed);
}

std::unique_ptr<Sampler> make_explorer(const Options& scheduler_options, SearchSpace space,
                                       std::uint64_t seed) {
  const bool program = scheduler_options.program("explore") != nullptr;
  const std::string explore = program ? "perturb" : scheduler_options.text("explore", "perturb");
  if (explore == "none") return std::make_unique<Perturb>(std::move(space), seed, 0.0, std::vector{1.0});
  if (explore == "resample") return std::make_unique<Perturb>(std::move(space), seed, 1.0, std::vector{1.0});
  const double resample_probability = scheduler_options.number("resample_probability", 0.25);
  std::vector<double> factors = scheduler_options.numbers("factors", {0.8, 1.2});
  if (explore == "pb2") {
    return std::make_unique<Pb2>(std::move(space), seed, scheduler_options.integer("interval", 1),
                                 resample_probability, std::move(factors));
  }
  check(explore == "perturb", "an explorer that there isn't");
  return std::make_unique<Perturb>(std::move(space), seed, resample_probability, std::move(factors));
}

}  // namespace coppice
