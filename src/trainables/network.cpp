#include "trainables/network.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "core/check.hpp"
#include "trainables/portable_math.hpp"

namespace coppice {

namespace {

/// Eigen asks the processor for its cache sizes and cuts long sums accordingly: the order of addition, and so
/// the last bits, would depend on the machine. These are the sizes of a common core.
void pin_blocking() {
  static std::once_flag once;
  std::call_once(once, [] { Eigen::setCpuCacheSizes(32 * 1024, 512 * 1024, 4 * 1024 * 1024); });
}

/// Turns one column of logits into the derivatives of the loss by them, times `weight`; returns the loss.
template <class Scalar>
double softmax_loss(Scalar* logits, Eigen::Index classes, int label, double smoothing, double weight) {
  const double top = *std::max_element(logits, logits + classes);
  double total = 0;
  for (Eigen::Index k = 0; k < classes; ++k) total += portable_exp(static_cast<double>(logits[k]) - top);
  const double log_total = top + portable_log(total);
  const double spread = smoothing / static_cast<double>(classes);
  double loss = 0;
  for (Eigen::Index k = 0; k < classes; ++k) {
    const double log_probability = static_cast<double>(logits[k]) - log_total;
    const double target = (k == label ? 1 - smoothing : 0) + spread;
    if (target != 0) loss -= target * log_probability;
    logits[k] = static_cast<Scalar>((portable_exp(log_probability) - target) * weight);
  }
  return loss;
}

}  // namespace

template <class Scalar>
Network<Scalar>::Network(const NetworkShape& shape) : shape_(shape) {
  check(shape.features > 0 && shape.classes > 1 && shape.hidden > 0 && shape.layers > 0, "an empty network");
  pin_blocking();
  Eigen::Index offset = 0;
  for (Eigen::Index i = 0; i <= shape.layers; ++i) {
    const Layer layer{i == 0 ? shape.features : shape.hidden,
                      i == shape.layers ? shape.classes : shape.hidden, offset};
    matrices_.emplace_back(offset, layer.inputs * layer.outputs);
    offset += layer.inputs * layer.outputs + layer.outputs;
    layers_.push_back(layer);
  }
  weights_ = Vector::Zero(offset);
  gradient_ = Vector::Zero(offset);
  outputs_.resize(layers_.size());
  deltas_.resize(layers_.size());
  masks_.resize(layers_.size() - 1);
}

template <class Scalar>
void Network<Scalar>::initialise(std::uint64_t seed) {
  weights_.setZero();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const bool he = shape_.activation == Activation::kRelu && i + 1 < layers_.size();
    const double fan = static_cast<double>(he ? layer.inputs : layer.inputs + layer.outputs);
    const double bound = std::sqrt(6 / fan);
    Rng rng(seed, Purpose::kTrain, i, hash_name("weights"));
    for (Eigen::Index j = 0; j < layer.inputs * layer.outputs; ++j) {
      weights_[layer.offset + j] = static_cast<Scalar>(bound * (2 * rng.uniform() - 1));
    }
  }
}

template <class Scalar>
auto Network<Scalar>::matrix(const Layer& layer) const -> Eigen::Map<const Matrix> {
  return {weights_.data() + layer.offset, layer.outputs, layer.inputs};
}

template <class Scalar>
auto Network<Scalar>::bias(const Layer& layer) const -> Eigen::Map<const Vector> {
  return {weights_.data() + layer.offset + layer.inputs * layer.outputs, layer.outputs};
}

template <class Scalar>
void Network<Scalar>::reserve(Eigen::Index samples) {
  if (outputs_.front().cols() >= samples) return;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    outputs_[i].resize(layers_[i].outputs, samples);
    deltas_[i].resize(layers_[i].outputs, samples);
    if (i + 1 < layers_.size()) masks_[i].resize(layers_[i].outputs, samples);
  }
}

template <class Scalar>
void Network<Scalar>::activate(const Layer& layer, Matrix& output, Eigen::Index samples) const {
  Scalar* values = output.data();
  const Eigen::Index count = layer.outputs * samples;
  if (shape_.activation == Activation::kRelu) {
    // Not std::max: NaN must stay NaN.
    for (Eigen::Index i = 0; i < count; ++i) values[i] = values[i] < Scalar{0} ? Scalar{0} : values[i];
  } else {
    for (Eigen::Index i = 0; i < count; ++i) values[i] = static_cast<Scalar>(portable_tanh(values[i]));
  }
}

template <class Scalar>
void Network<Scalar>::drop(std::size_t layer, Eigen::Index samples, double probability, Rng& rng) {
  const auto threshold = static_cast<std::uint64_t>(probability * 4294967296.0);
  const auto kept = static_cast<Scalar>(1 / (1 - probability));
  Scalar* mask = masks_[layer].data();
  for (Eigen::Index i = 0; i < layers_[layer].outputs * samples; ++i)
    mask[i] = rng() < threshold ? Scalar{0} : kept;
  outputs_[layer].leftCols(samples).array() *= masks_[layer].leftCols(samples).array();
}

