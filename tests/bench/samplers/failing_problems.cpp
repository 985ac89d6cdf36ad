#include "failing_problems.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "../../support/parameters.hpp"
#include "values.hpp"

namespace coppice::bench {

namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;
using spaces::when;

constexpr double kFails = std::numeric_limits<double>::quiet_NaN();

/// A tile of work for a processor: powers of two and switches, where whatever takes more than 1,024 threads
/// or 48 KiB fails. Least value 0, at 32 x 8 threads, 2 x 4 tiles, unrolled 4 times, both switches on, layout
/// "row".
Problem kernel() {
  SearchSpace space({choice("block_x", {"8", "16", "32", "64", "128", "256"}),
                     choice("block_y", {"1", "2", "4", "8", "16", "32"}),
                     choice("tile_x", {"1", "2", "4", "8"}), choice("tile_y", {"1", "2", "4", "8"}),
                     choice("unroll", {"1", "2", "4", "8", "16"}), choice("shared", {"no", "yes"}),
                     choice("pad", {"no", "yes"}), choice("layout", {"row", "column", "block"})});
  return {"kernel8",
          std::move(space),
          0,
          [](const SearchSpace& s, const Values& v) {
            const auto log2_of = [&](const char* name) {
              return std::log2(std::stod(std::get<std::string>(v[s.index_of(name)])));
            };
            const double threads = log2_of("block_x") + log2_of("block_y");
            const double tile = log2_of("tile_x") + log2_of("tile_y");
            const bool shared = chosen(s, v, "shared", "yes");
            if (threads > 10 || threads < 5 || (shared && threads + tile > 11)) return kFails;
            double time = 0.3 * square(threads - 8) + 0.2 * square(log2_of("block_x") - 5) +
                          0.25 * square(tile - 3) + 0.1 * square(log2_of("tile_x") - 1) +
                          0.1 * square(log2_of("unroll") - 2 + (tile - 3));
            if (!shared) time += 1.5;
            if (shared && !chosen(s, v, "pad", "yes")) time += 0.6;
            if (chosen(s, v, "layout", "column")) time += 1;
            if (chosen(s, v, "layout", "block")) time += 0.2;
            return time;
          },
          0,
          true};
}

/// One of three models, each with hyperparameters of its own; too large ones run out of memory and too fast
/// ones diverge. Least value 0, of the second model.
Problem models() {
  SearchSpace space({choice("model", {"linear", "forest", "network"}), number("validation", 0.05, 0.5),
                     when(number("penalty", 1e-6, 1e3, true), "model", {"linear"}),
                     when(choice("loss", {"squared", "absolute", "huber"}), "model", {"linear"}),
                     when(integer("trees", 10, 2000, true), "model", {"forest"}),
                     when(integer("depth", 1, 30), "model", {"forest"}),
                     when(number("share", 0.05, 1), "model", {"forest"}),
                     when(number("rate", 1e-5, 10, true), "model", {"network"}),
                     when(integer("width", 8, 4096, true), "model", {"network"}),
                     when(integer("layers", 1, 6), "model", {"network"})});
  return {"models10",
          std::move(space),
          0,
          [](const SearchSpace& s, const Values& v) {
            const double common = 4 * square(number_of(s, v, "validation") - 0.2);
            if (chosen(s, v, "model", "linear")) {
              return common + 0.6 + 0.03 * square(std::log10(number_of(s, v, "penalty")) + 1) +
                     (chosen(s, v, "loss", "squared") ? 0.1 : 0);
            }
            if (chosen(s, v, "model", "forest")) {
              const double trees = std::log10(number_of(s, v, "trees"));
              const double depth = number_of(s, v, "depth");
              if (trees + 0.12 * depth > 5.2) return kFails;
              return common + 0.4 * square(trees - 2.8) + 0.01 * square(depth - 16) +
                     2 * square(number_of(s, v, "share") - 0.3);
            }
            const double rate = std::log10(number_of(s, v, "rate"));
            const double width = std::log2(number_of(s, v, "width"));
            const double layers = number_of(s, v, "layers");
            if (rate > 0.5 - 0.3 * layers || 2 * width + 0.8 * layers > 24) return kFails;
            return common + 0.15 + 0.3 * square(rate + 2.5 - 0.2 * layers) + 0.05 * square(width - 8) +
                   0.05 * square(layers - 3);
          },
          0,
          true};
}

}  // namespace

std::vector<Problem> failing_problems() {
  std::vector<Problem> all;
  all.push_back(kernel());
  all.push_back(models());
  return all;
}

}  // namespace coppice::bench
