#include "samplers/cmaes/constants.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace coppice::cmaes {

namespace {
double square(double x) {
  return x * x;
}
}  // namespace

int default_population(int dimension) {
  return 4 + static_cast<int>(std::floor(3 * std::log(dimension)));
}

Constants make_constants(int dimension, int population) {
  check(dimension > 0 && population > 3, "a dimension and a population");
  Constants c;
  const double d = dimension;
  c.dimension = dimension;
  c.population = population;
  c.parents = population / 2;

  Eigen::VectorXd raw(population);
  for (int i = 0; i < population; ++i) raw[i] = std::log((population + 1) / 2.0) - std::log(i + 1.0);
  const auto effective = [](const auto& weights) { return square(weights.sum()) / weights.squaredNorm(); };
  c.mu_eff = effective(raw.head(c.parents));
  const double mu_eff_negative = effective(raw.tail(population - c.parents));

  c.c_1 = 2 / (square(d + 1.3) + c.mu_eff);
  c.c_mu = std::min(1 - c.c_1 - 1e-8, 2 * (c.mu_eff - 2 + 1 / c.mu_eff) / (square(d + 2) + c.mu_eff));
  c.c_sigma = (c.mu_eff + 2) / (d + c.mu_eff + 5);
  c.d_sigma = 1 + 2 * std::max(0.0, std::sqrt((c.mu_eff - 1) / (d + 1)) - 1) + c.c_sigma;
  c.c_c = (4 + c.mu_eff / d) / (d + 4 + 2 * c.mu_eff / d);
  c.chi = std::sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d));

  const double bound = std::min(
      {1 + c.c_1 / c.c_mu, 1 + 2 * mu_eff_negative / (c.mu_eff + 2), (1 - c.c_1 - c.c_mu) / (d * c.c_mu)});
  const double positive = raw.cwiseMax(0).sum();
  const double negative = -raw.cwiseMin(0).sum();
  c.weights = raw.unaryExpr([&](double w) { return w >= 0 ? w / positive : w * bound / negative; });
  return c;
}

}  // namespace coppice::cmaes
