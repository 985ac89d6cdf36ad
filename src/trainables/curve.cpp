#include "trainables/curve.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "trainables/blob.hpp"

namespace coppice {

namespace {

constexpr std::string_view kBlobKind = "curve";
constexpr std::uint32_t kBlobVersion = 1;
constexpr double kBest = 0.3;
constexpr double kDefaultRate = 0.2;

class Curve final : public Trainable {
 public:
  void setup(const Parameters& parameters, const TrialInfo&) override {
    require_parameters("curve", curve_parameters(), parameters);
    const double x = parameters.number("x", 0);
    floor_ = (x - kBest) * (x - kBest);
    rate_ = parameters.number("rate", kDefaultRate);
    fail_at_ = parameters.integer("fail_at", 0);
  }

  Metrics step() override {
    if (steps_ + 1 == fail_at_) throw std::runtime_error("curve fails at step " + std::to_string(fail_at_));
    ++steps_;
    loss_ += rate_ * (floor_ - loss_);
    return {{"value", loss_}};
  }

  std::vector<std::byte> save() const override {
    BlobWriter out(kBlobKind, kBlobVersion);
    out.put(steps_);
    out.put(loss_);
    return out.finish();
  }

  void load(std::span<const std::byte> state) override {
    BlobReader in(state, kBlobKind, kBlobVersion);
    const auto steps = in.get<std::int64_t>();
    const auto loss = in.get<double>();
    in.finish();
    steps_ = steps;
    loss_ = loss;
  }

 private:
  double floor_ = 0;
  double rate_ = kDefaultRate;
  std::int64_t fail_at_ = 0;
  std::int64_t steps_ = 0;
  double loss_ = 1;
};

}  // namespace

const std::vector<ParameterInfo>& curve_parameters() {
  static const std::vector<ParameterInfo> table = {
      {.name = "x", .low = 0, .high = 1, .required = true},
      {.name = "rate", .low = 0, .high = 1, .low_open = true},
      {.name = "fail_at", .kind = ParameterKind::kInteger, .low = 1},
  };
  return table;
}

std::unique_ptr<Trainable> make_curve() {
  return std::make_unique<Curve>();
}

}  // namespace coppice