template <class Scalar>
void Network<Scalar>::forward(const Samples& x, double dropout, Rng* rng) {
  const Eigen::Index samples = x.cols();
  reserve(samples);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    auto out = outputs_[i].leftCols(samples);
    if (i == 0) {
      out.noalias() = matrix(layers_[i]) * x;
    } else {
      out.noalias() = matrix(layers_[i]) * outputs_[i - 1].leftCols(samples);
    }
    out.colwise() += bias(layers_[i]);
    if (i + 1 == layers_.size()) break;
    activate(layers_[i], outputs_[i], samples);
    if (dropout > 0) drop(i, samples, dropout, *rng);
  }
}

/// deltas_.back() holds the loss's derivatives by the logits.
template <class Scalar>
void Network<Scalar>::backward(const Samples& x, bool dropped) {
  const Eigen::Index samples = x.cols();
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const Layer& layer = layers_[i];
    const auto delta = deltas_[i].leftCols(samples);
    Eigen::Map<Matrix> d_matrix(gradient_.data() + layer.offset, layer.outputs, layer.inputs);
    Eigen::Map<Vector> d_bias(gradient_.data() + layer.offset + layer.inputs * layer.outputs, layer.outputs);
    d_bias.setZero();
    for (Eigen::Index j = 0; j < samples; ++j) d_bias += delta.col(j);
    if (i == 0) {
      d_matrix.noalias() = delta * x.transpose();
      return;
    }
    d_matrix.noalias() = delta * outputs_[i - 1].leftCols(samples).transpose();
    auto below = deltas_[i - 1].leftCols(samples);
    below.noalias() = matrix(layer).transpose() * delta;
    const Scalar* output = outputs_[i - 1].data();
    const Scalar* mask = dropped ? masks_[i - 1].data() : nullptr;
    Scalar* down = deltas_[i - 1].data();
    for (Eigen::Index j = 0; j < layers_[i - 1].outputs * samples; ++j) {
      const Scalar scale = mask != nullptr ? mask[j] : Scalar{1};
      if (shape_.activation == Activation::kRelu) {
        // Positive only where the unit was on and kept.
        down[j] = output[j] > Scalar{0} ? down[j] * scale : (std::isnan(output[j]) ? output[j] : Scalar{0});
      } else {
        // The output is scale * tanh: undo the scale before taking 1 - tanh^2.
        const Scalar value = scale != Scalar{0} ? output[j] / scale : Scalar{0};
        down[j] *= scale * (Scalar{1} - value * value);
      }
    }
  }
}

template <class Scalar>
double Network<Scalar>::loss_and_gradient(const Samples& x, std::span<const int> labels,
                                          const Regularisation& regularisation, Rng& dropout_rng) {
  const Eigen::Index samples = x.cols();
  check(samples > 0 && static_cast<std::size_t>(samples) == labels.size() && x.rows() == shape_.features,
        "samples and labels of a batch differ in number");
  forward(x, regularisation.dropout, &dropout_rng);
  deltas_.back().leftCols(samples) = outputs_.back().leftCols(samples);
  double total = 0;
  for (Eigen::Index j = 0; j < samples; ++j) {
    total += softmax_loss(deltas_.back().col(j).data(), shape_.classes, labels[static_cast<std::size_t>(j)],
                          regularisation.label_smoothing, 1.0 / static_cast<double>(samples));
  }
  backward(x, regularisation.dropout > 0);
  return total / static_cast<double>(samples);
}

template <class Scalar>
auto Network<Scalar>::evaluate(const Samples& x, std::span<const int> labels) -> Score {
  const Eigen::Index samples = x.cols();
  check(samples > 0 && static_cast<std::size_t>(samples) == labels.size() && x.rows() == shape_.features,
        "samples and labels of a part differ in number");
  forward(x, 0, nullptr);
  double total = 0;
  Eigen::Index right = 0;
  for (Eigen::Index j = 0; j < samples; ++j) {
    Scalar* logits = outputs_.back().col(j).data();
    const int label = labels[static_cast<std::size_t>(j)];
    if (std::max_element(logits, logits + shape_.classes) - logits == label) ++right;
    total += softmax_loss(logits, shape_.classes, label, 0, 1);
  }
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (!std::isfinite(total)) return {kNan, kNan};
  return {total / static_cast<double>(samples), static_cast<double>(right) / static_cast<double>(samples)};
}

template <class Scalar>
double Network<Scalar>::training_flops_per_sample() const {
  double sum = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const double products = i == 0 ? 2 : 3;  // forward, by the weights, and by the inputs but for the data
    sum += 2 * products * static_cast<double>(layers_[i].inputs * layers_[i].outputs);
  }
  return sum;
}

template class Network<float>;
template class Network<double>;

}  // namespace coppice
