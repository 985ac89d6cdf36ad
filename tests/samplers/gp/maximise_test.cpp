#include "samplers/gp/maximise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "../spaces.hpp"
#include "coppice/rng.hpp"

namespace coppice::gp {
namespace {

/// A posterior over a space that saw `n` scattered points of f.
struct Model {
  Coordinates coordinates;
  std::vector<Point> points;
  std::optional<Posterior> posterior;

  Model(const SearchSpace& space, int n, const std::function<double(const Point&)>& f) : coordinates(space) {
    Rng rng(1, Purpose::kSimulate, 0);
    Training training;
    training.targets.resize(n);
    for (int i = 0; i < n; ++i) {
      Point point(coordinates.size());
      for (double& u : point) u = rng.uniform();
      coordinates.snap(point);
      training.targets[i] = f(point);
      points.push_back(point);
    }
    training.features = coordinates.features(points);
    training.groups = coordinates.groups();
    training.group_count = coordinates.group_count();
    posterior = Posterior::make(training, Kernel::kMatern52,
                                {Eigen::VectorXd::Constant(training.group_count, 0.7), 1, 1e-6}, {}, {});
  }
  MaximiseRequest request(const std::set<Point>* taken = nullptr) const {
    return {Acquisition::kConfidenceBound, 0.0, {points.front()}, taken, 3, 4};
  }
};

double bowl(const Point& point) {
  double sum = 0;
  for (const double u : point) sum += (u - 0.3) * (u - 0.3);
  return sum;
}

TEST(Maximise, FindsTheLowestMeanOfASmoothSpace) {
  const Model model(spaces::cube(3), 60, bowl);
  ASSERT_TRUE(model.posterior);
  const auto best = maximise(*model.posterior, model.coordinates, model.request());
  ASSERT_TRUE(best);
  for (const double u : best->point) EXPECT_NEAR(u, 0.3, 0.05);
  // No other point that one can think of has a lower mean.
  Rng rng(5, Purpose::kSimulate, 0);
  for (int i = 0; i < 2000; ++i) {
    const Point other = {rng.uniform(), rng.uniform(), rng.uniform()};
    const double value = model.posterior->acquire(model.coordinates.features(std::span(&other, 1)),
                                                  Acquisition::kConfidenceBound, 0)[0];
    EXPECT_LE(value, best->value);
  }
}

TEST(Maximise, ComparesCellsAndDoesNotRound) {
  // The second of four values is the nearest to the bottom, in the first of three choices.
  const SearchSpace space({spaces::integer("n", 1, 4), spaces::integer("m", 1, 200),
                           spaces::choice("c", {spaces::text("a"), spaces::text("b"), spaces::text("c")}),
                           spaces::number("x", 0, 1)});
  const Model model(space, 80, [](const Point& p) {
    return bowl({p[0], p[1], p[3]}) + (p[2] < 0.4 ? 0 : 0.2);
  });
  ASSERT_TRUE(model.posterior);
  const auto best = maximise(*model.posterior, model.coordinates, model.request());
  ASSERT_TRUE(best);
  EXPECT_EQ(model.coordinates.cell_of(0, best->point[0]), 1);
  EXPECT_EQ(model.coordinates.cell_of(2, best->point[2]), 0);
  EXPECT_NEAR(best->point[1], 0.3, 0.1);
  EXPECT_NEAR(best->point[3], 0.3, 0.1);
  Point snapped = best->point;
  model.coordinates.snap(snapped);
  EXPECT_EQ(snapped, best->point);
}

TEST(Maximise, LooksAtEveryPointOfASmallSpaceAndAtNoneThatIsTaken) {
  const Model model(spaces::finite(), 6, bowl);
  ASSERT_TRUE(model.posterior);
  std::set<Point> taken;
  for (int i = 0; i < 12; ++i) {
    const auto best = maximise(*model.posterior, model.coordinates, model.request(&taken));
    ASSERT_TRUE(best) << i;
    EXPECT_TRUE(taken.insert(model.coordinates.key(best->point)).second) << i;
  }
  EXPECT_FALSE(maximise(*model.posterior, model.coordinates, model.request(&taken)));
}

TEST(Maximise, KeepsToWhatIsPinned) {
  const Model model(spaces::mixed(), 30, bowl);
  ASSERT_TRUE(model.posterior);
  Point pins(model.coordinates.size(), 0.9);
  model.coordinates.snap(pins);
  for (std::size_t axis = 0; axis < pins.size(); ++axis) {
    MaximiseRequest request = model.request();
    request.pinned.resize(pins.size());
    request.pinned[axis] = pins[axis];
    const auto best = maximise(*model.posterior, model.coordinates, request);
    ASSERT_TRUE(best);
    EXPECT_EQ(best->point[axis], pins[axis]) << axis;
  }
}

TEST(Maximise, IsAPureFunction) {
  const Model model(spaces::mixed(), 30, bowl);
  ASSERT_TRUE(model.posterior);
  const auto a = maximise(*model.posterior, model.coordinates, model.request());
  const auto b = maximise(*model.posterior, model.coordinates, model.request());
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->point, b->point);
  EXPECT_TRUE(model.coordinates.space().admits(model.coordinates.decode(a->point)));
}

}  // namespace
}  // namespace coppice::gp
