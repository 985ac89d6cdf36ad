// Deterministic mode: the same trials and the same curves with 1, 2 and 4 workers, and whatever the durations
// and the order of messages.
#include <gtest/gtest.h>

#include "variants.hpp"

namespace coppice {
namespace {

/// All that a study found, as text that shows the first difference.
std::string findings(const Board& board) {
  std::string text;
  for (const Trial& trial : board.trials()) {
    text += std::to_string(trial.id) + " member " + std::to_string(trial.member) + " " +
            std::string(to_text(trial.state)) + ":";
    for (const Value& value : trial.params) text += " " + to_text(value);
    if (trial.origin) {
      text += " from " + std::to_string(trial.origin->trial) + " at " + std::to_string(trial.origin->step);
    }
    for (const CurvePoint& point : trial.curve) {
      text += " " + std::to_string(point.step) + "=" + to_text(point.score);
    }
    text += "\n";
  }
  return text;
}

TEST(Deterministic, WorkersAndDurationsChangeNothing) {
  int checked = 0;
  for (Variant variant : variants()) {
    variant.setup.deterministic = true;
    Options options;
    for (const auto& [name, value] : variant.options) options.set(name, value);
    if (find_scheduler(variant.scheduler)->check(options, variant.setup) != "") continue;
    ++checked;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const StudyPlan plan = toy_plan(variant, "random", seed);
      // Trouble that belongs to a trial, not to a worker: it is the same wherever the trial trains.
      WorldOptions world{.seed = seed, .workers = 1};
      world.nan = 0.05;
      world.bad_trial = 0.2;
      world.short_trial = 0.1;
      World one(plan, world);
      one.run();
      const std::string expected = findings(one.study().board());
      ASSERT_FALSE(expected.empty());
      for (const int workers : {1, 2, 4}) {
        for (const double spread : {0.0, 0.5, 1.5}) {
          world.workers = workers;
          world.spread = spread;
          world.late = spread / 10;
          World other(plan, world);
          other.run();
          ASSERT_EQ(findings(other.study().board()), expected)
              << variant.name << ", seed " << seed << ", " << workers << " workers, spread " << spread;
        }
      }
    }
  }
  EXPECT_GE(checked, 13) << "fifo, hyperband, patience, threshold, and pbt wherever synchronous is implied";
}

}  // namespace
}  // namespace coppice
