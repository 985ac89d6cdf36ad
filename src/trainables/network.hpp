/// A fully connected classifier: its weights, its loss and the gradient of that loss. No optimiser, no data.
/// Owns its weights and workspace. One thread. Never fails: a diverged network gives NaN.
/// In double precision for the test of the gradient, in single for training; both are compiled here.
///
/// Bits: the same on every x86-64 machine (and any other, for the same vector width), as Eigen's blocking is
/// pinned, nothing is contracted to fused operations and elementary functions are our own.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "coppice/rng.hpp"

namespace coppice {

enum class Activation { kRelu, kTanh };

struct NetworkShape {
  Eigen::Index features = 1;
  Eigen::Index classes = 2;
  Eigen::Index hidden = 64;  ///< units of each hidden layer
  Eigen::Index layers = 1;   ///< hidden layers
  Activation activation = Activation::kRelu;
};

/// What is added to the plain cross-entropy while training.
struct Regularisation {
  double label_smoothing = 0;  ///< eps: the target is (1 - eps) of the label plus eps spread over all classes
  double dropout = 0;  ///< probability that a hidden unit's output is 0; the others are scaled by 1/(1 - p)
};

template <class Scalar>
class Network {
 public:
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  /// One sample per column.
  using Samples = Eigen::Ref<const Matrix>;

  explicit Network(const NetworkShape& shape);

  /// Uniform in ±sqrt(6 / fan_in) for relu (He et al. 2015), ±sqrt(6 / (fan_in + fan_out)) for tanh and the
  /// output layer (Glorot and Bengio 2010); biases 0.
  void initialise(std::uint64_t seed);

  /// All weights, layer after layer: the matrix by columns (outputs x inputs), then the biases.
  Vector& weights() { return weights_; }
  const Vector& weights() const { return weights_; }
  /// Of the last loss_and_gradient, laid out as weights().
  const Vector& gradient() const { return gradient_; }
  /// The parts of weights() that are matrices, as (offset, size): decay applies to these.
  const std::vector<std::pair<Eigen::Index, Eigen::Index>>& matrices() const { return matrices_; }

  /// The mean loss over the samples; `dropout_rng` gives the masks.
  double loss_and_gradient(const Samples& x, std::span<const int> labels,
                           const Regularisation& regularisation, Rng& dropout_rng);

  struct Score {
    double loss = 0;      ///< plain mean cross-entropy in nats; NaN where it is not finite
    double accuracy = 0;  ///< in [0, 1]; NaN with the loss
  };
  Score evaluate(const Samples& x, std::span<const int> labels);

  /// Floating-point operations of matrix products (2 per multiply-add) to train on one sample.
  double training_flops_per_sample() const;

 private:
  struct Layer {
    Eigen::Index inputs = 0;
    Eigen::Index outputs = 0;
    Eigen::Index offset = 0;  ///< in weights_
  };

  Eigen::Map<const Matrix> matrix(const Layer& layer) const;
  Eigen::Map<const Vector> bias(const Layer& layer) const;
  void reserve(Eigen::Index samples);
  void activate(const Layer& layer, Matrix& output, Eigen::Index samples) const;
  void drop(std::size_t layer, Eigen::Index samples, double probability, Rng& rng);
  void forward(const Samples& x, double dropout, Rng* rng);
  void backward(const Samples& x, bool dropped);

  NetworkShape shape_;
  std::vector<Layer> layers_;
  std::vector<std::pair<Eigen::Index, Eigen::Index>> matrices_;
  Vector weights_;
  Vector gradient_;
  std::vector<Matrix> outputs_;  ///< of each layer after activation and dropout; the last: logits
  std::vector<Matrix> deltas_;   ///< the loss's derivatives by each layer's sums
  std::vector<Matrix> masks_;    ///< of each hidden layer: 0 or 1/(1 - p)
};

extern template class Network<float>;
extern template class Network<double>;

}  // namespace coppice
