#include "samplers/gp/subset.hpp"

#include <algorithm>
#include <numeric>

namespace coppice::gp {

std::vector<std::size_t> choose_observations(std::span<const double> scores, std::size_t limit) {
  const std::size_t n = scores.size();
  std::vector<std::size_t> indices(n);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  if (n <= limit) return indices;
  std::stable_sort(indices.begin(), indices.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  const std::size_t third = limit / 3;
  std::vector<bool> kept(n, false);
  for (std::size_t i = 0; i < third; ++i) kept[indices[i]] = true;
  for (std::size_t i = n - third; i < n; ++i) kept[i] = true;
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < n; ++i) {
    if (!kept[i]) rest.push_back(i);
  }
  const std::size_t more = std::min(rest.size(), limit - (n - rest.size()));
  for (std::size_t i = 0; i < more; ++i) kept[rest[i * rest.size() / more]] = true;
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < n; ++i) {
    if (kept[i]) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace coppice::gp
