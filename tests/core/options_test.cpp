#include "core/options.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

TEST(Options, GettersReturnWhatWasGiven) {
  Options options;
  options.set("synchronous", true);
  options.set("population", std::int64_t{8});
  options.set("quantile", 0.25);
  options.set("explore", std::string("perturb"));
  options.set("factors", std::vector<double>{0.8, 1.2});
  EXPECT_TRUE(options.flag("synchronous", false));
  EXPECT_EQ(options.integer("population", 1), 8);
  EXPECT_EQ(options.number("quantile", 1), 0.25);
  EXPECT_EQ(options.number("population", 1), 8.0);
  EXPECT_EQ(options.text("explore", ""), "perturb");
  EXPECT_EQ(options.numbers("factors", {}), (std::vector<double>{0.8, 1.2}));
  EXPECT_TRUE(options.contains("factors"));
}

TEST(Options, ATextMayBeAProgramInstead) {
  Options options;
  options.set("explore", UserProgram{{"python3", "explore.py"}, ""});
  ASSERT_NE(options.program("explore"), nullptr);
  EXPECT_EQ(options.program("explore")->command.size(), 2u);
  options.set("explore", std::string("perturb"));
  EXPECT_EQ(options.program("explore"), nullptr);
  EXPECT_EQ(options.program("x"), nullptr);
}

TEST(Options, FallbacksWhereAbsent) {
  const Options options;
  EXPECT_TRUE(options.flag("x", true));
  EXPECT_EQ(options.integer("x", 3), 3);
  EXPECT_EQ(options.number("x", 0.5), 0.5);
  EXPECT_EQ(options.text("x", "word"), "word");
  EXPECT_EQ(options.numbers("x", {1}), std::vector<double>{1});
  EXPECT_FALSE(options.contains("x"));
}

TEST(OptionsDeathTest, AnotherTypeThanTheTableSaysIsABug) {
  Options options;
  options.set("population", std::string("many"));
  EXPECT_DEATH(options.integer("population", 1), "a bug in coppice");
}

}  // namespace
}  // namespace coppice
