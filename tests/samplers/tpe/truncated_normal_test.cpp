// Draws from the normal distribution truncated to [0, 1].
#include <gtest/gtest.h>

#include <vector>

#include "samplers/tpe/truncated_normal.hpp"

namespace coppice::tpe {
namespace {

TEST(TruncatedNormals, TheMedianOfASymmetricOneIsItsMiddle) {
  std::vector<double> values = {0.5};
  truncated_normals(values, std::vector{0.5F}, 0.2);
  EXPECT_NEAR(values[0], 0.5, 1e-6);
}

TEST(TruncatedNormals, StayInsideAndInOrder) {
  for (const float middle : {0.0F, 0.1F, 1.0F}) {
    for (const double deviation : {1e-3, 0.1, 1.0}) {
      std::vector<double> values;
      for (double u = 0; u < 1; u += 0.05) values.push_back(u);
      truncated_normals(values, std::vector(values.size(), middle), deviation);
      double last = -1;
      for (const double x : values) {
        EXPECT_GE(x, 0);
        EXPECT_LE(x, 1);
        EXPECT_GT(x, last) << middle << " " << deviation;
        last = x;
      }
    }
  }
}

}  // namespace
}  // namespace coppice::tpe
