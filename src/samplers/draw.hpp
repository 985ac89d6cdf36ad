/// One fresh value. A pure function: safe from any thread.
#pragma once

#include "coppice/rng.hpp"
#include "coppice/search_space.hpp"

namespace coppice {

/// Uniform over the parameter's encoding: each choice and each value of a linear grid is equally likely, a
/// log parameter is uniform in its logarithm, one with a prior distributed as that says.
inline Value draw_value(const Parameter& parameter, Rng& rng) {
  return parameter.decode(rng.uniform());
}

}  // namespace coppice
