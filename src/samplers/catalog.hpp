/// The samplers and explorers there are: an explicit table. Adding one is a .cpp file and a line in
/// catalog.cpp. The table is constant; safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/options.hpp"
#include "core/sampler.hpp"

namespace coppice {

/// What of the rest of a study the choice of a sampler depends on.
struct SamplerSetup {
  std::optional<std::int64_t> max_trials = {};
  bool population = false;  ///< few trials from scratch, whose places clones of others take
  bool rungs = false;       ///< trials end at different steps
  bool blind = false;       ///< which results are there is a matter of timing, and must not matter
};

struct SamplerInfo {
  std::string name;
  std::string help;
  std::vector<OptionSpec> options;
  /// "" where it can search this space, else one sentence with the fix.
  /// Precondition, here and for `make`: the options fit the table above.
  std::string (*check)(const Options&, const SearchSpace&) = nullptr;
  /// Precondition: `check` says "".
  std::unique_ptr<Sampler> (*make)(const Options&, SearchSpace, std::uint64_t seed) = nullptr;
  /// Whether what it proposes depends on results.
  bool learns = false;
  /// Instead of `make`, where it makes a difference what is known of the rest of the study; else null.
  std::unique_ptr<Sampler> (*make_for)(const Options&, SearchSpace, std::uint64_t seed,
                                       const SamplerSetup&) = nullptr;
};

std::span<const SamplerInfo> samplers();
/// Null where there is none of that name.
const SamplerInfo* find_sampler(std::string_view name);

/// Proposes for fresh trials. Precondition: there is a sampler of that name, and its `check` says "".
std::unique_ptr<Sampler> make_sampler(std::string_view name, const Options& options, SearchSpace space,
                                      std::uint64_t seed, const SamplerSetup& setup = {});

/// Proposes for clones, as the scheduler's option `explore` says: perturb (the default), resample, pb2, or
/// none, which keeps what the base has. Where it names a program of the user's, this is perturb, which
/// answers where that has no answer (samplers/explore_hook.hpp). A new explorer is a line in this function,
/// and a word among the choices of the schedulers that take it.
std::unique_ptr<Sampler> make_explorer(const Options& scheduler_options, SearchSpace space,
                                       std::uint64_t seed);

// The entries; each is defined beside its algorithm.
SamplerInfo auto_entry();
SamplerInfo random_entry();
SamplerInfo sobol_entry();
SamplerInfo gp_entry();
SamplerInfo grid_entry();
SamplerInfo tpe_entry();
SamplerInfo cmaes_entry();

}  // namespace coppice
