// Prints figure 2 of the PBT paper as numbers, beside those of an independent implementation of the same toy.
#include <cstdio>

#include "pbt_toy.hpp"

int main() {
  struct Row {
    coppice::ToyMode mode;
    const char* reference;
  };
  const Row rows[] = {
      {{"PBT: exploit and explore", "truncation", "perturb"}, "mean 1.195, p5 1.186"},
      {{"explore only", "none", "perturb"}, "mean 1.168, p5 1.125"},
      {{"exploit only", "truncation", "none"}, "1.1666"},
      {{"neither", "none", "none"}, "0.3897"},
  };
  std::printf("%-26s %9s %9s %9s   %s\n", "two members, 200 seeds", "mean", "p5", "least", "reference");
  for (const Row& row : rows) {
    const auto found = coppice::summarise_pbt_toy(row.mode, 200);
    std::printf("%-26s %9.4f %9.4f %9.4f   %s\n", row.mode.name.c_str(), found.mean, found.p5, found.least,
                row.reference);
  }
}
