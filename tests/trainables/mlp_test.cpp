#include "trainables/mlp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "support.hpp"
#include "trainables/blob.hpp"

namespace coppice {
namespace {

using Items = std::vector<std::pair<std::string, Value>>;
using testing::HasSubstr;

/// Two features, two classes, 50 rows: the class is whether the first exceeds the second.
Dataset tiny() {
  std::ostringstream text;
  for (int i = 0; i < 50; ++i) {
    const int a = i * 37 % 101;
    const int b = i * 53 % 97;
    text << a << ',' << b << ',' << (a > b ? 1 : 0) << '\n';
  }
  const TemporaryFolder folder;
  return load_csv(folder.write("tiny.csv", text.str()));
}

std::unique_ptr<Trainable> begin(Dataset data, Items items, std::uint64_t seed = 1) {
  auto mlp = make_mlp(std::move(data));
  mlp->setup(Parameters(std::move(items)), TrialInfo{.id = 0, .seed = seed, .repeat = 0, .device = ""});
  return mlp;
}

/// What a checkpoint holds, as far as the tests look.
struct State {
  std::int64_t features = 0, classes = 0, hidden = 0, layers = 0;
  std::uint64_t steps = 0;
  std::vector<float> weights;
  std::vector<float> first;

  bool is_bias(std::size_t i) const {
    // One hidden layer.
    const auto hidden_matrix = static_cast<std::size_t>(features * hidden);
    const auto out_matrix = hidden_matrix + static_cast<std::size_t>(hidden + hidden * classes);
    return (i >= hidden_matrix && i < hidden_matrix + static_cast<std::size_t>(hidden)) || i >= out_matrix;
  }
};

State state_of(const std::vector<std::byte>& blob) {
  BlobReader in(blob, "mlp", 1);
  State state;
  state.features = in.get<std::int64_t>();
  state.classes = in.get<std::int64_t>();
  state.hidden = in.get<std::int64_t>();
  state.layers = in.get<std::int64_t>();
  state.steps = in.get<std::uint64_t>();
  in.get<double>();
  in.get<std::uint8_t>();
  in.get<double>();
  in.get<double>();
  const auto count = static_cast<std::size_t>(state.features * state.hidden + state.hidden +
                                              state.hidden * state.classes + state.classes);
  state.weights = in.get_all<float>(count);
  state.first = in.get_all<float>(count);
  return state;
}

/// The state one step after `from`, with these parameters. One mini-batch is the whole training part: one
/// update.
State one_update(const std::vector<std::byte>& from, Items items) {
  items.emplace_back("batch_size", std::int64_t{1000});
  items.emplace_back("hidden", std::int64_t{5});
  const auto mlp = begin(tiny(), std::move(items));
  mlp->load(from);
  mlp->step();
  return state_of(mlp->save());
}

/// A state of the given age, with a velocity.
std::vector<std::byte> aged(int steps, const char* optimizer = "sgd") {
  const auto mlp = begin(tiny(), {{"batch_size", std::int64_t{1000}},
                                  {"hidden", std::int64_t{5}},
                                  {"optimizer", std::string(optimizer)},
                                  {"learning_rate", 1e-3}});
  for (int i = 0; i < steps; ++i) mlp->step();
  return mlp->save();
}

TEST(MlpTest, LearnsTheDigits) {
  for (const char* optimizer : {"sgd", "adam"}) {
    const bool sgd = optimizer == std::string("sgd");
    const auto mlp =
        begin(load_digits(), {{"optimizer", std::string(optimizer)}, {"learning_rate", sgd ? 0.05 : 0.003}});
    Metrics metrics;
    double best = 0;
    double first_loss = 0;
    for (int step = 1; step <= 30; ++step) {
      metrics = mlp->step();
      if (step == 1) first_loss = metric(metrics, "val_loss");
      best = std::max(best, metric(metrics, "val_accuracy"));
    }
    EXPECT_GT(best, 0.95) << optimizer;
    EXPECT_GT(metric(metrics, "test_accuracy"), 0.95) << optimizer;
    EXPECT_LT(metric(metrics, "val_loss"), first_loss / 2) << optimizer;
    EXPECT_LT(metric(metrics, "train_loss"), 0.05) << optimizer;
    EXPECT_DOUBLE_EQ(metric(metrics, "flops"), 30.0 * 1078 * 2 * (2 * 64 * 64 + 3 * 64 * 10)) << optimizer;
  }
}

TEST(MlpTest, DivergenceIsNanNotACrash) {
  for (const char* activation : {"relu", "tanh"}) {
    for (const char* optimizer : {"sgd", "adam"}) {
      const auto mlp = begin(tiny(), {{"learning_rate", 1e38},
                                      {"activation", std::string(activation)},
                                      {"optimizer", std::string(optimizer)},
                                      {"layers", std::int64_t{2}},
                                      {"dropout", 0.2}});
      Metrics metrics;
      for (int i = 0; i < 5; ++i) metrics = mlp->step();
      for (const char* name : {"train_loss", "val_loss", "val_accuracy", "test_accuracy"}) {
        EXPECT_TRUE(std::isnan(metric(metrics, name))) << name << ' ' << activation << ' ' << optimizer;
      }
      EXPECT_GT(metric(metrics, "flops"), 0);
    }
  }
}

TEST(MlpTest, TheSeedDecidesAndNothingElse) {
  const auto a = begin(tiny(), {}, 5);
  const auto b = begin(tiny(), {}, 5);
  const auto c = begin(tiny(), {}, 6);
  const Metrics first = a->step();
  EXPECT_EQ(bits_of(b->step()), bits_of(first));
  EXPECT_NE(bits_of(c->step()), bits_of(first));
}

TEST(MlpTest, ValidationLossHasNeitherSmoothingNorDropout) {
  const std::vector<std::byte> state = aged(3);
  const Items still = {{"hidden", std::int64_t{5}}, {"learning_rate", 1e-30}, {"momentum", 0.0}};
  Items regularised = still;
  regularised.emplace_back("label_smoothing", 0.3);
  regularised.emplace_back("dropout", 0.5);
  const auto plain = begin(tiny(), still);
  const auto other = begin(tiny(), regularised);
  plain->load(state);
  other->load(state);
  const Metrics a = plain->step();
  const Metrics b = other->step();
  EXPECT_EQ(metric(a, "val_loss"), metric(b, "val_loss"));
  EXPECT_NE(metric(a, "train_loss"), metric(b, "train_loss"));
}

TEST(MlpTest, SchedulesAreTheirFormulas) {
  for (const int t : {0, 1, 30, 59, 60, 90}) {
    const std::vector<std::byte> state = aged(t);
    const State before = state_of(state);
    ASSERT_EQ(before.steps, static_cast<std::uint64_t>(t));
    const auto moved = [&](const char* schedule) {
      const State after =
          one_update(state, {{"learning_rate", 1.0}, {"momentum", 0.0}, {"schedule", std::string(schedule)}});
      double sum = 0;
      for (std::size_t i = 0; i < after.weights.size(); ++i) {
        sum += std::pow(static_cast<double>(after.weights[i]) - static_cast<double>(before.weights[i]), 2);
      }
      return std::sqrt(sum);
    };
    const double constant = moved("constant");
    ASSERT_GT(constant, 1e-3);
    const double cosine = std::max(0.01, (1 + std::cos(std::numbers::pi * std::min(t, 60) / 60)) / 2);
    EXPECT_NEAR(moved("cosine") / constant, cosine, 1e-4) << t;
    EXPECT_NEAR(moved("exponential") / constant, std::pow(0.95, t), 1e-4) << t;
  }
}

TEST(MlpTest, MomentumKeepsAShareOfTheVelocity) {
  const std::vector<std::byte> state = aged(4);
  const State before = state_of(state);
  const State gradient = one_update(state, {{"learning_rate", 0.5}, {"momentum", 0.0}});
  const State after = one_update(state, {{"learning_rate", 0.5}, {"momentum", 0.8}});
  for (std::size_t i = 0; i < before.weights.size(); ++i) {
    EXPECT_NEAR(after.first[i], 0.8 * before.first[i] + gradient.first[i], 1e-6);
    EXPECT_NEAR(after.weights[i], before.weights[i] - 0.5F * after.first[i], 1e-6);
  }
}

TEST(MlpTest, WeightDecayShrinksMatricesOnly) {
  for (const char* optimizer : {"sgd", "adam"}) {
    const std::vector<std::byte> state = aged(4, optimizer);
    const State before = state_of(state);
    const Items plain = {{"learning_rate", 0.1}, {"momentum", 0.0}, {"optimizer", std::string(optimizer)}};
    Items decayed = plain;
    decayed.emplace_back("weight_decay", 0.5);
    const State a = one_update(state, plain);
    const State b = one_update(state, decayed);
    for (std::size_t i = 0; i < before.weights.size(); ++i) {
      const double shrink = before.is_bias(i) ? 0 : 0.1 * 0.5 * static_cast<double>(before.weights[i]);
      EXPECT_NEAR(b.weights[i], static_cast<double>(a.weights[i]) - shrink, 1e-6) << optimizer << ' ' << i;
    }
  }
}

TEST(MlpTest, AdamsFirstUpdateMovesEachWeightByTheRate) {
  const State before = state_of(aged(0, "adam"));
  const State after =
      one_update(aged(0, "adam"), {{"learning_rate", 0.01}, {"optimizer", std::string("adam")}});
  int moved = 0;
  for (std::size_t i = 0; i < before.weights.size(); ++i) {
    if (std::abs(after.first[i]) < 1e-5F) continue;
    ++moved;
    EXPECT_NEAR(std::abs(after.weights[i] - before.weights[i]), 0.01, 1e-4) << i;
  }
  EXPECT_GT(moved, 5);
}

TEST(MlpTest, AnotherOptimizerTakesTheWeightsAndStartsItsOwnState) {
  const std::vector<std::byte> state = aged(4, "adam");
  const auto sgd = begin(tiny(), {{"hidden", std::int64_t{5}}});
  sgd->load(state);
  const State loaded = state_of(sgd->save());
  EXPECT_EQ(loaded.weights, state_of(state).weights);
  EXPECT_EQ(loaded.steps, 4U);
  EXPECT_THAT(loaded.first, testing::Each(0.0F));
  EXPECT_TRUE(std::isfinite(metric(sgd->step(), "val_loss")));
}

TEST(MlpTest, AnotherShapeIsRefusedAndChangesNothing) {
  const std::vector<std::byte> state = aged(2);
  const auto deeper = begin(tiny(), {{"hidden", std::int64_t{5}}, {"layers", std::int64_t{3}}});
  const std::vector<std::byte> before = deeper->save();
  EXPECT_EQ(refusal([&] { deeper->load(state); }),
            "the checkpoint is of an mlp with hidden 5 and layers 1, this trial has hidden 5 and layers 3; "
            "mark both as "
            "fixed: true in the space, so that clones inherit them");
  EXPECT_EQ(deeper->save(), before);
  const auto wider = begin(tiny(), {{"hidden", std::int64_t{6}}});
  EXPECT_THAT(refusal([&] { wider->load(state); }), HasSubstr("this trial has hidden 6 and layers 1"));
  const auto digits = begin(load_digits(), {{"hidden", std::int64_t{5}}});
  EXPECT_EQ(
      refusal([&] { digits->load(state); }),
      "the checkpoint was trained on data with 2 features and 2 classes, the dataset here has 64 and 10");
}

// Where nothing is fused and vectors have four floats, the bits are the same whatever the processor, the
// compiler's optimisation and the C library: a study that is continued on another node goes on as it would
// have here.
#if defined(__x86_64__) && !defined(__AVX__) && !defined(__FMA__)
TEST(MlpTest, BitsAreThoseOfEveryOtherMachine) {
  const auto mlp = begin(load_digits(), {{"layers", std::int64_t{2}},
                                         {"activation", std::string("tanh")},
                                         {"optimizer", std::string("adam")},
                                         {"batch_size", std::int64_t{700}},
                                         {"dropout", 0.1},
                                         {"schedule", std::string("cosine")}});
  for (int i = 0; i < 3; ++i) mlp->step();
  const std::vector<std::byte> state = mlp->save();
  EXPECT_EQ(crc32_z(0, reinterpret_cast<const Bytef*>(state.data()), state.size()), 2850082863U);
}
#endif

}  // namespace
}  // namespace coppice
