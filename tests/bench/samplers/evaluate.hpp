/// Lets a program in another language evaluate the problems.
#pragma once

#include <iosfwd>

#include "problems.hpp"

namespace coppice::bench {

/// Writes one line, a JSON object with the problem's `optimum` and its `parameters` as a study file has them;
/// then for every line that comes in, a JSON object of values by name, the value there. Throws
/// std::invalid_argument where a line doesn't fit the space.
void evaluate(const Problem& problem, std::istream& in, std::ostream& out);

}  // namespace coppice::bench
