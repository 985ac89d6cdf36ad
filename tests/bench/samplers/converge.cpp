#include "converge.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>

#include <Eigen/Core>

#include "coppice/rng.hpp"
#include "samplers/cmaes/evolution.hpp"
#include "samplers/cmaes/restarts.hpp"

namespace coppice::bench {

namespace {

using Eigen::VectorXd;
using Function = double (*)(const VectorXd&);

constexpr double kTarget = 1e-8;
constexpr int kMostEvaluations = 200000;

/// i / (d - 1).
double part(Eigen::Index i, const VectorXd& x) {
  return static_cast<double>(i) / static_cast<double>(x.size() - 1);
}

double sphere(const VectorXd& x) {
  return x.squaredNorm();
}

double ellipsoid(const VectorXd& x) {
  double sum = 0;
  for (Eigen::Index i = 0; i < x.size(); ++i) sum += std::pow(1e6, part(i, x)) * x[i] * x[i];
  return sum;
}

double cigar(const VectorXd& x) {
  return x[0] * x[0] + 1e6 * x.tail(x.size() - 1).squaredNorm();
}

double rosenbrock(const VectorXd& x) {
  double sum = 0;
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    sum += 100 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1 - x[i], 2);
  }
  return sum;
}

double different_powers(const VectorXd& x) {
  double sum = 0;
  for (Eigen::Index i = 0; i < x.size(); ++i) sum += std::pow(std::abs(x[i]), 2 + 4 * part(i, x));
  return std::sqrt(sum);
}

double rastrigin(const VectorXd& x) {
  double sum = 0;
  for (const double v : x) sum += v * v - 10 * std::cos(2 * std::numbers::pi * v) + 10;
  return sum;
}

struct Run {
  int evaluations = 0;
  bool solved = false;
};

Run run(Function f, int dimension, std::uint64_t seed) {
  Rng rng(seed, Purpose::kSimulate, static_cast<std::uint64_t>(dimension));
  cmaes::Restarts restarts(cmaes::RestartKind::kIpop, cmaes::default_population(dimension), 2);
  Run result;
  while (true) {
    VectorXd mean(dimension);
    for (double& value : mean) value = 8 * rng.uniform() - 4;
    cmaes::Evolution evolution({mean, restarts.run().sigma, restarts.run().population, false});
    const int begun = result.evaluations;
    const int population = restarts.run().population;
    std::vector<double> values(static_cast<std::size_t>(population));
    std::vector<int> order(static_cast<std::size_t>(population));
    Eigen::MatrixXd points(dimension, population);
    while (!evolution.stop_reason()) {
      for (int i = 0; i < population; ++i) {
        points.col(i) = evolution.sample(rng);
        values[static_cast<std::size_t>(i)] = f(points.col(i));
        if (++result.evaluations == kMostEvaluations) return result;
        if (values[static_cast<std::size_t>(i)] < kTarget) {
          result.solved = true;
          return result;
        }
      }
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [&](int a, int b) {
        return values[static_cast<std::size_t>(a)] < values[static_cast<std::size_t>(b)];
      });
      evolution.update(points(Eigen::all, order), values[static_cast<std::size_t>(order.front())],
                       values[static_cast<std::size_t>(order.back())]);
    }
    restarts.next(result.evaluations - begun, rng);
  }
}

}  // namespace

std::vector<Convergence> measure_convergence(int runs) {
  struct Named {
    const char* name;
    Function function;
  };
  const Named functions[] = {{"sphere", sphere},
                             {"ellipsoid", ellipsoid},
                             {"cigar", cigar},
                             {"rosenbrock", rosenbrock},
                             {"different powers", different_powers},
                             {"rastrigin", rastrigin}};
  std::vector<Convergence> results;
  for (const Named& named : functions) {
    for (const int dimension : {2, 5, 10, 20}) {
      if (named.function == rastrigin && dimension == 20) continue;
      Convergence result{named.name, dimension, 0, 0};
      for (int i = 0; i < runs; ++i) {
        const Run one = run(named.function, dimension, static_cast<std::uint64_t>(i));
        result.evaluations += one.evaluations;
        result.solved += one.solved ? 1 : 0;
      }
      result.evaluations =
          result.solved > 0 ? result.evaluations / result.solved : std::numeric_limits<double>::infinity();
      results.push_back(result);
    }
  }
  return results;
}

}  // namespace coppice::bench
