#include "noisy.hpp"

#include <cmath>

#include "../../support/parameters.hpp"
#include "coppice/rng.hpp"

namespace coppice::bench {

namespace {

constexpr Step kSteps = 27;

class Noisy final : public CurveProblem {
 public:
  Noisy(double run_sd, const std::vector<double>& budgets, std::uint64_t seed)
      : run_sd_(run_sd), budgets_(budgets), seed_(seed) {}

  const SearchSpace& space() const override { return space_; }
  Step steps() const override { return kSteps; }

  std::optional<double> train(TrialId trial, const Parameters& params, Step step) override {
    while (columns_.size() < budgets_.size() &&
           static_cast<double>(charged_) >= budgets_[columns_.size()] * static_cast<double>(kSteps)) {
      columns_.push_back(true_loss_);
    }
    if (columns_.size() == budgets_.size()) throw BudgetSpent();
    ++charged_;
    const double x = params.number("x", 0);
    const double noise = run_sd_ * normal(trial, 0) + 0.3 * normal(trial, step) / std::sqrt(step);
    const double value = x + noise;
    if (step > largest_ || (step == largest_ && value < best_)) {
      largest_ = step;
      best_ = value;
      true_loss_ = x;
    }
    return value;
  }

  const std::vector<double>& columns() const { return columns_; }

 private:
  double normal(TrialId trial, Step step) const {
    return Rng(seed_, Purpose::kTrain, static_cast<std::uint64_t>(trial), static_cast<std::uint32_t>(step))
        .normal();
  }

  SearchSpace space_ = SearchSpace({spaces::number("x", 0, 1)});
  double run_sd_;
  std::vector<double> budgets_;
  std::uint64_t seed_;
  std::int64_t charged_ = 0;  ///< steps
  Step largest_ = 0;
  double best_ = 0;
  double true_loss_ = 1;
  std::vector<double> columns_;
};

}  // namespace

std::vector<double> noisy(const Method& method, double run_sd, const std::vector<double>& budgets,
                          std::uint64_t seed) {
  Noisy problem(run_sd, budgets, seed);
  run(method, problem, 1, seed);
  return problem.columns();
}

}  // namespace coppice::bench
