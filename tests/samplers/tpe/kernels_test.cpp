// The density of kernels over several axes: whole, forgetful, and sampled as it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "../spaces.hpp"
#include "core/normal.hpp"
#include "samplers/tpe/kernels.hpp"

namespace coppice {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;
using tpe::Axis;
using tpe::Kernels;
using tpe::Points;

double density_at(const Kernels& kernels, std::vector<double> point) {
  Points points{point.size(), std::move(point)};
  double out = 0;
  kernels.log_density(points, {&out, 1});
  return std::exp(out);
}

TEST(Kernels, AreTheUniformPriorWithoutObservations) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(choice("c", {"a", "b", "c", "d"}))};
  Kernels kernels(axes, 1);
  kernels.settle();
  EXPECT_NEAR(density_at(kernels, {0.3, 0.125}), 0.25, 1e-12);
}

/// Inner loops take several axes at once: no number of them may leave one out or count one twice.
TEST(Kernels, AreProductsOverAnyNumberOfAxes) {
  const auto kernel_alone = [](const Axis& axis, double at, double point, double uniform) {
    const std::vector<Axis> axes = {axis};
    Kernels kernels(axes, 1);
    kernels.insert(0, std::vector{at}, 1);
    kernels.settle();
    return 2 * density_at(kernels, {point}) - uniform;
  };
  for (int numbers = 0; numbers <= 9; ++numbers) {
    for (int choices = numbers == 0 ? 1 : 0; choices <= 9; ++choices) {
      std::vector<Axis> axes;
      std::vector<double> at;
      std::vector<double> point;
      double product = 1;
      double uniform = 1;
      for (int a = 0; a < numbers + choices; ++a) {
        const bool is_choice = a % 2 == 0 ? a / 2 < choices : a / 2 >= numbers;
        axes.emplace_back(is_choice ? choice("c", {"a", "b"}) : number("x", 0, 1));
        at.push_back(is_choice ? 0.25 : 0.3 + 0.02 * a);
        point.push_back(is_choice ? (a % 3 == 0 ? 0.75 : 0.25) : 0.25 + 0.03 * a);
        product *= kernel_alone(axes.back(), at.back(), point.back(), is_choice ? 0.5 : 1);
        uniform *= is_choice ? 0.5 : 1;
      }
      Kernels kernels(axes, 1);
      kernels.insert(0, at, 1);
      kernels.settle();
      const double expected = (product + uniform) / 2;
      EXPECT_NEAR(density_at(kernels, point) / expected, 1, 2e-5) << numbers << " " << choices;
    }
  }
}

TEST(Kernels, IntegrateToOne) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(integer("n", 1, 9, true)),
                                  Axis(choice("c", {"a", "b", "c"}))};
  Kernels kernels(axes, 1);
  Rng rng(1, Purpose::kSimulate, 0);
  for (std::size_t slot = 0; slot < 40; ++slot) {
    const double choice_u = (static_cast<double>(rng.below(3)) + 0.5) / 3;
    kernels.insert(slot, std::vector{rng.uniform() * 0.2, axes[1].snap(rng.uniform()), choice_u},
                   1 + static_cast<std::int64_t>(rng.below(3)));
  }
  kernels.settle();
  double integral = 0;
  constexpr int kSteps = 400;
  for (int i = 0; i < kSteps; ++i) {
    for (const Axis::Cell& cell : axes[1].cells()) {
      for (int c = 0; c < 3; ++c) {
        integral +=
            density_at(kernels, {(i + 0.5) / kSteps, cell.middle, (c + 0.5) / 3}) * cell.width / kSteps;
      }
    }
  }
  EXPECT_NEAR(integral, 1, 1e-4);
}

TEST(Kernels, GiveAGridsPointsAboutTheMassOfTheirCells) {
  const Parameter parameter = integer("n", 0, 9);
  const std::vector<Axis> axes = {Axis(parameter)};
  Kernels kernels(axes, 1);
  // One observation: deviation sqrt((0 + 1/12) / 2), on a grid of 2^(1/16).
  kernels.insert(0, std::vector{0.35}, 1);
  kernels.settle();
  const double deviation = std::exp2(std::round(std::log2(std::sqrt(1.0 / 24)) * 16) / 16);
  const double whole = normal_cdf(0.65 / deviation) - normal_cdf(-0.35 / deviation);
  for (int n = 0; n < 10; ++n) {
    const double mass =
        (normal_cdf((0.1 * (n + 1) - 0.35) / deviation) - normal_cdf((0.1 * n - 0.35) / deviation)) / whole;
    const double got = density_at(kernels, {0.1 * n + 0.05}) / 10;
    EXPECT_NEAR(got, (mass + 0.1) / 2, 0.004) << n;
  }
}

