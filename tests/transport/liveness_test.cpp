#include "transport/liveness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coppice::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Ticks of a tenth of a second.
void live(Liveness& liveness, double& now_s, double duration_s) {
  for (int i = 0; i < static_cast<int>(duration_s * 10 + 0.5); ++i) liveness.advance(now_s += 0.1);
}

class LivenessTest : public ::testing::Test {
 protected:
  LivenessTest() {
    liveness_.watch(1);
    liveness_.watch(2);
    liveness_.advance(now_s_);
  }
  Liveness liveness_{1, 5};
  double now_s_ = 1e6;
};

TEST_F(LivenessTest, WhoIsNotHeardForLongerThanTheLimitIsSilent) {
  live(liveness_, now_s_, 4.9);
  EXPECT_THAT(liveness_.silent(), IsEmpty());
  liveness_.heard(2);
  liveness_.heard(3);  // a stranger
  live(liveness_, now_s_, 0.3);
  EXPECT_THAT(liveness_.silent(), ElementsAre(1));
  liveness_.forget(1);
  EXPECT_THAT(liveness_.silent(), IsEmpty());
  live(liveness_, now_s_, 5);
  EXPECT_THAT(liveness_.silent(), ElementsAre(2));
}

TEST_F(LivenessTest, ABeatIsDueWhereNothingWasSaid) {
  live(liveness_, now_s_, 0.8);
  EXPECT_THAT(liveness_.due(), IsEmpty());
  liveness_.said(1);
  live(liveness_, now_s_, 0.3);
  EXPECT_THAT(liveness_.due(), ElementsAre(2));
  liveness_.said(2);
  EXPECT_THAT(liveness_.due(), IsEmpty());
}

TEST_F(LivenessTest, TimeThatWasNotLivedDoesNotCount) {
  for (int i = 0; i < 4; ++i) liveness_.advance(now_s_ += 1e5);  // suspended again and again
  EXPECT_THAT(liveness_.silent(), IsEmpty());
  liveness_.advance(now_s_ -= 10);  // a clock that goes back is no life either
  EXPECT_THAT(liveness_.silent(), IsEmpty());
  live(liveness_, now_s_, 1.2);
  EXPECT_THAT(liveness_.silent(), ElementsAre(1, 2));
}

TEST_F(LivenessTest, AWatchBeginsWhenItBegins) {
  live(liveness_, now_s_, 4.9);
  liveness_.watch(1);
  liveness_.watch(7);
  live(liveness_, now_s_, 0.3);
  EXPECT_THAT(liveness_.silent(), ElementsAre(1, 2));
  EXPECT_TRUE(liveness_.watches(7));
  EXPECT_FALSE(liveness_.watches(8));
}

TEST(Liveness, BeatsOftenEnoughForTheLimit) {
  EXPECT_EQ(Liveness::beat_for(60), 1);
  EXPECT_EQ(Liveness::beat_for(1), 0.25);
}

}  // namespace
}  // namespace coppice::test
