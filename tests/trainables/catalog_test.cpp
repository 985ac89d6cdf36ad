#include "trainables/catalog.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "support.hpp"
#include "trainables/names.hpp"

namespace coppice {
namespace {

Parameter real(std::string name, double low, double high) {
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.low = low;
  parameter.high = high;
  return parameter;
}

Parameter integer(std::string name, double low, double high) {
  Parameter parameter = real(std::move(name), low, high);
  parameter.type = ParameterType::kInt;
  return parameter;
}

Parameter categorical(std::string name, std::vector<Value> choices) {
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.type = ParameterType::kCategorical;
  parameter.choices = std::move(choices);
  return parameter;
}

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
            "there is no built-in trainable 'hartman6'; did you mean hartmann6?");
  EXPECT_EQ(refusal([] { make_builtin("resnet", {}, "."); }),
            "there is no built-in trainable 'resnet'; choose from branin, hartmann6, rosenbrock, pbt_toy, "
            "curve, mlp");
  EXPECT_EQ(refusal([] {
              make_builtin("mlp", {{"data_set", std::string("digits")}}, ".");
            }),
            "mlp has no setting 'data_set'; did you mean dataset?");
  EXPECT_EQ(refusal([] {
              make_builtin("branin", {{"dataset", std::string("digits")}}, ".");
            }),
            "branin has no setting 'dataset'; it takes none");
  EXPECT_EQ(refusal([] {
              make_builtin("mlp", {{"dataset", std::int64_t{3}}}, ".");
            }),
            "mlp: dataset is '3', which is not a text");
  EXPECT_EQ(refusal([] {
              make_builtin("mlp", {{"dataset", std::string("x.csv")}}, "/nowhere");
            }),
            "/nowhere/x.csv: the data file is missing");
}

TEST(CatalogTest, TheExampleOfTheDesignIsFine) {
  Parameter momentum = real("momentum", 0.5, 0.99);
  momentum.when = Condition{"optimizer", {std::string("sgd")}};
  Parameter learning_rate = real("learning_rate", 1e-4, 1);
  learning_rate.log = true;
  EXPECT_EQ(problem("mlp", {learning_rate, integer("batch_size", 16, 256),
                            categorical("optimizer", {std::string("sgd"), std::string("adam")}), momentum,
                            categorical("hidden", {std::int64_t{32}, std::int64_t{64}, std::int64_t{128}})}),
            "");
  EXPECT_EQ(problem("mlp", {real("learning_rate", 1e-4, 1)}), "");
  EXPECT_EQ(problem("branin", {real("x1", -5, 10), integer("x2", 0, 15)}), "");
  EXPECT_EQ(problem("rosenbrock", {real("x2", -5, 10), real("x1", 0, 15), real("x3", 0, 1)}), "");
}

TEST(CatalogTest, UnknownParametersNameTheNearest) {
  EXPECT_EQ(problem("mlp", {real("lr", 1e-4, 1)}), "mlp has no parameter 'lr'; did you mean learning_rate?");
  EXPECT_EQ(problem("mlp", {real("learning-rate", 1e-4, 1)}),
            "mlp has no parameter 'learning-rate'; did you mean learning_rate?");
  EXPECT_EQ(problem("mlp", {integer("batch", 1, 2)}),
            "mlp has no parameter 'batch'; did you mean batch_size?");
  EXPECT_EQ(problem("curve", {real("x", 0, 1), real("zzzz", 0, 1)}),
            "curve has no parameter 'zzzz'; choose from x, rate, fail_at");
}

