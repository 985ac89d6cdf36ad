#include "trainables/mlp.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "trainables/blob.hpp"
#include "trainables/network.hpp"
#include "trainables/portable_math.hpp"

namespace coppice {

namespace {

constexpr std::string_view kBlobKind = "mlp";
constexpr std::uint32_t kBlobVersion = 1;
constexpr double kCosinePeriod = 60;
constexpr double kCosineFloor = 0.01;
constexpr double kExponentialFactor = 0.95;
constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr float kEpsilon = 1e-8F;

using Vector = Network<float>::Vector;
using Matrix = Network<float>::Matrix;

enum class OptimizerKind : std::uint8_t { kSgd = 0, kAdam = 1 };
enum class Schedule { kConstant, kCosine, kExponential };

struct Settings {
  double learning_rate = 0.01;
  std::size_t batch_size = 32;
  OptimizerKind optimizer = OptimizerKind::kSgd;
  double momentum = 0.9;
  double weight_decay = 0;
  Regularisation regularisation;
  Schedule schedule = Schedule::kConstant;
};

/// What an optimizer remembers between updates.
struct OptimizerState {
  Vector first;            ///< sgd: velocity; adam: mean of gradients
  Vector second;           ///< adam: mean of their squares; sgd: empty
  double beta1_power = 1;  ///< adam: kBeta1 to the number of updates
  double beta2_power = 1;

  static OptimizerState fresh(OptimizerKind kind, Eigen::Index weights) {
    OptimizerState state;
    state.first = Vector::Zero(weights);
    if (kind == OptimizerKind::kAdam) state.second = Vector::Zero(weights);
    return state;
  }
};

double schedule_factor(Schedule schedule, std::uint64_t steps_done) {
  const auto t = static_cast<double>(steps_done);
  switch (schedule) {
    case Schedule::kConstant:
      return 1;
    case Schedule::kCosine: {
      // (1 + cos(a)) / 2 = cos(a / 2)^2
      const double cosine = portable_cos(std::numbers::pi / 2 * std::min(t, kCosinePeriod) / kCosinePeriod);
      return std::max(kCosineFloor, cosine * cosine);
    }
    case Schedule::kExponential:
      return portable_exp(t * portable_log(kExponentialFactor));
  }
  check(false, "an unknown schedule");
  return 1;
}

std::string shape_text(std::int64_t hidden, std::int64_t layers) {
  return "hidden " + std::to_string(hidden) + " and layers " + std::to_string(layers);
}

Eigen::Map<const Matrix> samples_of(const DatasetPart& part, std::size_t features) {
  return {part.features.data(), static_cast<Eigen::Index>(features), static_cast<Eigen::Index>(part.rows())};
}

class Mlp final : public Trainable {
 public:
  explicit Mlp(Dataset dataset) : dataset_(std::move(dataset)) {}

  void setup(const Parameters& parameters, const TrialInfo& info) override;
  Metrics step() override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> state) override;

 private:
  double train_pass();
  void update_sgd(double rate);
  void update_adam(double rate);

