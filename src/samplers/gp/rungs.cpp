#include "samplers/gp/rungs.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <optional>

#include "samplers/gp/warp.hpp"

namespace coppice::gp {

namespace {

/// Of the slope's prior, in trials one standard deviation from the mean.
constexpr double kPriorTrials = 1;

struct Scale {
  double mean = 0;
  double deviation = 1;
};

struct Pair {
  double below;  ///< on the common scale
  double score;
};

/// Population mean and standard deviation of the scores.
Scale moments(const std::vector<double>& values) {
  const Eigen::Map<const Eigen::VectorXd> v(values.data(), static_cast<Eigen::Index>(values.size()));
  const double mean = v.mean();
  return {mean, std::sqrt((v.array() - mean).square().mean())};
}

Scale from_pairs(const std::vector<Pair>& pairs, double deviation_below) {
  const auto n = static_cast<double>(pairs.size());
  Pair mean{0, 0};
  for (const Pair& pair : pairs) {
    mean.below += pair.below / n;
    mean.score += pair.score / n;
  }
  double squares = kPriorTrials;
  double products = kPriorTrials * deviation_below;
  for (const Pair& pair : pairs) {
    squares += (pair.below - mean.below) * (pair.below - mean.below);
    products += (pair.below - mean.below) * (pair.score - mean.score);
  }
  const double slope = products / squares;
  double rest = 0;
  for (const Pair& pair : pairs) {
    const double residual = pair.score - mean.score - slope * (pair.below - mean.below);
    rest += residual * residual / n;
  }
  return {mean.score - slope * mean.below, std::sqrt(slope * slope + rest)};
}

}  // namespace

std::vector<double> on_one_scale(std::span<const RungScore> scores, std::size_t rungs) {
  std::vector<double> scaled(scores.size(), kWorst);
  double largest = 0;
  for (const RungScore& score : scores) {
    if (score.score < kWorst) largest = std::max(largest, std::abs(score.score));
  }
  // Near the largest magnitude, so that no square is beyond a double; a power of two, so that nothing is
  // rounded.
  const double unit = largest > 0 ? std::ldexp(1.0, std::ilogb(largest)) : 1;
  std::vector<std::optional<std::size_t>> below(scores.size());  // the trial's score with a number before it
  for (std::size_t i = 1; i < scores.size(); ++i) {
    if (scores[i - 1].trial != scores[i].trial) continue;
    below[i] = scores[i - 1].score < kWorst ? i - 1 : below[i - 1];
  }
  double deviation = 0;
  for (std::size_t rung = 0; rung < rungs; ++rung) {
    std::vector<std::size_t> members;
    std::vector<double> raw;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (scores[i].rung != rung || !(scores[i].score < kWorst)) continue;
      members.push_back(i);
      raw.push_back(scores[i].score / unit);
    }
    if (members.empty()) continue;
    const Eigen::VectorXd capped =
        gp::capped(Eigen::Map<const Eigen::VectorXd>(raw.data(), static_cast<Eigen::Index>(raw.size())));
    std::vector<double> values(capped.begin(), capped.end());
    std::vector<Pair> pairs;
    for (std::size_t m = 0; m < members.size(); ++m) {
      if (below[members[m]]) pairs.push_back({scaled[*below[members[m]]], values[m]});
    }
    Scale scale = pairs.empty() || !(deviation > 0) ? moments(values) : from_pairs(pairs, deviation);
    if (!(scale.deviation > 0)) scale.deviation = deviation > 0 ? deviation : 1;
    for (std::size_t m = 0; m < members.size(); ++m) {
      scaled[members[m]] = (values[m] - scale.mean) / scale.deviation;
    }
    deviation = scale.deviation;
  }
  return scaled;
}

}  // namespace coppice::gp
