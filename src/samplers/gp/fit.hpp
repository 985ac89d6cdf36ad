/// Hyperparameters of a Gaussian process: the maximum of the posterior density, i.e. of the marginal
/// likelihood times priors.
///
/// Priors, on standardised targets and coordinates of unit range:
/// * length scale: log-normal with location sqrt(2) + ln(D)/2 and scale sqrt(3), D the number of groups, so
///   that its mode grows as sqrt(D) (C. Hvarfner, E. O. Hellsten, L. Nardi, "Vanilla Bayesian optimization
///   performs great in high dimensions", ICML 2024);
/// * signal: log-normal about 1;
/// * noise: gamma with shape 1.1 and rate 30: small is likely, and vanishing is cheap.
///
/// Pure functions of their arguments, so a resumed study fits what the first one did; safe from any thread.
#pragma once

#include <Eigen/Core>
#include <optional>

#include "samplers/gp/kernel.hpp"

namespace coppice::gp {

/// Mode of the length scales' prior: exp(sqrt(2) + ln(D)/2 - 3).
double prior_length(int groups);

/// The log posterior density (up to a constant) of `log_hyperparameters` = (log lengths …, log signal, log
/// noise), and its gradient by them where not null. -inf where the covariance is not positive definite.
double log_posterior_density(const Training& training, Kernel kernel,
                             const Eigen::VectorXd& log_hyperparameters, Eigen::VectorXd* gradient);

struct Fit {
  Hyperparameters hyperparameters;
  double log_density = 0;
  int evaluations = 0;
};

/// Several starts on a part of the observations, then the best of them on all (on `kFitObservations` where
/// there are more). Nothing where no start could be evaluated, or there is no observation.
std::optional<Fit> fit_hyperparameters(const Training& training, Kernel kernel);

/// Hyperparameters are fitted to so many observations at most, an even choice out of all.
inline constexpr Eigen::Index kFitObservations = 256;

}  // namespace coppice::gp
