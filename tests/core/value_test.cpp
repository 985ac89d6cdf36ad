#include "coppice/value.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "coppice/rng.hpp"

namespace coppice {
namespace {

TEST(Value, ToText) {
  EXPECT_EQ(to_text(Value{}), "");
  EXPECT_EQ(to_text(Value{true}), "true");
  EXPECT_EQ(to_text(Value{false}), "false");
  EXPECT_EQ(to_text(Value{std::int64_t{-7}}), "-7");
  EXPECT_EQ(to_text(Value{std::numeric_limits<std::int64_t>::min()}), "-9223372036854775808");
  EXPECT_EQ(to_text(Value{0.1}), "0.1");
  EXPECT_EQ(to_text(1e-4), "0.0001");
  EXPECT_EQ(to_text(1e-5), "1e-05");
  EXPECT_EQ(to_text(1e6), "1000000");
  EXPECT_EQ(to_text(-1.25e-300), "-1.25e-300");
  EXPECT_EQ(to_text(0.000125), "0.000125");
  EXPECT_EQ(to_text(0.0), "0");
  EXPECT_EQ(to_text(Value{std::string("adam")}), "adam");
  EXPECT_EQ(to_text(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(to_text(-std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(to_text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(to_text(std::numeric_limits<double>::infinity()), "inf");
}

TEST(Value, TextOfADoubleReadsBackAsTheSameDouble) {
  Rng rng(1, Purpose::kSample, 0);
  for (int i = 0; i < 2000; ++i) {
    const double value = std::ldexp(rng.uniform() - 0.5, static_cast<int>(rng.below(2000)) - 1000);
    EXPECT_EQ(std::stod(to_text(value)), value);
  }
}

TEST(Parameters, Getters) {
  const Parameters p({{"i", std::int64_t{3}},
                      {"f", 2.5},
                      {"whole", 4.0},
                      {"huge", 1e300},
                      {"b", true},
                      {"s", std::string("sgd")},
                      {"off", Value{}}});
  EXPECT_TRUE(p.contains("i"));
  EXPECT_FALSE(p.contains("x"));
  EXPECT_EQ(p.find("x"), nullptr);
  EXPECT_EQ(p.number("i", 0), 3);
  EXPECT_EQ(p.number("b", 0), 1);
  EXPECT_EQ(p.number("x", 9), 9);
  EXPECT_EQ(p.number("off", 9), 9);
  EXPECT_EQ(p.integer("whole", 0), 4);
  EXPECT_EQ(p.integer("x", 8), 8);
  EXPECT_EQ(p.text("s", ""), "sgd");
  EXPECT_EQ(p.text("f", ""), "2.5");
  EXPECT_EQ(p.text("x", "none"), "none");
}

TEST(Parameters, AWrongTypeNamesTheParameter) {
  const Parameters p({{"rate", std::string("fast")}, {"f", 2.5}, {"huge", 1e300}});
  EXPECT_THROW(p.integer("f", 0), std::invalid_argument);
  EXPECT_THROW(p.integer("huge", 0), std::invalid_argument);
  try {
    p.number("rate", 0);
    FAIL() << "no exception";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "parameter rate is 'fast', which is not a number");
  }
}

}  // namespace
}  // namespace coppice
