// Counting Ones: counting_ones [--each N] [--seeds N] [--first SEED] [--from-scratch] METHOD…
#include <CLI/CLI.hpp>
#include <cstdio>
#include <numeric>

#include "counting_ones.hpp"

int main(int argc, char** argv) {
  CLI::App app("Mean regret on Counting Ones after 10, 30, 100, 300 full trainings");
  int each = 8;
  int seeds = 20;
  std::uint64_t first = 0;
  bool from_scratch = false;
  std::vector<std::string> methods = {"random", "hyperband", "bohb"};
  app.add_option("--each", each, "so many choices and so many probabilities")->check(CLI::Range(1, 100));
  app.add_option("--seeds", seeds)->check(CLI::Range(1, 10000));
  app.add_option("--first", first, "the first seed");
  app.add_flag("--from-scratch", from_scratch, "charge a promoted trial for the steps that it has had, too");
  app.add_option("methods", methods);
  CLI11_PARSE(app, argc, argv);

  const std::vector<double> budgets = {10, 30, 100, 300};
  std::printf("%d + %d, mean of %d seeds\n%-16s", each, each, seeds, "");
  for (const double budget : budgets) std::printf(" %8.0f", budget);
  std::printf("   largest at the end\n");
  for (const std::string& name : methods) {
    std::vector<double> sums(budgets.size(), 0);
    double largest = 0;
    for (int i = 0; i < seeds; ++i) {
      const auto columns = coppice::bench::counting_ones(coppice::bench::method_of(name, 81), each, budgets,
                                                         first + static_cast<std::uint64_t>(i), from_scratch);
      for (std::size_t b = 0; b < budgets.size(); ++b) sums[b] += columns[b];
      largest = std::max(largest, columns.back());
    }
    std::printf("%-16s", name.c_str());
    for (const double sum : sums) std::printf(" %8.4f", sum / seeds);
    std::printf(" %8.4f\n", largest);
    std::fflush(stdout);
  }
}
