#include "trainables/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "trainables/portable_math.hpp"

namespace coppice {
namespace {

struct GradientCase {
  std::string name;
  NetworkShape shape;
  Regularisation regularisation;
  Eigen::Index samples;
};

class GradientTest : public testing::TestWithParam<GradientCase> {};

TEST_P(GradientTest, EqualsCentralDifferences) {
  const auto& [name, shape, regularisation, samples] = GetParam();
  Network<double> network(shape);
  network.initialise(11);
  Rng data(5, Purpose::kTrain, 0);
  Eigen::MatrixXd x(shape.features, samples);
  for (double& value : x.reshaped()) value = data.normal();
  std::vector<int> labels;
  for (Eigen::Index i = 0; i < samples; ++i) {
    labels.push_back(static_cast<int>(data.below(static_cast<std::uint64_t>(shape.classes))));
  }
  // Biases of 0 would leave a relu that sees nothing exactly on its kink.
  for (double& weight : network.weights()) weight += 0.05 * data.normal();

  const auto loss = [&, regularisation = regularisation] {
    Rng masks(3, Purpose::kTrain, 1);  // the same masks for each evaluation
    return network.loss_and_gradient(x, labels, regularisation, masks);
  };
  loss();
  const Eigen::VectorXd gradient = network.gradient();
  ASSERT_GT(gradient.norm(), 1e-3);
  constexpr double kDelta = 1e-6;
  for (Eigen::Index i = 0; i < network.weights().size(); ++i) {
    const double weight = network.weights()[i];
    network.weights()[i] = weight + kDelta;
    const double above = loss();
    network.weights()[i] = weight - kDelta;
    const double below = loss();
    network.weights()[i] = weight;
    ASSERT_NEAR(gradient[i], (above - below) / (2 * kDelta), 1e-7) << "weight " << i;
  }
}

NetworkShape small(Eigen::Index layers, Activation activation) {
  return {4, 3, 6, layers, activation};
}

/// Without it the test's name would hold the bytes of the case, padding too.
void PrintTo(const GradientCase& value, std::ostream* out) {
  *out << value.name;
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, GradientTest,
    testing::Values(GradientCase{"relu", small(1, Activation::kRelu), {}, 5},
                    GradientCase{"tanh", small(1, Activation::kTanh), {}, 5},
                    GradientCase{"deep_relu", small(3, Activation::kRelu), {}, 7},
                    GradientCase{"deep_tanh", small(4, Activation::kTanh), {}, 7},
                    GradientCase{"smoothing", small(2, Activation::kRelu), {0.2, 0}, 5},
                    GradientCase{"relu_dropout", small(2, Activation::kRelu), {0.1, 0.4}, 6},
                    GradientCase{"tanh_dropout", small(2, Activation::kTanh), {0.1, 0.4}, 6},
                    GradientCase{"one_sample", small(1, Activation::kTanh), {}, 1}),
    [](const auto& gradient) { return gradient.param.name; });

TEST(NetworkTest, LossOfEqualLogitsIsLogOfTheNumberOfClasses) {
  Network<float> network(small(1, Activation::kRelu));  // all weights 0
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(4, 3);
  const std::vector<int> labels = {0, 1, 0};
  const auto score = network.evaluate(x, labels);
  EXPECT_NEAR(score.loss, std::log(3.0), 1e-12);
  EXPECT_DOUBLE_EQ(score.accuracy, 2.0 / 3);  // the first of equals wins
}

TEST(NetworkTest, DropoutKeepsTheMeanOfTheLogits) {
  Network<double> network({4, 3, 400, 1, Activation::kRelu});
  network.initialise(2);
  // Near 0 the loss is nearly linear in the logits, so that its mean tells theirs.
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(4, 1, 0.05);
  const std::vector<int> labels = {1};
  const double plain = network.evaluate(x, labels).loss;
  Rng masks(1, Purpose::kTrain, 0);
  double mean = 0;
  constexpr int kDraws = 2000;
  for (int i = 0; i < kDraws; ++i) mean += network.loss_and_gradient(x, labels, {0, 0.5}, masks) / kDraws;
  const double of_zero_logits = std::log(3.0);
  EXPECT_NEAR(mean, plain, 0.1 * std::abs(plain - of_zero_logits));
  Rng unused(1, Purpose::kTrain, 0);
  EXPECT_DOUBLE_EQ(network.loss_and_gradient(x, labels, {}, unused), plain);
}

TEST(NetworkTest, OneWeightThatIsNotANumberSpoilsTheScore) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (const Eigen::Index place :
         {Eigen::Index{-1}, Eigen::Index{0}}) {  // the last class's bias, the first weight
      Network<float> network(small(1, Activation::kRelu));
      network.initialise(1);
      network.weights()[place < 0 ? network.weights().size() - 1 : place] = bad;
      const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(4, 2);
      const std::vector<int> labels = {0, 1};
      const auto score = network.evaluate(x, labels);
      EXPECT_TRUE(std::isnan(score.loss)) << bad << ' ' << place;
      EXPECT_TRUE(std::isnan(score.accuracy)) << bad << ' ' << place;
      Rng unused(1, Purpose::kTrain, 0);
      EXPECT_FALSE(std::isfinite(network.loss_and_gradient(x, labels, {}, unused))) << bad << ' ' << place;
    }
  }
}

