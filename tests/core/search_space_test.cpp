#include "coppice/search_space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "../support/parameters.hpp"
#include "coppice/rng.hpp"

namespace coppice {
namespace {

using spaces::believed;
using spaces::choice;
using spaces::integer;
using spaces::number;
using spaces::when;
using testing::HasSubstr;

Parameter float_of(double low, double high, bool log = false, std::optional<double> step = {}) {
  Parameter p = number("x", low, high, log);
  p.step = step;
  return p;
}

Parameter int_of(double low, double high, bool log = false, std::optional<double> step = {}) {
  Parameter p = integer("n", low, high, log);
  p.step = step;
  return p;
}

std::int64_t decoded_int(const Parameter& p, double u) {
  return std::get<std::int64_t>(p.decode(u));
}
double decoded_float(const Parameter& p, double u) {
  return std::get<double>(p.decode(u));
}

/// Where decode passes from a value below `bound` to one at or above it.
double edge(const Parameter& p, std::int64_t bound) {
  double low = 0;
  double high = 1;
  while (high - low > 1e-14) {
    const double middle = (low + high) / 2;
    (decoded_int(p, middle) < bound ? low : high) = middle;
  }
  return high;
}

TEST(Parameter, EveryGridValueSurvivesEncodeDecode) {
  for (const Parameter& p : {int_of(0, 1), int_of(-3, 17), int_of(1, 1000), int_of(1, 1000, true),
                             int_of(16, 256, true), int_of(2, 101, false, 3), int_of(8, 256, true, 8),
                             int_of(-9007199254740992.0, -9007199254740000.0)}) {
    std::int64_t count = 0;
    for (auto v = static_cast<std::int64_t>(p.low); v <= static_cast<std::int64_t>(p.high);
         v += static_cast<std::int64_t>(p.step.value_or(1))) {
      ASSERT_TRUE(p.admits(v));
      const double u = p.encode(v);
      ASSERT_GT(u, 0);
      ASSERT_LT(u, 1);
      ASSERT_EQ(decoded_int(p, u), v);
      ++count;
    }
    EXPECT_EQ(p.cardinality(), count);
  }
  for (const Parameter& p : {float_of(0, 1, false, 0.1), float_of(-1, 1, false, 0.3),
                             float_of(0.1, 10, true, 0.1), float_of(1e-6, 1, false, 1e-3)}) {
    for (std::int64_t i = 0; i < p.cardinality(); ++i) {
      const double v = std::min(p.low + static_cast<double>(i) * *p.step, p.high);
      ASSERT_TRUE(p.admits(v)) << v;
      ASSERT_EQ(decoded_float(p, p.encode(v)), v);
    }
  }
  const Parameter p = choice("c", {std::string("a"), std::int64_t{1}, 2.5, true});
  for (const Value& v : p.choices) EXPECT_EQ(p.decode(p.encode(v)), v);
  EXPECT_DOUBLE_EQ(p.encode(std::string("a")), 0.125);
  EXPECT_DOUBLE_EQ(p.encode(true), 0.875);
}

TEST(Parameter, ALinearIntSharesTheUnitIntervalEqually) {
  const Parameter p = int_of(3, 7);
  for (std::int64_t v = 4; v <= 7; ++v) EXPECT_NEAR(edge(p, v), static_cast<double>(v - 3) / 5, 1e-12);
  EXPECT_NEAR(p.encode(std::int64_t{3}), 0.1, 1e-15);
}

TEST(Parameter, ALogIntHasLogShares) {
  const Parameter p = int_of(1, 100, true);
  const double width = std::log(100.5 / 0.5);
  for (std::int64_t v = 2; v <= 100; ++v) {
    EXPECT_NEAR(edge(p, v), std::log((static_cast<double>(v) - 0.5) / 0.5) / width, 1e-11);
  }
}

TEST(Parameter, APriorEncodesByItsDistributionFunction) {
  const Parameter normal = believed(float_of(-10, 10), 0, 2);
  EXPECT_NEAR(normal.encode(0.0), 0.5, 1e-15);
  EXPECT_NEAR(normal.encode(2.0), 0.8413447, 1e-6);
  EXPECT_NEAR(normal.encode(-4.0), 0.0227501, 1e-6);
  EXPECT_EQ(normal.decode(0), Value(-10.0));
  EXPECT_EQ(normal.decode(1), Value(10.0));
  // Cut at the mean: the upper half, twice as likely.
  const Parameter cut = believed(float_of(0, 10), 0, 2);
  EXPECT_NEAR(cut.encode(2.0), 0.6826895, 1e-6);
  EXPECT_NEAR(decoded_float(cut, 0.6826895), 2, 1e-5);
  // Log-normal: the logarithm is normal, within a factor of 3 with probability 0.68.
  const Parameter log = believed(float_of(1e-6, 1, true), 1e-3, std::log(3.0));
  EXPECT_NEAR(decoded_float(log, 0.5) / 1e-3, 1, 1e-12);
  EXPECT_NEAR(log.encode(3e-3) - log.encode(1e-3 / 3), 0.6826895, 1e-6);
  for (const Parameter& p : {normal, cut, log}) {
    double before = -1;
    for (int i = 0; i <= 1000; ++i) {
      const double value = std::lerp(p.low, p.high, i / 1000.0);
      const double u = p.encode(value);
      ASSERT_GE(u, before);
      ASSERT_LE(u, 1);
      before = u;
      const double z = (p.log ? std::log(value / p.prior->mean) : value - p.prior->mean) / p.prior->deviation;
      if (z < 5) {
        ASSERT_NEAR(decoded_float(p, u), value, 1e-7 * (p.high - p.low)) << i;
      }
    }
  }
}

TEST(Parameter, FarFromANarrowPriorValuesShareAnEncoding) {
  const Parameter p = believed(float_of(0, 100), 1, 0.01);
  EXPECT_EQ(p.encode(50.0), 1);
  EXPECT_EQ(p.decode(1), Value(100.0));
  EXPECT_NEAR(decoded_float(p, 0.5), 1, 1e-12);
  EXPECT_LT(decoded_float(p, 1 - 1e-15), 1.1);
  EXPECT_GT(decoded_float(p, 1e-300), 0.5);
}

TEST(Parameter, APriorGivesEachCellOfAGridItsShare) {
  const Parameter p = believed(int_of(0, 10), 5, 1);
  EXPECT_NEAR(p.cell_edge(6) - p.cell_edge(5), 0.3829249, 1e-6) << "half a deviation to either side";
  EXPECT_EQ(p.cell_edge(0), 0);
  EXPECT_EQ(p.cell_edge(11), 1);
  for (const Parameter& each :
       {p, believed(int_of(1, 1000, true), 30, 1.0), believed(float_of(0, 1, false, 0.1), 0.2, 0.15),
        believed(int_of(0, 10000), 6000, 1000), believed(int_of(8, 256, true, 8), 8, 0.7)}) {
    for (std::int64_t i = 0; i < each.cardinality(); ++i) {
      const double low = each.cell_edge(i);
      const double high = each.cell_edge(i + 1);
      ASSERT_LT(low, high);
      ASSERT_EQ(each.cell_of((low + high) / 2), i);
      const Value value = each.decode((low + high) / 2);
      ASSERT_TRUE(each.admits(value));
      ASSERT_EQ(each.encode(value), (low + high) / 2);
    }
  }
}

TEST(Parameter, CellsOfEveryGridMeet) {
  for (const Parameter& p : {int_of(3, 7), int_of(1, 100, true), float_of(0.1, 10, true, 0.1),
                             choice("c", {std::string("a"), std::string("b"), std::string("c")})}) {
    for (std::int64_t i = 0; i < p.cardinality(); ++i) {
      const double middle = (p.cell_edge(i) + p.cell_edge(i + 1)) / 2;
      ASSERT_EQ(p.cell_of(middle), i);
      ASSERT_NEAR(p.encode(p.decode(middle)), middle, 1e-12);
    }
    EXPECT_EQ(p.cell_edge(0), 0);
    EXPECT_EQ(p.cell_edge(p.cardinality()), 1);
  }
}

TEST(Parameter, AStepOfAFloatCountsItsLastValueInSpiteOfRounding) {
  EXPECT_EQ(float_of(0, 0.3, false, 0.1).cardinality(), 4);
  EXPECT_EQ(decoded_float(float_of(0, 0.3, false, 0.1), 1), 0.3);
  EXPECT_EQ(float_of(0, 1, false, 0.3).cardinality(), 4);
  EXPECT_EQ(decoded_float(float_of(0, 1, false, 0.3), 1), 3 * 0.3);
  EXPECT_EQ(float_of(0.5, 0.99, false, 0.07).cardinality(), 8);
  EXPECT_EQ(float_of(0, 1).cardinality(), 0);
}

TEST(Parameter, FloatEndpointsAreExactAndNothingLeavesTheRange) {
  for (const Parameter& p :
       {float_of(1e-4, 1, true), float_of(0.1, 0.3, true), float_of(1e-300, 1e300, true),
        float_of(-1e308, 1e308), float_of(-0.1, 0.7), float_of(3, 7.1, true), float_of(1e-307, 1, true)}) {
    EXPECT_EQ(decoded_float(p, 0), p.low);
    EXPECT_EQ(decoded_float(p, 1), p.high);
    EXPECT_EQ(p.encode(p.low), 0);
    EXPECT_EQ(p.encode(p.high), 1);
    Rng rng(1, Purpose::kSample, 0);
    for (int i = 0; i < 1000; ++i) {
      const double u = i % 2 == 0 ? rng.uniform() : std::ldexp(rng.uniform(), -40);
      for (const double v : {decoded_float(p, u), decoded_float(p, 1 - u)}) ASSERT_TRUE(p.admits(v)) << v;
      ASSERT_NEAR(p.encode(p.decode(u)), u, 1e-12);
    }
  }
}

TEST(Parameter, DecodeClips) {
  const double nan = std::nan("");
  EXPECT_EQ(decoded_int(int_of(0, 9), -3), 0);
  EXPECT_EQ(decoded_int(int_of(0, 9), 7), 9);
  EXPECT_EQ(decoded_int(int_of(1, 9, true), 1), 9);
  EXPECT_EQ(decoded_int(int_of(1, 9, true), nan), 1);
  EXPECT_EQ(decoded_float(float_of(2, 3), 1e300), 3);
  EXPECT_EQ(std::get<bool>(choice("c", {false, true}).decode(1)), true);
}

TEST(Parameter, TheWidestIntsDoNotOverflow) {
  const double two53 = 9007199254740992.0;
  const Parameter wide = int_of(-two53, two53);
  EXPECT_EQ(wide.cardinality(), (std::int64_t{1} << 54) + 1);
  EXPECT_TRUE(wide.admits(wide.decode(0)));
  EXPECT_TRUE(wide.admits(wide.decode(1)));
  EXPECT_NEAR(wide.encode(std::int64_t{0}), 0.5, 1e-15);
  const Parameter log = int_of(1, two53, true);
  for (double u = 0; u <= 1; u += 1.0 / 64) EXPECT_TRUE(log.admits(log.decode(u)));
  EXPECT_EQ(decoded_int(log, 1), std::int64_t{1} << 53);
  EXPECT_FALSE(int_of(-5, 5, false, 2).admits(std::numeric_limits<std::int64_t>::min()));
}

TEST(Parameter, AdmitsRightTypesWithinTheRange) {
  EXPECT_TRUE(float_of(0, 1).admits(0.5));
  EXPECT_FALSE(float_of(0, 1).admits(std::int64_t{1}));
  EXPECT_FALSE(float_of(0, 1).admits(1.5));
  EXPECT_FALSE(float_of(0, 1).admits(std::nan("")));
  EXPECT_FALSE(float_of(0, 1).admits(Value{}));
  EXPECT_TRUE(float_of(0, 1, false, 0.1).admits(0.3));
  EXPECT_FALSE(float_of(0, 1, false, 0.1).admits(0.35));
  EXPECT_TRUE(int_of(0, 8, false, 4).admits(std::int64_t{4}));
  EXPECT_FALSE(int_of(0, 8, false, 4).admits(std::int64_t{2}));
  EXPECT_FALSE(int_of(0, 8).admits(4.0));
  EXPECT_TRUE(choice("c", {std::int64_t{1}}).admits(1.0));
  EXPECT_FALSE(choice("c", {std::int64_t{1}}).admits(true));
  EXPECT_FALSE(choice("c", {std::string("1")}).admits(std::int64_t{1}));
}

TEST(SearchSpace, AParameterStandsAfterTheOneItsConditionNames) {
  const SearchSpace space({when(number("leaf", 0, 1), "branch", {std::int64_t{2}}), choice("a", {true}),
                           when(integer("branch", 1, 4), "root", {std::string("on")}),
                           choice("root", {std::string("on"), std::string("off")}), choice("z", {true})});
  std::vector<std::string> names;
  for (const Parameter& p : space.parameters()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "root", "branch", "leaf", "z"}));
  EXPECT_EQ(space.index_of("leaf"), 3u);
  EXPECT_EQ(space.index_of("none"), space.size());
}

