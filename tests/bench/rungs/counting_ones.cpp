#include "counting_ones.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "../../support/parameters.hpp"
#include "coppice/rng.hpp"
#include "schedulers/brackets.hpp"

namespace coppice::bench {

namespace {

constexpr Step kSteps = 81;
constexpr int kDrawsPerStep = 9;

SearchSpace ones_space(int each) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < each; ++i) {
    parameters.push_back(spaces::choice("choice" + std::to_string(i), {spaces::whole(0), spaces::whole(1)}));
  }
  for (int i = 0; i < each; ++i) {
    parameters.push_back(spaces::number("p" + std::to_string(i), 0, 1));
  }
  return SearchSpace(std::move(parameters));
}

class CountingOnes final : public CurveProblem {
 public:
  CountingOnes(int each, bool rungs, const std::vector<double>& budgets, std::uint64_t seed,
               bool from_scratch)
      : space_(ones_space(each)), budgets_(budgets), seed_(seed), from_scratch_(from_scratch) {
    measured_ = rungs ? rung_steps(1, kSteps, 3) : std::vector{kSteps};
  }

  const SearchSpace& space() const override { return space_; }
  Step steps() const override { return kSteps; }

  std::optional<double> train(TrialId trial, const Parameters& params, Step step) override {
    double ones = 0;
    double expected = 0;
    double& drawn = drawn_[trial];
    Rng rng(seed_, Purpose::kTrain, static_cast<std::uint64_t>(trial), static_cast<std::uint32_t>(step));
    for (const auto& [name, value] : params.items()) {
      if (const auto* choice = std::get_if<std::int64_t>(&value)) {
        ones += static_cast<double>(*choice);
      } else {
        const double p = std::get<double>(value);
        expected += p;
        for (int i = 0; i < kDrawsPerStep; ++i) drawn += rng.uniform() < p ? 1 : 0;
      }
    }
    ++charged_;
    const auto rung = std::find(measured_.begin(), measured_.end(), step);
    if (rung == measured_.end()) return std::nullopt;
    if (from_scratch_ && rung != measured_.begin()) charged_ += *std::prev(rung);
    const auto dimensions = static_cast<double>(space_.size());
    const double value = -(ones + drawn / static_cast<double>(step * kDrawsPerStep)) / dimensions;
    // What this evaluation was paid with may have been more than is left.
    while (columns_.size() < budgets_.size() &&
           static_cast<double>(charged_) > budgets_[columns_.size()] * static_cast<double>(kSteps)) {
      columns_.push_back(regret_);
    }
    if (columns_.size() == budgets_.size()) throw BudgetSpent();
    if (step > largest_ || (step == largest_ && value < best_)) {
      largest_ = step;
      best_ = value;
      regret_ = 1 - (ones + expected) / dimensions;
    }
    return value;
  }

  const std::vector<double>& columns() const { return columns_; }

 private:
  SearchSpace space_;
  std::vector<double> budgets_;
  std::uint64_t seed_;
  bool from_scratch_;
  std::vector<Step> measured_;
  std::map<TrialId, double> drawn_;
  std::int64_t charged_ = 0;  ///< steps
  Step largest_ = 0;
  double best_ = 0;
  double regret_ = 1;
  std::vector<double> columns_;
};

}  // namespace

std::vector<double> counting_ones(const Method& method, int each, const std::vector<double>& budgets,
                                  std::uint64_t seed, bool from_scratch) {
  CountingOnes problem(each, method.scheduler != "fifo", budgets, seed, from_scratch);
  run(method, problem, 1, seed);
  return problem.columns();
}

}  // namespace coppice::bench
