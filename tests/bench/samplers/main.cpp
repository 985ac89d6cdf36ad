// Measures samplers. `samplers_bench regret`: median and quartiles of the regret on problems with a known
// optimum, one at a time or with simulated asynchronous workers. `samplers_bench cost`: microseconds for each
// ask and tell. `samplers_bench converge`: evaluations that CMA-ES itself needs to a precision of 1e-8.
// `samplers_bench serve`: for ../tasks.py.
// `samplers_bench evaluate`: lets beside.py run the samplers of others on the same problems.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "converge.hpp"
#include "cost.hpp"
#include "evaluate.hpp"
#include "run.hpp"
#include "samplers/catalog.hpp"
#include "serve.hpp"

namespace coppice::bench {
namespace {

struct Request {
  std::vector<std::string> samplers;
  std::vector<std::string> problems;
  std::vector<int> evaluations = {50, 100, 200};
  std::vector<int> sizes = {100, 1000, 10000};
  int workers = 1;
  int seeds = 30;
  int first_seed = 0;
  bool each = false;
};

void print_each(const std::string& problem, const std::string& sampler, int first_seed,
                const std::vector<std::vector<double>>& runs, const std::vector<int>& evaluations) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const int after : evaluations) {
      std::printf("%s %s %d %d %.17g\n", problem.c_str(), sampler.c_str(), first_seed + static_cast<int>(i),
                  after, runs[i][static_cast<std::size_t>(after) - 1]);
    }
  }
  std::fflush(stdout);
}

void print_regret(const Request& request) {
  if (!request.each)
    std::printf("%-14s %-10s %6s %8s  %10s %10s %10s  (%d seeds)\n", "problem", "sampler", "after", "workers",
                "lower", "median", "upper", request.seeds);
  const int most = *std::max_element(request.evaluations.begin(), request.evaluations.end());
  for (const std::string& name : request.problems) {
    const Problem& problem = *find_problem(name);
    for (const std::string& sampler : request.samplers) {
      if (!find_sampler(sampler)->check({}, problem.space).empty()) continue;
      std::vector<std::vector<double>> runs;
      for (int seed = 0; seed < request.seeds; ++seed) {
        const auto key = static_cast<std::uint64_t>(request.first_seed + seed);
        runs.push_back(
            regrets(*make_sampler(sampler, {}, problem.space, key), problem, most, request.workers, key));
      }
      if (request.each) {
        print_each(name, sampler, request.first_seed, runs, request.evaluations);
        continue;
      }
      for (const int after : request.evaluations) {
        std::vector<double> values;
        for (const auto& run : runs) values.push_back(run[static_cast<std::size_t>(after) - 1]);
        const Quartiles q = quartiles(std::move(values));
        std::printf("%-14s %-10s %6d %8d  %10.3g %10.3g %10.3g\n", name.c_str(), sampler.c_str(), after,
                    request.workers, q.lower, q.median, q.upper);
      }
      std::fflush(stdout);
    }
  }
}

void print_cost(const Request& request) {
  std::printf("%-10s %8s  %12s %12s %12s  (20 parameters, half of them floats)\n", "sampler", "trials",
              "ask us", "tell us", "tell us, 99%");
  for (const std::string& sampler : request.samplers) {
    for (const int size : request.sizes) {
      const Cost cost = measure_cost(sampler, size);
      std::printf("%-10s %8d  %12.2f %12.2f %12.2f\n", sampler.c_str(), size, cost.ask_us, cost.tell_us,
                  cost.tell_99_us);
      std::fflush(stdout);
    }
  }
}

void print_convergence(const Request& request) {
  std::printf("%-22s %4s  %12s  %s  (%d runs)\n", "function", "d", "evaluations", "solved", request.seeds);
  for (const Convergence& result : measure_convergence(request.seeds)) {
    std::printf("%-22s %4d  %12.0f  %d\n", result.function.c_str(), result.dimension, result.evaluations,
                result.solved);
    std::fflush(stdout);
  }
}

int run(int argc, char** argv) {
  Request request;
  for (const SamplerInfo& entry : samplers()) request.samplers.push_back(entry.name);
  std::vector<std::string> plain;
  for (const Problem& problem : problems()) {
    request.problems.push_back(problem.name);
    if (problem.plain()) plain.push_back(problem.name);
  }
  const CLI::IsMember known_sampler(request.samplers);
  const CLI::IsMember known_problem(request.problems);

  CLI::App app("Measures samplers");
  app.require_subcommand(1);
  CLI::App* regret = app.add_subcommand("regret", "how near to the optimum");
  regret->add_option("--samplers", request.samplers)->delimiter(',')->check(known_sampler);
  regret->add_option("--problems", request.problems)->delimiter(',')->check(known_problem);
  regret->add_option("--after", request.evaluations, "evaluations")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  regret->add_option("--workers", request.workers)->check(CLI::PositiveNumber);
  regret->add_option("--seeds", request.seeds)->check(CLI::PositiveNumber);
  regret->add_option("--first-seed", request.first_seed)->check(CLI::NonNegativeNumber);
  regret->add_flag("--each", request.each, "of every run: problem, sampler, seed, evaluations, regret");
  CLI::App* cost = app.add_subcommand("cost", "time for each proposal and each result");
  cost->add_option("--samplers", request.samplers)->delimiter(',')->check(known_sampler);
  cost->add_option("--trials", request.sizes)->delimiter(',')->check(CLI::PositiveNumber);
  CLI::App* converge = app.add_subcommand("converge", "CMA-ES to 1e-8 on classic functions");
  converge->add_option("--seeds", request.seeds)->check(CLI::PositiveNumber);
  const CLI::App* lines = app.add_subcommand("serve", "JSON lines: see serve.hpp");
  std::string evaluated;
  CLI::App* evaluation = app.add_subcommand("evaluate", "values of a problem, a line of JSON for each");
  evaluation->add_option("problem", evaluated)->required()->check(CLI::IsMember(plain));
  CLI11_PARSE(app, argc, argv);

  if (*regret) print_regret(request);
  if (*cost) print_cost(request);
  if (*converge) print_convergence(request);
  if (*lines) serve(std::cin, std::cout);
  if (*evaluation) evaluate(*find_problem(evaluated), std::cin, std::cout);
  return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int argc, char** argv) {
  return coppice::bench::run(argc, argv);
}
