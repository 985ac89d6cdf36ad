/// CMA-ES: the normal distribution that points are drawn from, and how λ ranked points change it.
/// README.md has the formulas and their sources.
///
/// A value, a function of what it was given. Written by one thread; read by any number while nobody writes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "coppice/rng.hpp"
#include "samplers/cmaes/constants.hpp"

namespace coppice::cmaes {

/// One coordinate of a grid: the edges between its cells, ascending. Empty: a continuous coordinate.
using Edges = std::vector<double>;

struct Start {
  Eigen::VectorXd mean;
  double sigma = 1;
  int population = 0;
  bool adapt_learning_rate = false;
};

class Evolution {
 public:
  explicit Evolution(const Start& start);

  const Constants& constants() const { return *constants_; }
  const Eigen::VectorXd& mean() const { return mean_; }
  double sigma() const { return sigma_; }
  int generation() const { return generation_; }

  Eigen::VectorXd sample(Rng& rng) const;
  /// The point, or where it lies farther off than a drawn one would, one in its direction that doesn't: what
  /// another distribution proposed must not tear this one apart. Hansen, "Injecting external solutions into
  /// CMA-ES" (arXiv:1110.4181), equation 3.
  Eigen::VectorXd within_reach(const Eigen::VectorXd& point) const;
  /// Takes one generation. `points` has a column for each, best first; `best` and `worst` are their scores.
  /// The points need not be drawn from the current distribution. Precondition: `population` columns.
  void update(const Eigen::MatrixXd& points, double best, double worst);
  /// Keeps every cell beside the mean's within reach: a coordinate with edges leaves its cell with
  /// probability 1 / (dimension * population) at least. To be called after `update`.
  void keep_margins(const std::vector<Edges>& edges);
  /// Why it is pointless to go on; nothing where it isn't.
  std::optional<std::string> stop_reason() const;

 private:
  void decompose();
  void adapt_learning_rates(const Eigen::VectorXd& old_mean, const Eigen::MatrixXd& old_covariance);

  struct LearningRates {
    double mean = 1;
    double covariance = 1;
    Eigen::VectorXd mean_signal;
    Eigen::MatrixXd covariance_signal;
    double mean_power = 0;
    double covariance_power = 0;
  };

  std::shared_ptr<const Constants> constants_;  ///< shared by copies: it never changes
  Eigen::VectorXd mean_;
  double sigma_;
  double start_sigma_;
  Eigen::MatrixXd covariance_;  ///< C
  Eigen::MatrixXd axes_;        ///< B: its eigenvectors
  Eigen::VectorXd lengths_;     ///< D: square roots of its eigenvalues
  Eigen::VectorXd stretch_;     ///< the diagonal of A, which margins stretch; 1 elsewhere
  Eigen::VectorXd path_sigma_;
  Eigen::VectorXd path_c_;
  int generation_ = 0;
  std::vector<double> best_;  ///< scores of the last generations, a ring by generation
  std::vector<double> worst_;
  std::optional<LearningRates> rates_;
};

}  // namespace coppice::cmaes
