/// An explorer of the user's in C++: what becomes of the hyperparameters of a clone. A shared object that
/// defines `coppice_explore`, named in a study as `explore: {plugin: ./libexplore.so}`; compile it against
/// the headers of the coppice that loads it, and link it to nothing:
///
///     c++ -std=c++20 -O2 -shared -fPIC -I PREFIX/include explore.cpp -o libexplore.so
///
/// It is called in a process of its own, on one thread, one question after the other. Its answer is to depend
/// on the question alone, random numbers included: then a resumed study goes on as it would have. What it
/// throws, or a value outside the search space, costs a note: perturb answers instead.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coppice/value.hpp"

namespace coppice {

struct ExploreRequest {
  /// A trial that has a finite value at the step at which the clone begins.
  struct Standing {
    std::int64_t trial = 0;
    Parameters parameters;
    double value = 0;  ///< the objective, as it was reported
  };

  std::int64_t trial = 0;   ///< the clone
  std::uint64_t seed = 0;   ///< below 2^31, for random numbers; another one for each clone
  Parameters base;          ///< to explore from: those of a better trial
  std::int64_t origin = 0;  ///< the trial whose state the clone begins with; mostly it has the base, too
  std::int64_t step = 0;    ///< … the state of which step
  Parameters origin_parameters;
  Parameters perturbed;             ///< what perturb would answer
  std::vector<Standing> standings;  ///< at that step, the best first; at most 100
  bool minimize = true;             ///< which values are the better ones
};

}  // namespace coppice

/// To be defined by the user. `answer` is empty; a parameter that it is not given keeps the value of the
/// base. What is `fixed` in the space stays that of the origin, and a parameter whose condition is off is
/// left out, whatever it says. Numbers must lie within the range; on a grid they go to the nearest point.
extern "C" void coppice_explore(const coppice::ExploreRequest& request,
                                std::map<std::string, coppice::Value>& answer);