  Dataset dataset_;
  std::uint64_t seed_ = 0;
  NetworkShape shape_;
  Settings settings_;
  std::optional<Network<float>> network_;  ///< from setup on
  OptimizerState optimizer_;
  std::uint64_t steps_ = 0;
  double flops_ = 0;
  Matrix batch_;  ///< workspace
  std::vector<int> batch_labels_;
};

void Mlp::setup(const Parameters& parameters, const TrialInfo& info) {
  require_parameters("mlp", mlp_parameters(), parameters);
  seed_ = info.seed;
  shape_.features = static_cast<Eigen::Index>(dataset_.features);
  shape_.classes = static_cast<Eigen::Index>(dataset_.classes);
  shape_.hidden = parameters.integer("hidden", 64);
  shape_.layers = parameters.integer("layers", 1);
  shape_.activation = parameters.text("activation", "relu") == "tanh" ? Activation::kTanh : Activation::kRelu;

  settings_.learning_rate = parameters.number("learning_rate", settings_.learning_rate);
  const auto batch_size = static_cast<std::uint64_t>(parameters.integer("batch_size", 32));
  settings_.batch_size =
      static_cast<std::size_t>(std::min<std::uint64_t>(batch_size, dataset_.training.rows()));
  settings_.optimizer =
      parameters.text("optimizer", "sgd") == "adam" ? OptimizerKind::kAdam : OptimizerKind::kSgd;
  settings_.momentum = parameters.number("momentum", settings_.momentum);
  settings_.weight_decay = parameters.number("weight_decay", 0);
  settings_.regularisation.dropout = parameters.number("dropout", 0);
  settings_.regularisation.label_smoothing = parameters.number("label_smoothing", 0);
  const std::string schedule = parameters.text("schedule", "constant");
  settings_.schedule = schedule == "cosine"        ? Schedule::kCosine
                       : schedule == "exponential" ? Schedule::kExponential
                                                   : Schedule::kConstant;

  network_.emplace(shape_);
  network_->initialise(seed_);
  optimizer_ = OptimizerState::fresh(settings_.optimizer, network_->weights().size());
  steps_ = 0;
  flops_ = 0;
}

void Mlp::update_sgd(double rate) {
  Vector& weights = network_->weights();
  optimizer_.first = static_cast<float>(settings_.momentum) * optimizer_.first + network_->gradient();
  if (settings_.weight_decay > 0) {
    const auto decay = static_cast<float>(settings_.weight_decay);
    for (const auto& [offset, size] : network_->matrices()) {
      optimizer_.first.segment(offset, size) += decay * weights.segment(offset, size);
    }
  }
  weights -= static_cast<float>(rate) * optimizer_.first;
}

void Mlp::update_adam(double rate) {
  Vector& weights = network_->weights();
  const Vector& gradient = network_->gradient();
  if (settings_.weight_decay > 0) {
    const auto keep = static_cast<float>(1 - rate * settings_.weight_decay);
    for (const auto& [offset, size] : network_->matrices()) weights.segment(offset, size) *= keep;
  }
  optimizer_.beta1_power *= kBeta1;
  optimizer_.beta2_power *= kBeta2;
  const auto b1 = static_cast<float>(kBeta1);
  const auto b2 = static_cast<float>(kBeta2);
  optimizer_.first = b1 * optimizer_.first + (1 - b1) * gradient;
  optimizer_.second.array() = b2 * optimizer_.second.array() + (1 - b2) * gradient.array().square();
  const auto scale = static_cast<float>(rate / (1 - optimizer_.beta1_power));
  const auto correction = static_cast<float>(1 / std::sqrt(1 - optimizer_.beta2_power));
  // A plain loop: the correctly rounded square root and quotient, whatever Eigen's packet maths does.
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    weights[i] -= scale * optimizer_.first[i] / (std::sqrt(optimizer_.second[i]) * correction + kEpsilon);
  }
}

/// Returns the mean loss over the pass.
double Mlp::train_pass() {
  const DatasetPart& training = dataset_.training;
  std::vector<std::size_t> order(training.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng shuffle(seed_, Purpose::kTrain, steps_, hash_name("shuffle"));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[shuffle.below(i)]);
  Rng dropout(seed_, Purpose::kTrain, steps_, hash_name("dropout"));

  const double rate = settings_.learning_rate * schedule_factor(settings_.schedule, steps_);
  const auto all = samples_of(training, dataset_.features);
  batch_.resize(shape_.features, static_cast<Eigen::Index>(settings_.batch_size));
  double total = 0;
  for (std::size_t start = 0; start < order.size(); start += settings_.batch_size) {
    const std::size_t count = std::min(settings_.batch_size, order.size() - start);
    batch_labels_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      batch_.col(static_cast<Eigen::Index>(i)) = all.col(static_cast<Eigen::Index>(order[start + i]));
      batch_labels_[i] = training.labels[order[start + i]];
    }
    const double loss = network_->loss_and_gradient(batch_.leftCols(static_cast<Eigen::Index>(count)),
                                                    batch_labels_, settings_.regularisation, dropout);
    total += loss * static_cast<double>(count);
    if (settings_.optimizer == OptimizerKind::kAdam) {
      update_adam(rate);
    } else {
      update_sgd(rate);
    }
  }
  flops_ += network_->training_flops_per_sample() * static_cast<double>(order.size());
  return total / static_cast<double>(order.size());
}

Metrics Mlp::step() {
  check(network_.has_value(), "step before setup");
  const double loss = train_pass();
  ++steps_;
  const auto validation =
      network_->evaluate(samples_of(dataset_.validation, dataset_.features), dataset_.validation.labels);
  const auto test = network_->evaluate(samples_of(dataset_.test, dataset_.features), dataset_.test.labels);
  return {{"train_loss", std::isfinite(loss) ? loss : std::numeric_limits<double>::quiet_NaN()},
          {"val_loss", validation.loss},
          {"val_accuracy", validation.accuracy},
          {"test_accuracy", test.accuracy},
          {"flops", flops_}};
}

