#include "trainables/pbt_toy.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include "trainables/blob.hpp"

namespace coppice {

namespace {

constexpr std::string_view kBlobKind = "pbt_toy";
constexpr std::uint32_t kBlobVersion = 1;
constexpr double kStart = 0.9;
constexpr double kStepSize = 0.01;

class PbtToy final : public Trainable {
 public:
  void setup(const Parameters& parameters, const TrialInfo&) override {
    require_parameters("pbt_toy", pbt_toy_parameters(), parameters);
    h_ = {parameters.number("h1", 0), parameters.number("h2", 0)};
  }

  Metrics step() override {
    for (std::size_t j = 0; j < theta_.size(); ++j) theta_[j] -= kStepSize * 2 * h_[j] * theta_[j];
    const double value = 1.2 - (theta_[0] * theta_[0] + theta_[1] * theta_[1]);
    return {{"value", value}, {"theta1", theta_[0]}, {"theta2", theta_[1]}};
  }

  std::vector<std::byte> save() const override {
    BlobWriter out(kBlobKind, kBlobVersion);
    for (const double theta : theta_) out.put(theta);
    return out.finish();
  }

  void load(std::span<const std::byte> state) override {
    BlobReader in(state, kBlobKind, kBlobVersion);
    std::array<double, 2> theta;
    for (double& coordinate : theta) coordinate = in.get<double>();
    in.finish();
    theta_ = theta;
  }

 private:
  std::array<double, 2> h_{};
  std::array<double, 2> theta_{kStart, kStart};
};

}  // namespace

const std::vector<ParameterInfo>& pbt_toy_parameters() {
  static const std::vector<ParameterInfo> table = {
      {.name = "h1", .low = 0, .high = 1, .required = true},
      {.name = "h2", .low = 0, .high = 1, .required = true},
  };
  return table;
}

std::unique_ptr<Trainable> make_pbt_toy() {
  return std::make_unique<PbtToy>();
}

}  // namespace coppice
