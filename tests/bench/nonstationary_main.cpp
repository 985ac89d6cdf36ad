// Prints how schedulers do where the best hyperparameters change during training: the lowest loss at an equal
// number of steps, quartiles over seeds 0, 1, ….
//
//     nonstationary drift|decay|mlp|letters|shakespeare [SEEDS [POPULATION [METHOD...]]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "nonstationary.hpp"

int main(int argc, char** argv) {
  const std::string problem = argc > 1 ? argv[1] : "drift";
  const int seeds = argc > 2 ? std::atoi(argv[2]) : 20;
  const std::int64_t population = argc > 3 ? std::atoi(argv[3]) : 8;
  const std::set<std::string> wanted(argv + std::min(argc, 4), argv + argc);
  if (!std::set<std::string>{"drift", "decay", "mlp", "letters", "shakespeare"}.contains(problem) ||
      seeds < 4 || population < 4) {
    std::fprintf(stderr,
                 "usage: nonstationary drift|decay|mlp|letters|shakespeare [SEEDS >= 4 [POPULATION >= 4 "
                 "[METHOD...]]]\n");
    return 2;
  }
  const std::int64_t steps = coppice::nonstationary_steps(problem);
  std::printf("%s, %lld steps as %lld x %lld, %d seeds: quartiles of the lowest loss\n", problem.c_str(),
              static_cast<long long>(population * steps), static_cast<long long>(population),
              static_cast<long long>(steps), seeds);
  for (const coppice::Method& method : coppice::nonstationary_methods(population, steps)) {
    if (!wanted.empty() && !wanted.contains(method.name)) continue;
    std::vector<double> losses;
    for (int seed = 0; seed < seeds; ++seed) {
      losses.push_back(run_nonstationary(problem, method, population, static_cast<std::uint64_t>(seed)));
    }
    std::sort(losses.begin(), losses.end());
    const auto quartile = [&](int k) { return losses[static_cast<std::size_t>(k * (seeds - 1) / 4)]; };
    std::printf("%-18s %10.4g %10.4g %10.4g\n", method.name.c_str(), quartile(1), quartile(2), quartile(3));
    std::fflush(stdout);
  }
}
