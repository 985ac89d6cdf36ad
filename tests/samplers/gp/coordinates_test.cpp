#include "samplers/gp/coordinates.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../spaces.hpp"
#include "coppice/rng.hpp"
#include "samplers/history.hpp"

namespace coppice::gp {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;
using spaces::text;
using spaces::when;
using spaces::whole;

Point random_point(const Coordinates& coordinates, Rng& rng) {
  Point point(coordinates.size());
  for (double& u : point) u = rng.uniform();
  coordinates.snap(point);
  return point;
}

TEST(Coordinates, APointAndItsHyperparametersAreTheSame) {
  const Coordinates coordinates(spaces::mixed());
  Rng rng(1, Purpose::kSimulate, 0);
  for (int i = 0; i < 500; ++i) {
    const Point point = random_point(coordinates, rng);
    const Values values = coordinates.decode(point);
    ASSERT_TRUE(coordinates.space().admits(values));
    const Point again = coordinates.from_encoded(encode(coordinates.space(), values));
    const Point a = coordinates.key(again);
    const Point b = coordinates.key(point);
    for (std::size_t d = 0; d < a.size(); ++d) ASSERT_NEAR(a[d], b[d], 1e-12) << d;
    for (std::size_t d = 0; d < a.size(); ++d) {
      ASSERT_EQ(coordinates.active(point)[d], !is_absent(values[d])) << d;
      if (coordinates.cells(d) > 0 && !is_absent(values[d])) {
        ASSERT_EQ(coordinates.cell_of(d, again[d]), coordinates.cell_of(d, point[d])) << d;
      }
    }
  }
}

TEST(Coordinates, EveryCellHasAMiddleOfItsOwn) {
  Parameter huge = integer("huge", 1, 1'000'000, true);
  const Coordinates coordinates(SearchSpace({integer("n", 3, 60, true), integer("m", -4, 100), huge}));
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const std::int64_t cell :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{30}, coordinates.cells(axis) - 1}) {
      EXPECT_EQ(coordinates.cell_of(axis, coordinates.middle_of(axis, cell)), cell) << axis;
    }
  }
  EXPECT_FALSE(coordinates.smooth(0));
  EXPECT_TRUE(coordinates.smooth(1)) << "105 values";
  EXPECT_TRUE(coordinates.smooth(2));
}

double distance(const Coordinates& coordinates, const Point& a, const Point& b) {
  const Eigen::MatrixXd features = coordinates.features(std::vector{a, b});
  return (features.col(0) - features.col(1)).squaredNorm();
}

TEST(Coordinates, ChoicesAreAllEquallyFarUnlessTheyHaveAnOrder) {
  const std::vector<Value> words = {text("a"), text("b"), text("c")};
  const Coordinates unordered(SearchSpace({choice("c", words)}));
  const Coordinates ordered(SearchSpace({choice("c", words, true)}));
  const Point a = {1.0 / 6};
  const Point b = {0.5};
  const Point c = {5.0 / 6};
  EXPECT_NEAR(distance(unordered, a, b), 1, 1e-12);
  EXPECT_NEAR(distance(unordered, a, c), 1, 1e-12);
  EXPECT_NEAR(distance(ordered, a, c), 4 * distance(ordered, a, b), 1e-12);
  EXPECT_EQ(unordered.groups(), (std::vector<int>{0, 0, 0}));
}

TEST(Coordinates, AParameterThatIsOffMakesNoDifference) {
  const Coordinates coordinates(
      SearchSpace({choice("on", {text("no"), text("yes")}), when(number("x", 0, 1), "on", {text("yes")}),
                   when(choice("c", {text("a"), text("b"), text("c")}), "on", {text("yes")})}));
  const Point off1 = {0.25, 0.1, 1.0 / 6};
  const Point off2 = {0.25, 0.9, 0.5};
  EXPECT_EQ(distance(coordinates, off1, off2), 0);
  EXPECT_EQ(coordinates.key(off1), coordinates.key(off2));
  const Point on1 = {0.75, 0.1, 1.0 / 6};
  const Point on2 = {0.75, 0.9, 1.0 / 6};
  EXPECT_NEAR(distance(coordinates, on1, on2), 0.64, 1e-12);
  EXPECT_NE(coordinates.key(on1), coordinates.key(on2));
  EXPECT_NEAR(distance(coordinates, off1, on1), 0.25 + 0.16 + 1, 1e-12)
      << "its switch, from the middle, and a choice of its own";
}

TEST(Coordinates, CountsAFiniteSpace) {
  EXPECT_EQ(Coordinates(spaces::finite()).count(100), 12);
  EXPECT_EQ(Coordinates(spaces::finite()).count(11), std::nullopt);
  EXPECT_EQ(Coordinates(spaces::cube(1)).count(100), std::nullopt);
}

TEST(Coordinates, AContextIsOneMoreFeatureOfEveryPoint) {
  const Coordinates plain(spaces::mixed());
  const Coordinates seen = plain.with_context(0.25).with_context(-0.3);
  Rng rng(2, Purpose::kSimulate, 0);
  const std::vector<Point> points = {random_point(plain, rng), random_point(plain, rng)};
  const Eigen::MatrixXd features = seen.features(points);
  EXPECT_EQ(features.topRows(features.rows() - 1), plain.features(points));
  EXPECT_EQ(features.bottomRows(1), Eigen::MatrixXd::Constant(1, 2, -0.3));
  EXPECT_EQ(seen.group_count(), plain.group_count() + 1);
  EXPECT_EQ(seen.groups().size(), plain.groups().size() + 1);
  EXPECT_EQ(seen.groups().back(), plain.group_count());
  EXPECT_EQ(seen.key(points[0]), plain.key(points[0]));
}

}  // namespace
}  // namespace coppice::gp