TEST(NetworkTest, CountsTheProductsOfTraining) {
  const Network<float> network({64, 10, 32, 2, Activation::kRelu});
  // Forward and by the weights everywhere, by the inputs but for the data.
  EXPECT_DOUBLE_EQ(network.training_flops_per_sample(), 2 * (2 * 64 * 32 + 3 * 32 * 32 + 3 * 32 * 10));
}

TEST(NetworkTest, InitialWeightsDependOnTheSeedAndStayInTheirBounds) {
  Network<float> a({64, 10, 32, 1, Activation::kRelu});
  Network<float> b({64, 10, 32, 1, Activation::kRelu});
  a.initialise(1);
  b.initialise(1);
  EXPECT_EQ(a.weights(), b.weights());
  b.initialise(2);
  EXPECT_NE(a.weights(), b.weights());
  const double largest = a.weights().head(64 * 32).cwiseAbs().maxCoeff();
  EXPECT_LE(largest, std::sqrt(6.0 / 64));
  EXPECT_GT(largest, 0.99 * std::sqrt(6.0 / 64));
  EXPECT_EQ(a.weights().segment(64 * 32, 32).cwiseAbs().maxCoeff(), 0.0F);
}

TEST(PortableMathTest, AgreesWithTheCLibrary) {
  for (double x = -700; x <= 700; x += 0.37) {
    EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 1e-14) << x;
  }
  for (double x = 1e-12; x < 1e12; x *= 1.07) {
    EXPECT_NEAR(portable_log(x), std::log(x), 1e-14 * std::max(1.0, std::abs(std::log(x)))) << x;
  }
  for (double x = -30; x <= 30; x += 0.013) {
    EXPECT_NEAR(portable_tanh(x), std::tanh(x), 1e-15) << x;
  }
  for (double x = -1.57; x <= 1.57; x += 0.01) {
    EXPECT_NEAR(portable_cos(x), std::cos(x), 1e-15) << x;
  }
}

TEST(PortableMathTest, KnowsTheEnds) {
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_exp(-1e9), 0);
  EXPECT_TRUE(std::isinf(portable_exp(1e9)));
  EXPECT_TRUE(std::isnan(portable_exp(std::nan(""))));
  EXPECT_TRUE(std::isnan(portable_log(std::nan(""))));
  EXPECT_EQ(portable_tanh(1000), 1);
  EXPECT_EQ(portable_tanh(-1000), -1);
}

}  // namespace
}  // namespace coppice