std::vector<std::byte> Mlp::save() const {
  check(network_.has_value(), "save before setup");
  BlobWriter out(kBlobKind, kBlobVersion);
  for (const Eigen::Index size : {shape_.features, shape_.classes, shape_.hidden, shape_.layers}) {
    out.put(static_cast<std::int64_t>(size));
  }
  out.put(steps_);
  out.put(flops_);
  out.put(static_cast<std::uint8_t>(settings_.optimizer));
  out.put(optimizer_.beta1_power);
  out.put(optimizer_.beta2_power);
  for (const Vector* part : {&network_->weights(), &optimizer_.first, &optimizer_.second}) {
    out.put_all(std::span<const float>(part->data(), static_cast<std::size_t>(part->size())));
  }
  return out.finish();
}

void Mlp::load(std::span<const std::byte> state) {
  check(network_.has_value(), "load before setup");
  BlobReader in(state, kBlobKind, kBlobVersion);
  const auto features = in.get<std::int64_t>();
  const auto classes = in.get<std::int64_t>();
  const auto hidden = in.get<std::int64_t>();
  const auto layers = in.get<std::int64_t>();
  if (features != shape_.features || classes != shape_.classes) {
    throw std::invalid_argument("the checkpoint was trained on data with " + std::to_string(features) +
                                " features and " + std::to_string(classes) +
                                " classes, the dataset here has " + std::to_string(shape_.features) +
                                " and " + std::to_string(shape_.classes));
  }
  if (hidden != shape_.hidden || layers != shape_.layers) {
    throw std::invalid_argument("the checkpoint is of an mlp with " + shape_text(hidden, layers) +
                                ", this trial has " + shape_text(shape_.hidden, shape_.layers) +
                                "; mark both as fixed: true in the space, so that clones inherit them");
  }
  const auto steps = in.get<std::uint64_t>();
  const auto flops = in.get<double>();
  const auto kind = in.get<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(OptimizerKind::kAdam)) {
    throw std::invalid_argument("the checkpoint names an unknown optimizer, " + std::to_string(kind));
  }
  OptimizerState optimizer;
  optimizer.beta1_power = in.get<double>();
  optimizer.beta2_power = in.get<double>();
  const auto count = static_cast<std::size_t>(network_->weights().size());
  const bool adam = kind == static_cast<std::uint8_t>(OptimizerKind::kAdam);
  const auto take = [&in](std::size_t size) -> Vector {
    const std::vector<float> values = in.get_all<float>(size);
    return Eigen::Map<const Vector>(values.data(), static_cast<Eigen::Index>(values.size()));
  };
  Vector weights = take(count);
  optimizer.first = take(count);
  optimizer.second = take(adam ? count : 0);
  in.finish();

  const bool same = adam == (settings_.optimizer == OptimizerKind::kAdam);
  if (!same) optimizer = OptimizerState::fresh(settings_.optimizer, weights.size());
  network_->weights() = std::move(weights);
  optimizer_ = std::move(optimizer);
  steps_ = steps;
  flops_ = flops;
}

}  // namespace

const std::vector<ParameterInfo>& mlp_parameters() {
  using Kind = ParameterKind;
  static const std::vector<ParameterInfo> table = {
      {.name = "learning_rate", .low = 0, .low_open = true},
      {.name = "batch_size", .kind = Kind::kInteger, .low = 1},
      {.name = "hidden", .kind = Kind::kInteger, .low = 1, .high = 4096},
      {.name = "layers", .kind = Kind::kInteger, .low = 1, .high = 4},
      {.name = "optimizer", .kind = Kind::kChoice, .choices = {"sgd", "adam"}},
      {.name = "momentum", .low = 0, .high = 1, .high_open = true},
      {.name = "weight_decay", .low = 0},
      {.name = "dropout", .low = 0, .high = 1, .high_open = true},
      {.name = "activation", .kind = Kind::kChoice, .choices = {"relu", "tanh"}},
      {.name = "label_smoothing", .low = 0, .high = 1, .high_open = true},
      {.name = "schedule", .kind = Kind::kChoice, .choices = {"constant", "cosine", "exponential"}},
  };
  return table;
}

std::unique_ptr<Trainable> make_mlp(Dataset dataset) {
  return std::make_unique<Mlp>(std::move(dataset));
}

}  // namespace coppice
