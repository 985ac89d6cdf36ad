// dlib's find_max_global (its global_function_search, one evaluation at a time) on the problems that it can
// take, those of numbers alone, with the columns of `samplers_bench regret`; and its time for a proposal.
// Built where dlib is installed (Debian: libdlib-dev).
#include <dlib/global_optimization.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "coppice/rng.hpp"
#include "problems.hpp"
#include "run.hpp"

namespace coppice::bench {
namespace {

using Search = dlib::global_function_search;

/// In [0, 1]^d, so that log ranges are straight; dlib knows nothing of steps.
Search make_search(std::size_t dimensions, int seed) {
  dlib::matrix<double, 0, 1> low(static_cast<long>(dimensions));
  dlib::matrix<double, 0, 1> high(static_cast<long>(dimensions));
  low = 0;
  high = 1;
  Search search(dlib::function_spec(low, high));
  search.set_seed(seed);
  return search;
}

bool takes(const SearchSpace& space) {
  const auto& all = space.parameters();
  return std::all_of(all.begin(), all.end(),
                     [](const Parameter& p) { return p.type != ParameterType::kCategorical && !p.when; });
}

std::vector<double> regrets_of(const Problem& problem, int evaluations, int seed) {
  Search search = make_search(problem.space.size(), seed);
  std::vector<double> best;
  for (int i = 0; i < evaluations; ++i) {
    auto request = search.get_next_x();
    Values values;
    for (std::size_t axis = 0; axis < problem.space.size(); ++axis) {
      values.push_back(problem.space.parameters()[axis].decode(request.x()(static_cast<long>(axis))));
    }
    const double value = problem.value(problem.space, values);
    request.set(-value);
    const double regret = value - problem.optimum;
    best.push_back(best.empty() ? regret : std::min(best.back(), regret));
  }
  return best;
}

double now_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

/// Median time of an ask and its tell, 20 of them, in 20 dimensions, after `trials` others.
double cost_us(int trials) {
  constexpr int kTimed = 20;
  Search search = make_search(20, 1);
  Rng scores(1, Purpose::kSimulate, 0);
  std::vector<double> times;
  for (int i = 0; i < trials + kTimed; ++i) {
    const double begin = now_us();
    search.get_next_x().set(scores.normal());
    if (i >= trials) times.push_back(now_us() - begin);
  }
  return quartiles(std::move(times)).median;
}

int run(int argc, char** argv) {
  std::vector<std::string> names;
  for (const Problem& problem : problems()) {
    if (problem.plain() && takes(problem.space)) names.push_back(problem.name);
  }
  std::vector<int> evaluations = {50, 100, 200};
  std::vector<int> sizes = {100};
  int seeds = 30;
  CLI::App app("Measures dlib's find_max_global");
  app.require_subcommand(1);
  CLI::App* regret = app.add_subcommand("regret", "how near to the optimum");
  regret->add_option("--problems", names, "those that dlib can't take are left out")->delimiter(',');
  regret->add_option("--after", evaluations)->delimiter(',')->check(CLI::PositiveNumber);
  regret->add_option("--seeds", seeds)->check(CLI::PositiveNumber);
  CLI::App* cost = app.add_subcommand("cost", "time for a proposal and its result");
  cost->add_option("--trials", sizes)->delimiter(',')->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  const int most = *std::max_element(evaluations.begin(), evaluations.end());
  for (const std::string& name : *regret ? names : std::vector<std::string>{}) {
    const Problem* problem = find_problem(name);
    if (problem == nullptr || !problem->plain() || !takes(problem->space)) continue;
    std::vector<std::vector<double>> runs;
    for (int seed = 0; seed < seeds; ++seed) runs.push_back(regrets_of(*problem, most, seed));
    for (const int after : evaluations) {
      std::vector<double> values;
      for (const auto& of : runs) values.push_back(of[static_cast<std::size_t>(after) - 1]);
      const Quartiles q = quartiles(std::move(values));
      std::printf("%-14s %-10s %6d %8d  %10.3g %10.3g %10.3g\n", name.c_str(), "dlib", after, 1, q.lower,
                  q.median, q.upper);
    }
    std::fflush(stdout);
  }
  for (const int size : *cost ? sizes : std::vector<int>{}) {
    std::printf("%-10s %8d  %12.2f\n", "dlib", size, cost_us(size));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int argc, char** argv) {
  return coppice::bench::run(argc, argv);
}