TEST(CatalogTest, MissingAndConditionalCoordinatesAreFound) {
  EXPECT_EQ(problem("branin", {real("x1", -5, 10)}), "branin needs the parameter x2; add it to the space");
  EXPECT_EQ(problem("rosenbrock", {real("x1", -5, 10)}),
            "rosenbrock needs the parameter x2; add it to the space");
  EXPECT_EQ(problem("rosenbrock", {real("x1", 0, 1), real("x2", 0, 1), real("x4", 0, 1)}),
            "rosenbrock has no parameter 'x4'; did you mean x1 or x2 or x3?");
  Parameter conditional = real("x2", 0, 1);
  conditional.when = Condition{"x1", {std::int64_t{1}}};
  EXPECT_EQ(problem("branin", {integer("x1", 0, 1), conditional}),
            "branin needs x2 in every trial; take its condition (when) out");
}

TEST(CatalogTest, RangesTypesAndChoicesAreChecked) {
  EXPECT_EQ(problem("mlp", {real("learning_rate", 0, 1)}), "mlp: learning_rate: low 0 is not above 0");
  EXPECT_EQ(problem("mlp", {integer("batch_size", 0, 8)}), "mlp: batch_size: low 0 is not at least 1");
  EXPECT_EQ(problem("mlp", {real("batch_size", 1, 8)}),
            "mlp: batch_size: use type: int, for it takes integers only");
  EXPECT_EQ(problem("mlp", {integer("layers", 1, 5)}), "mlp: layers: high 5 is not at least 1 and at most 4");
  EXPECT_EQ(problem("mlp", {real("dropout", 0, 1)}), "mlp: dropout: high 1 is not at least 0 and below 1");
  EXPECT_EQ(problem("mlp", {real("optimizer", 0, 1)}),
            "mlp: optimizer: use type: categorical with choices out of [sgd, adam]");
  EXPECT_EQ(problem("mlp", {categorical("optimizer", {std::string("sgd"), std::string("adamw")})}),
            "mlp: optimizer: choice 'adamw' is not one of sgd, adam");
  EXPECT_EQ(problem("mlp", {categorical("hidden", {std::int64_t{32}, 32.5})}),
            "mlp: hidden: choice '32.5' is not an integer");
  EXPECT_EQ(problem("mlp", {categorical("learning_rate", {0.1, std::string("big")})}),
            "mlp: learning_rate: choice 'big' is not a number");
  EXPECT_EQ(problem("mlp", {categorical("hidden", {true, std::int64_t{32}})}),
            "mlp: hidden: choice 'true' is not an integer");
}

TEST(CatalogTest, SetupRefusesWhatTheCheckRefuses) {
  const auto refused = [](std::vector<std::pair<std::string, Value>> items) {
    const auto mlp = make_builtin("mlp", {}, ".");
    return refusal([&] { mlp->setup(Parameters(items), {}); });
  };
  EXPECT_EQ(refused({{"lr", 0.1}}), "mlp has no parameter 'lr'; did you mean learning_rate?");
  EXPECT_EQ(refused({{"learning_rate", -1.0}}), "mlp: learning_rate is '-1', which is not above 0");
  EXPECT_EQ(refused({{"optimizer", std::string("lion")}}),
            "mlp: optimizer is 'lion', which is not one of sgd, adam");
  EXPECT_EQ(refused({{"layers", std::int64_t{0}}}),
            "mlp: layers is '0', which is not at least 1 and at most 4");
  EXPECT_EQ(refused({{"learning_rate", 0.1}, {"momentum", std::monostate{}}}), "");
}

TEST(NamesTest, OffersWhatIsNearAndNothingElse) {
  const std::vector<std::string> names = {"learning_rate", "weight_decay", "momentum", "hidden"};
  EXPECT_EQ(nearest_names("wd", names), (std::vector<std::string>{"weight_decay"}));
  EXPECT_EQ(nearest_names("Momentun", names), (std::vector<std::string>{"momentum"}));
  EXPECT_EQ(nearest_names("hidden_units", names), (std::vector<std::string>{"hidden"}));
  EXPECT_TRUE(nearest_names("zzz", names).empty());
  EXPECT_TRUE(nearest_names("", names).empty());
  EXPECT_TRUE(nearest_names("a", {}).empty());
}

}  // namespace
}  // namespace coppice
