/// What ranks tell each other before anybody works: rank 0 what it read in the study, each its allotment.
///
/// Pure. Failure: a text that is something else is a bug of ours.
#pragma once

#include <string>
#include <vector>

#include "cli/places.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

struct Opening {
  bool run = false;  ///< false: nothing to do, or a mistake that rank 0 has told
  bool dedicated = false;
  ResourceSpec resources;  ///< only what places depend on travels
  double patience_s = 0;   ///< how long rank 0 may take until it welcomes workers

  /// One line, with its end; an allotment follows.
  std::string text() const;
  /// From the beginning of such a text.
  static Opening parse(const std::string& text);
};

/// The places of all ranks. `told[i]`: the line of rank i's opening and its allotment; rank 0's counts.
Placement place_ranks(const std::vector<RankInfo>& infos, const std::vector<std::string>& told);

}  // namespace coppice
