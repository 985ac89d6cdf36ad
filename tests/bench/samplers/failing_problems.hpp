/// Problems in which many trials fail, in ways that can be learned.
#pragma once

#include <vector>

#include "problems.hpp"

namespace coppice::bench {

std::vector<Problem> failing_problems();

}  // namespace coppice::bench
