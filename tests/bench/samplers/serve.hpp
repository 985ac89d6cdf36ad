/// A sampler for a program in another language, which evaluates what it proposes: JSON lines.
///
/// The first line asked for is {"sampler", "seed", "trials", "space": [{"name", "type": float | int |
/// categorical, "low", "high", "log", "choices", "condition": {"parent", "in"}}, …]}. Each answer is
/// {"params": {…}, "note"}, or {"exhausted": why}. Then a line {"score": number, or null for a failure} tells
/// the result and asks for the next. A line that is a first line begins anew. Ends at the end of its input.
#pragma once

#include <iosfwd>

namespace coppice::bench {

/// Throws std::exception where a line is not as above.
void serve(std::istream& in, std::ostream& out);

}  // namespace coppice::bench