TEST(Kernels, ForgetWithoutATrace) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(integer("n", 1, 1000, true)),
                                  Axis(choice("c", {"a", "b", "c"}))};
  const auto point = [&](std::size_t slot) {
    Rng rng(5, Purpose::kSimulate, slot);
    return std::vector{rng.uniform(), axes[1].snap(rng.uniform()),
                       (static_cast<double>(rng.below(3)) + 0.5) / 3};
  };
  Kernels straight(axes, 1);
  Kernels winding(axes, 1);
  for (std::size_t slot = 0; slot < 700; ++slot) {
    if (slot % 3 != 0) straight.insert(slot, point(slot), 1);
  }
  straight.settle();
  for (std::size_t slot = 700; slot-- > 0;) {
    winding.insert(slot, point(slot), 1);
    winding.settle();
  }
  for (std::size_t slot = 0; slot < 700; slot += 3) {
    winding.erase(slot, point(slot));
    winding.settle();
  }
  EXPECT_EQ(winding.size(), straight.size());
  for (std::size_t at = 1000; at < 1050; ++at) {
    EXPECT_EQ(density_at(winding, point(at)), density_at(straight, point(at)));
  }
}

TEST(Kernels, PointsDrawnTogetherAreThoseDrawnOneByOne) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(choice("c", {"a", "b", "c"})),
                                  Axis(number("y", 0, 1))};
  Kernels kernels(axes, 1);
  kernels.insert(1, std::vector{0.1, 0.5, 0.2}, 3);  // slots 0 and 2 are free
  kernels.insert(3, std::vector{0.8, 5.0 / 6, 0.9}, 1);
  kernels.settle();
  Rng together(2, Purpose::kSimulate, 0);
  Rng one_by_one(2, Purpose::kSimulate, 0);
  const Points all = kernels.sample(together, 50, 2);
  for (std::size_t i = 0; i < all.count(); ++i) {
    const Points one = kernels.sample(one_by_one, 1, 2);
    EXPECT_THAT(all.point(i), testing::ElementsAreArray(one.values)) << i;
  }
}

TEST(Kernels, SampleEachAxisByItsMarginal) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(choice("c", {"a", "b", "c"}))};
  Kernels kernels(axes, 1);
  kernels.insert(0, std::vector{0.1, 0.5}, 3);
  kernels.insert(1, std::vector{0.8, 5.0 / 6}, 1);
  kernels.settle();
  Rng rng(2, Purpose::kSimulate, 0);
  constexpr int kDraws = 40000;
  const Points points = kernels.sample(rng, kDraws);
  // By choice and bin what the mixture has there, and by each alone.
  std::array<std::array<double, 10>, 3> joint{};
  std::array<double, 3> by_choice{};
  std::array<double, 10> by_bin{};
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t bin = 0; bin < 10; ++bin) {
      for (int i = 0; i < 100; ++i) {
        const double x = (static_cast<double>(bin) + (i + 0.5) / 100) / 10;
        joint[c][bin] += density_at(kernels, {x, (static_cast<double>(c) + 0.5) / 3}) / 1000;
      }
      by_choice[c] += joint[c][bin];
      by_bin[bin] += joint[c][bin];
    }
  }
  for (int c = 0; c < 3; ++c) {
    for (int bin = 0; bin < 10; ++bin) {
      const double expected = by_choice[static_cast<std::size_t>(c)] * by_bin[static_cast<std::size_t>(bin)];
      int seen = 0;
      for (int i = 0; i < kDraws; ++i) {
        const auto point = points.point(static_cast<std::size_t>(i));
        seen += axes[1].choice_of(point[1]) == c && static_cast<int>(point[0] * 10) == bin ? 1 : 0;
      }
      // The seed is fixed; five standard deviations.
      EXPECT_NEAR(seen, kDraws * expected, 5 * std::sqrt(kDraws * expected) + 1) << c << " " << bin;
    }
  }
}

}  // namespace
}  // namespace coppice
