#include "trainables/functions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>

#include "core/check.hpp"
#include "trainables/blob.hpp"

namespace coppice {

namespace {

constexpr std::string_view kBlobKind = "function";
constexpr std::uint32_t kBlobVersion = 1;

/// A function of x1 ... xd as a trainable. `dimensions` 0: as many as the trial gives.
class FunctionTrainable final : public Trainable {
 public:
  using Function = double (*)(std::span<const double>);

  FunctionTrainable(std::string_view name, int dimensions, Function function)
      : name_(name), dimensions_(dimensions), function_(function) {}

  void setup(const Parameters& parameters, const TrialInfo&) override {
    const int given =
        static_cast<int>(std::count_if(parameters.items().begin(), parameters.items().end(),
                                       [](const auto& item) { return !is_absent(item.second); }));
    const int dimensions = dimensions_ > 0 ? dimensions_ : std::max(2, given);
    const std::vector<ParameterInfo> table = coordinates(dimensions);
    require_parameters(name_, table, parameters);
    std::vector<double> x;
    for (const ParameterInfo& info : table) x.push_back(parameters.number(info.name, 0));
    value_ = function_(x);
  }

  Metrics step() override {
    ++steps_;
    return {{"value", value_}};
  }

  std::vector<std::byte> save() const override {
    BlobWriter out(kBlobKind, kBlobVersion);
    out.put(steps_);
    return out.finish();
  }

  void load(std::span<const std::byte> state) override {
    BlobReader in(state, kBlobKind, kBlobVersion);
    const auto steps = in.get<std::uint64_t>();
    in.finish();
    steps_ = steps;
  }

 private:
  std::string_view name_;
  int dimensions_;
  Function function_;
  double value_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace

double branin(double x1, double x2) {
  constexpr double kPi = std::numbers::pi;
  const double root = x2 - 5.1 / (4 * kPi * kPi) * x1 * x1 + 5 / kPi * x1 - 6;
  return root * root + 10 * (1 - 1 / (8 * kPi)) * std::cos(x1) + 10;
}

double hartmann6(std::span<const double> x) {
  constexpr int kTerms = 4;
  constexpr int kDimensions = 6;
  constexpr std::array<double, kTerms> kWeight = {1.0, 1.2, 3.0, 3.2};
  constexpr double kShape[kTerms][kDimensions] = {{10, 3, 17, 3.5, 1.7, 8},
                                                  {0.05, 10, 17, 0.1, 8, 14},
                                                  {3, 3.5, 1.7, 10, 17, 8},
                                                  {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double kCentre[kTerms][kDimensions] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                                   {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                                   {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                                   {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  check(x.size() == kDimensions, "hartmann6 takes six values");
  double sum = 0;
  for (std::size_t i = 0; i < kTerms; ++i) {
    double exponent = 0;
    for (std::size_t j = 0; j < kDimensions; ++j) {
      exponent += kShape[i][j] * (x[j] - kCentre[i][j]) * (x[j] - kCentre[i][j]);
    }
    sum += kWeight[i] * std::exp(-exponent);
  }
  return -sum;
}

double rosenbrock(std::span<const double> x) {
  check(x.size() >= 2, "rosenbrock takes two values at least");
  double sum = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const double valley = x[i + 1] - x[i] * x[i];
    sum += 100 * valley * valley + (1 - x[i]) * (1 - x[i]);
  }
  return sum;
}

std::vector<ParameterInfo> coordinates(int count) {
  std::vector<ParameterInfo> table;
  for (int i = 1; i <= count; ++i) {
    ParameterInfo info;
    info.name = "x" + std::to_string(i);
    info.required = true;
    table.push_back(info);
  }
  return table;
}

std::unique_ptr<Trainable> make_branin() {
  return std::make_unique<FunctionTrainable>(
      "branin", 2, +[](std::span<const double> x) { return branin(x[0], x[1]); });
}

std::unique_ptr<Trainable> make_hartmann6() {
  return std::make_unique<FunctionTrainable>("hartmann6", 6, hartmann6);
}

std::unique_ptr<Trainable> make_rosenbrock() {
  return std::make_unique<FunctionTrainable>("rosenbrock", 0, rosenbrock);
}

}  // namespace coppice
