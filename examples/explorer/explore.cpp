// The learning rate goes up or down by a factor, and the rest is what perturb would make of it. See
// README.md.
#include <algorithm>
#include <array>
#include <coppice/explore.hpp>
#include <random>

void coppice_explore(const coppice::ExploreRequest& request, std::map<std::string, coppice::Value>& answer) {
  constexpr std::array factors = {0.5, 0.8, 1.25, 2.0};
  std::minstd_rand random(static_cast<unsigned>(request.seed));
  const double before = request.base.number("learning_rate", 0.1);
  answer.insert(request.perturbed.items().begin(), request.perturbed.items().end());
  answer["learning_rate"] = std::clamp(before * factors[random() % factors.size()], 1e-3, 1.0);
}
