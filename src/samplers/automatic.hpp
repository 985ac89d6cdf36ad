/// How `auto` chooses: what samplers a study gets, from what is known of it before its first trial. A pure
/// function.
#pragma once

#include <string>

#include "coppice/search_space.hpp"
#include "samplers/catalog.hpp"

namespace coppice {

struct AutoChoice {
  enum class Kind {
    kRandom,          ///< random: the scheduler does the searching
    kSpread,          ///< sobol, where it has so many dimensions, else random: results must not matter
    kDensities,       ///< tpe
    kModel,           ///< gp; after some hundred results tpe
    kModelThenTurns,  ///< gp; after some hundred results cmaes and tpe in turns
  };
  Kind kind = Kind::kModelThenTurns;
  std::string why;  ///< in a clause, for people
};

AutoChoice choose_samplers(const SearchSpace& space, const SamplerSetup& setup);

}  // namespace coppice
