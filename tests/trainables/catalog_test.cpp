#include "trainables/catalog.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "../support/parameters.hpp"
#include "support.hpp"

namespace coppice {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;

std::string problem(std::string_view builtin, std::vector<Parameter> parameters) {
  return check_builtin_space(*find_builtin(builtin), SearchSpace(std::move(parameters)));
}

TEST(CatalogTest, EveryEntryIsWhole) {
  std::set<std::string> names;
  for (const BuiltinInfo& info : builtin_trainables()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(find_builtin(info.name), &info);
    EXPECT_FALSE(info.help.empty()) << info.name;
    EXPECT_EQ(info.help.find('\n'), std::string::npos) << info.name;
    EXPECT_FALSE(info.metrics.empty()) << info.name;
    EXPECT_NE(info.prepare, nullptr) << info.name;
    EXPECT_NE(make_builtin(info.name, {}, "."), nullptr) << info.name;
    // A column of a result is either a parameter or a metric.
    for (const ParameterInfo& parameter : info.parameters) {
      for (const std::string& metric : info.metrics) EXPECT_NE(parameter.name, metric) << info.name;
    }
  }
  EXPECT_EQ(find_builtin("nothing"), nullptr);
}

TEST(CatalogTest, UnknownNamesAndSettingsNameTheNearest) {
  EXPECT_EQ(refusal([] { make_builtin("hartman6", {}, "."); }),
            "there is no built-in trainable 'hartman6'; did you mean 'hartmann6'? Known: branin, hartmann6, "
            "rosenbrock, pbt_toy, curve, mlp");
  EXPECT_EQ(refusal([] { make_builtin("resnet", {}, "."); }),
            "there is no built-in trainable 'resnet'; known: branin, hartmann6, rosenbrock, pbt_toy, "
            "curve, mlp");
  EXPECT_EQ(refusal([] {
              make_builtin("mlp", {{"data_set", std::string("digits")}}, ".");
            }),
            "mlp: data_set: unknown setting; did you mean 'dataset'? Known: dataset");
  EXPECT_EQ(refusal([] {
              make_builtin("branin", {{"dataset", std::string("digits")}}, ".");
            }),
            "branin: dataset: unknown setting; branin takes none");
  EXPECT_EQ(refusal([] {
              make_builtin("mlp", {{"dataset", std::int64_t{3}}}, ".");
            }),
            "mlp: dataset: expected text, found '3'; put it in quotes");
  EXPECT_EQ(refusal([] {
              make_builtin("mlp", {{"dataset", std::string("x.csv")}}, "/nowhere");
            }),
            "/nowhere/x.csv: the data file is missing");
}

TEST(CatalogTest, TheExampleOfTheDesignIsFine) {
  Parameter momentum = number("momentum", 0.5, 0.99);
  momentum.when = Condition{"optimizer", {std::string("sgd")}};
  Parameter learning_rate = number("learning_rate", 1e-4, 1);
  learning_rate.log = true;
  EXPECT_EQ(problem("mlp", {learning_rate, integer("batch_size", 16, 256),
                            choice("optimizer", {std::string("sgd"), std::string("adam")}), momentum,
                            choice("hidden", {std::int64_t{32}, std::int64_t{64}, std::int64_t{128}})}),
            "");
  EXPECT_EQ(problem("mlp", {number("learning_rate", 1e-4, 1)}), "");
  EXPECT_EQ(problem("branin", {number("x1", -5, 10), integer("x2", 0, 15)}), "");
  EXPECT_EQ(problem("rosenbrock", {number("x2", -5, 10), number("x1", 0, 15), number("x3", 0, 1)}), "");
}

TEST(CatalogTest, UnknownParametersNameTheNearest) {
  for (const auto& [wrong, right] :
       {std::pair{"lr", "learning_rate"}, std::pair{"learning-rate", "learning_rate"},
        std::pair{"batch", "batch_size"}}) {
    const std::string begin = std::string("space.") + wrong + ": mlp has no such parameter; did you mean '" +
                              right + "'? Known: learning_rate, ";
    EXPECT_EQ(problem("mlp", {number(wrong, 1e-4, 1)}).substr(0, begin.size()), begin);
  }
  EXPECT_EQ(problem("curve", {number("x", 0, 1), number("zzzz", 0, 1)}),
            "space.zzzz: curve has no such parameter; known: x, rate, fail_at");
}

TEST(CatalogTest, MissingAndConditionalCoordinatesAreFound) {
  EXPECT_EQ(problem("branin", {number("x1", -5, 10)}), "space: branin needs the parameter x2; add it");
  EXPECT_EQ(problem("rosenbrock", {number("x1", -5, 10)}),
            "space: rosenbrock needs the parameter x2; add it");
  EXPECT_EQ(problem("rosenbrock", {number("x1", 0, 1), number("x2", 0, 1), number("x4", 0, 1)}),
            "space.x4: rosenbrock has no such parameter; did you mean 'x1'? Known: x1, x2, x3");
  Parameter conditional = number("x2", 0, 1);
  conditional.when = Condition{"x1", {std::int64_t{1}}};
  EXPECT_EQ(problem("branin", {integer("x1", 0, 1), conditional}),
            "space.x2.when: branin needs x2 in every trial; drop the condition");
}

TEST(CatalogTest, RangesTypesAndChoicesAreChecked) {
  EXPECT_EQ(problem("mlp", {number("learning_rate", 0, 1)}),
            "space.learning_rate.low: low 0 is not above 0 (trainable mlp)");
  EXPECT_EQ(problem("mlp", {integer("batch_size", 0, 8)}),
            "space.batch_size.low: low 0 is not at least 1 (trainable mlp)");
  EXPECT_EQ(problem("mlp", {number("batch_size", 1, 8)}),
            "space.batch_size: use type: int, for it takes integers only (trainable mlp)");
  EXPECT_EQ(problem("mlp", {integer("layers", 1, 5)}),
            "space.layers.high: high 5 is not at least 1 and at most 4 (trainable mlp)");
  EXPECT_EQ(problem("mlp", {number("dropout", 0, 1)}),
            "space.dropout.high: high 1 is not at least 0 and below 1 (trainable mlp)");
  EXPECT_EQ(problem("mlp", {number("optimizer", 0, 1)}),
            "space.optimizer: use type: categorical with choices out of [sgd, adam] (trainable mlp)");
  EXPECT_EQ(problem("mlp", {choice("optimizer", {std::string("sgd"), std::string("adamw")})}),
            "space.optimizer: choice 'adamw' is not one of sgd, adam (trainable mlp)");
  EXPECT_EQ(problem("mlp", {choice("hidden", {std::int64_t{32}, 32.5})}),
            "space.hidden: choice '32.5' is not an integer (trainable mlp)");
  EXPECT_EQ(problem("mlp", {choice("learning_rate", {0.1, std::string("big")})}),
            "space.learning_rate: choice 'big' is not a number (trainable mlp)");
  EXPECT_EQ(problem("mlp", {choice("hidden", {true, std::int64_t{32}})}),
            "space.hidden: choice 'true' is not an integer (trainable mlp)");
}

TEST(CatalogTest, SetupRefusesWhatTheCheckRefuses) {
  const auto refused = [](std::vector<std::pair<std::string, Value>> items) {
    const auto mlp = make_builtin("mlp", {}, ".");
    return refusal([&] { mlp->setup(Parameters(items), {}); });
  };
  EXPECT_EQ(refused({{"lr", 0.1}}).substr(0, 56), "mlp has no parameter 'lr'; did you mean 'learning_rate'?");
  EXPECT_EQ(refused({{"learning_rate", -1.0}}), "mlp: learning_rate is '-1', which is not above 0");
  EXPECT_EQ(refused({{"optimizer", std::string("lion")}}),
            "mlp: optimizer is 'lion', which is not one of sgd, adam");
  EXPECT_EQ(refused({{"layers", std::int64_t{0}}}),
            "mlp: layers is '0', which is not at least 1 and at most 4");
  EXPECT_EQ(refused({{"learning_rate", 0.1}, {"momentum", std::monostate{}}}), "");
}

}  // namespace
}  // namespace coppice
