/// The built-in classifier: a multi-layer perceptron in single precision on one thread. A step is one pass
/// through the training part in mini-batches. The caller owns it; one thread each.
///
/// Hyperparameters, all optional:
///   learning_rate   0.01      above 0
///   batch_size      32        from 1; more than there is to train on means all of it
///   hidden          64        units of each hidden layer, 1 to 4096
///   layers          1         hidden layers, 1 to 4
///   optimizer       sgd       sgd | adam (Kingma and Ba 2015: beta 0.9 and 0.999, epsilon 1e-8)
///   momentum        0.9       sgd only, in [0, 1): v = momentum v + gradient, w -= rate v
///   weight_decay    0         from 0, not on biases. sgd: L2, added to the gradient; adam: decoupled, w -=
///   rate decay w
///                             (Loshchilov and Hutter 2019)
///   dropout         0         of hidden units, in [0, 1)
///   activation      relu      relu | tanh
///   label_smoothing 0         in [0, 1)
///   schedule        constant  constant | cosine | exponential, as a factor of learning_rate at the step that
///   follows t steps,
///                             counted along the chain of clones:
///                             cosine: max(0.01, (1 + cos(pi min(t, 60) / 60)) / 2); exponential: 0.95^t
///
/// Metrics: train_loss (mean over the pass of the loss that is minimised, with dropout and smoothing),
/// val_loss (plain cross-entropy), val_accuracy, test_accuracy, flops (of the training so far, cumulative
/// along the chain). After the weights have diverged all but flops are NaN.
///
/// Shuffling and dropout depend on the trial's seed and the step alone, initial weights on the seed: nothing
/// on the way. A checkpoint of another optimizer gives its weights, the optimizer's state starts anew. One of
/// another hidden, layers or data is refused with std::invalid_argument.
#pragma once

#include <memory>
#include <vector>

#include "coppice/trainable.hpp"
#include "trainables/dataset.hpp"
#include "trainables/parameter_info.hpp"

namespace coppice {

const std::vector<ParameterInfo>& mlp_parameters();
std::unique_ptr<Trainable> make_mlp(Dataset dataset);

}  // namespace coppice
