#include "cluster/start_limit.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "with_environment.hpp"

namespace coppice {
namespace {

TEST(StartLimitDeathTest, EndsAProcessThatWaitsTooLong) {
  const test::WithEnvironment environment({"COPPICE_START_LIMIT"}, {{"COPPICE_START_LIMIT", "1"}});
  EXPECT_EXIT(
      {
        const StartLimit limit;
        for (;;) ::pause();
      },
      testing::ExitedWithCode(1), "did not all come together");
}

TEST(StartLimit, LeavesNothingBehind) {
  const test::WithEnvironment environment({"COPPICE_START_LIMIT"}, {{"COPPICE_START_LIMIT", "100"}});
  {
    const StartLimit limit;
    EXPECT_GT(::alarm(100), 90u);
  }
  EXPECT_EQ(::alarm(0), 0u);
}

TEST(StartLimit, TakesTheUsualTimeWhereTheVariableIsNoNumber) {
  const test::WithEnvironment environment({"COPPICE_START_LIMIT"}, {{"COPPICE_START_LIMIT", "soon"}});
  const StartLimit limit;
  EXPECT_GT(::alarm(100), 200u);
}

}  // namespace
}  // namespace coppice