TEST(SearchSpace, ConditionsTurnParametersOff) {
  const SearchSpace space({choice("root", {std::string("on"), std::string("off")}),
                           when(integer("branch", 1, 4), "root", {std::string("on")}),
                           when(number("leaf", 0, 1), "branch", {2.0, std::int64_t{3}})});
  Values values = {std::string("on"), std::int64_t{2}, 0.5};
  EXPECT_TRUE(space.active(2, values));
  EXPECT_TRUE(space.admits(values));
  values[1] = std::int64_t{4};
  EXPECT_FALSE(space.active(2, values));
  EXPECT_FALSE(space.admits(values));
  // The parent's own condition is off: whatever it holds, its children are off too.
  values = {std::string("off"), std::int64_t{2}, 0.5};
  EXPECT_FALSE(space.active(1, values));
  EXPECT_FALSE(space.active(2, values));
  space.prune_inactive(values);
  EXPECT_EQ(values, (Values{std::string("off"), Value{}, Value{}}));
  EXPECT_TRUE(space.admits(values));
  EXPECT_EQ(space.named(values).items().size(), 1u);
  // An absent parent: inactive; on and absent stays absent, and is not admitted.
  values = {std::string("on"), Value{}, 0.5};
  space.prune_inactive(values);
  EXPECT_EQ(values, (Values{std::string("on"), Value{}, Value{}}));
  EXPECT_FALSE(space.admits(values));
  EXPECT_FALSE(space.admits({}));
}

