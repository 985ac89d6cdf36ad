// Prints the brackets of Hyperband: hyperband_table [MAX_STEPS [ETA]].
#include <cstdio>
#include <cstdlib>

#include "schedulers/brackets.hpp"

int main(int argc, char** argv) {
  const long long max_steps = argc > 1 ? std::atoll(argv[1]) : 81;
  const long long eta = argc > 2 ? std::atoll(argv[2]) : 3;
  if (max_steps < 1 || max_steps > coppice::kMaxRungStep || eta < 2) {
    std::fprintf(stderr, "usage: hyperband_table [MAX_STEPS >= 1 [ETA >= 2]]\n");
    return 2;
  }
  for (const auto sizes : {coppice::BracketSizes::kFormula, coppice::BracketSizes::kTable}) {
    std::printf("%s, R = %lld, eta = %lld\n", sizes == coppice::BracketSizes::kFormula ? "formula" : "table",
                max_steps, eta);
    long long trials = 0, from_scratch = 0, resumed = 0;
    for (const auto& bracket : coppice::hyperband_brackets(max_steps, eta, sizes)) {
      std::printf("  s = %lld:", static_cast<long long>(bracket.s));
      coppice::Step before = 0;
      for (const auto& rung : bracket.rungs) {
        std::printf("  %lld@%lld", static_cast<long long>(rung.trials), static_cast<long long>(rung.step));
        from_scratch += rung.trials * rung.step;
        resumed += rung.trials * (rung.step - before);
        before = rung.step;
      }
      trials += bracket.rungs.front().trials;
      std::printf("\n");
    }
    std::printf("  %lld trials, %lld steps from scratch, %lld with resume\n", trials, from_scratch, resumed);
  }
}
