#include "cluster/program.hpp"

#include <gtest/gtest.h>

namespace coppice::test {
namespace {

TEST(Program, OutputErrorsAndStatusAreApart) {
  const auto result = run_program({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, 60);
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
}

TEST(Program, ArgumentsAreNoShellsBusiness) {
  EXPECT_EQ(run_program({"printf", "%s|", "a b", "$HOME", "*"}, 60).output, "a b|$HOME|*|");
}

TEST(Program, MoreThanAPipeHolds) {
  const auto result =
      run_program({"/bin/sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"}, 60);
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output.size(), 300000U);
  EXPECT_EQ(result.errors.size(), 300000U);
}

TEST(Program, HasNothingToRead) {
  EXPECT_EQ(run_program({"cat"}, 60).status, 0);
}

TEST(Program, ThatIsNotThere) {
  const auto result = run_program({"no-such-program-anywhere"}, 60);
  EXPECT_EQ(result.status, 127);
  EXPECT_NE(result.errors.find("no-such-program-anywhere"), std::string::npos);
}

TEST(Program, ThatHangsIsKilled) {
  EXPECT_EQ(run_program({"sleep", "1000"}, 0.2).status, 124);
}

TEST(Program, ThatIsKilled) {
  EXPECT_EQ(run_program({"/bin/sh", "-c", "kill -9 $$"}, 60).status, 128 + 9);
}

}  // namespace
}  // namespace coppice::test
