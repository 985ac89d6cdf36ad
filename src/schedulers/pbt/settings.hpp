/// What a study says of its population. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ids.hpp"

namespace coppice {

/// Whether a member gives way, and to whom: see schedulers/pbt/exploit.hpp.
enum class Exploit { kNone, kTruncation, kTournament, kTTest };

struct PbtSettings {
  std::int32_t population = 0;
  Step interval = 1;
  Step steps = 1;
  double quantile = 0.25;
  Exploit exploit = Exploit::kTruncation;
  bool explore = true;
  Step burn_in = 0;                 ///< before this step nobody gives way to a better one
  double quorum = 1;                ///< synchronous: the share of members that are waited for
  std::optional<int> backtrack;     ///< ready steps without a new best after which clones begin from it
  std::vector<Step> periods = {1};  ///< of the groups, in intervals: members of one give way only so often
};

}  // namespace coppice