TEST(SearchSpace, RefusesWhatCannotBeSearched) {
  struct Case {
    std::vector<Parameter> parameters;
    const char* words;
  };
  const Parameter text = choice("c", {std::string("a"), std::string("b")});
  const std::vector<Case> cases = {
      {{float_of(1, 1)}, "parameter x: empty range"},
      {{believed(float_of(0, 1), 2, 1)}, "must lie between low and high"},
      {{believed(float_of(0, 1), 0.5, 0)}, "deviation must be greater than 0"},
      {{believed(float_of(0, 1, false, 0.1), 0.1, 0.1)}, "high is 9 deviations away"},
      {{believed(float_of(1e-6, 1, true, 1e-6), 1, 1)}, "low is 13.8 deviations away"},
      {{believed(choice("c", {std::string("a")}), 0, 1)}, "only numbers have a prior"},
      {{float_of(2, 1)}, "parameter x: empty range"},
      {{float_of(0, std::nan(""))}, "finite"},
      {{float_of(0, HUGE_VAL)}, "finite"},
      {{float_of(0, 1, true)}, "parameter x: log needs low > 0"},
      {{float_of(0, 1, false, 0.0)}, "step must be greater than 0"},
      {{float_of(0, 1, false, 2.0)}, "step is larger than the range"},
      {{float_of(0, 1e300, false, 1e-300)}, "too small"},
      {{float_of(1, 100, true, 5)}, "log with a step needs low > step / 2"},
      {{int_of(0.5, 3)}, "integers"},
      {{int_of(0, 3, false, 1.5)}, "integers"},
      {{int_of(0, 1e17)}, "2^53"},
      {{choice("c", {})}, "parameter c: no choices"},
      {{choice("c", {std::int64_t{1}, 1.0})}, "twice"},
      {{choice("", {true})}, "name"},
      {{text, text}, "parameter c: the name is there twice"},
      {{when(float_of(0, 1), "y", {true})}, "unknown parameter, y"},
      {{text, when(float_of(0, 1), "c", {std::string("d")})}, "c can't take: d"},
      {{text, when(float_of(0, 1), "c", {})}, "no values"},
      {{int_of(0, 3), when(float_of(0, 1), "n", {2.5})}, "n can't take: 2.5"},
      {{float_of(0, 1), when(int_of(0, 3), "x", {0.5})}, "a float"},
      {{when(choice("a", {"a", "b"}), "b", {std::string("a")}),
        when(choice("b", {"a", "b"}), "a", {std::string("a")})},
       "leads back"},
      {{when(choice("a", {"a", "b"}), "a", {std::string("a")})}, "leads back"},
  };
  for (const Case& c : cases) {
    try {
      const SearchSpace space(c.parameters);
      ADD_FAILURE() << "no exception: " << c.words;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr(c.words));
    }
  }
}

}  // namespace
}  // namespace coppice
