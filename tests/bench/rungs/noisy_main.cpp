// What measuring candidates again is worth: noisy [--seeds N] [--again N…] [--sd S…] [METHOD…]
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>

#include "noisy.hpp"

int main(int argc, char** argv) {
  CLI::App app("Mean true loss of what looks best, after 10, 30, 100, 300 full trainings");
  int seeds = 100;
  std::vector<std::int64_t> again = {0, 1, 2};
  std::vector<double> sds = {0, 0.03, 0.1, 0.3};
  std::vector<std::string> methods = {"asha", "hyperband"};
  app.add_option("--seeds", seeds)->check(CLI::Range(2, 10000));
  app.add_option("--again", again, "values of re_evaluate");
  app.add_option("--sd", sds, "between runs with the same hyperparameters");
  app.add_option("methods", methods);
  CLI11_PARSE(app, argc, argv);

  const std::vector<double> budgets = {10, 30, 100, 300};
  std::printf("mean ± its standard error of %d seeds\n", seeds);
  for (const double sd : sds) {
    for (const std::string& name : methods) {
      for (const std::int64_t times : again) {
        coppice::bench::Method method = coppice::bench::method_of(name, 27);
        method.scheduler_options.set("re_evaluate", times);
        std::vector<double> sums(budgets.size(), 0);
        std::vector<double> squares(budgets.size(), 0);
        for (int seed = 0; seed < seeds; ++seed) {
          const auto columns = coppice::bench::noisy(method, sd, budgets, static_cast<std::uint64_t>(seed));
          for (std::size_t b = 0; b < budgets.size(); ++b) {
            sums[b] += columns[b];
            squares[b] += columns[b] * columns[b];
          }
        }
        std::printf("sd %-5g %-10s re_evaluate %2lld ", sd, name.c_str(), static_cast<long long>(times));
        for (std::size_t b = 0; b < budgets.size(); ++b) {
          const double mean = sums[b] / seeds;
          std::printf("  %.4f ± %.4f", mean, std::sqrt((squares[b] / seeds - mean * mean) / (seeds - 1)));
        }
        std::printf("\n");
        std::fflush(stdout);
      }
    }
  }
}
