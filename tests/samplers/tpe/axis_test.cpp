// How an axis cuts [0, 1] into the cells of its parameter's values.
#include <gtest/gtest.h>

#include <vector>

#include "../spaces.hpp"
#include "samplers/tpe/axis.hpp"

namespace coppice {
namespace {

using spaces::integer;
using spaces::number;
using tpe::Axis;

TEST(Axis, MeasuresCellsAsTheParameterEncodesThem) {
  std::vector<Parameter> parameters = {integer("a", 1, 6),         integer("b", 1, 20, true),
                                       integer("c", 2, 900, true), integer("d", 0, 1000),
                                       number("e", 0, 1),          number("f", 0.5, 8, true)};
  parameters[4].step = 0.125;
  parameters[5].step = 0.5;
  for (const Parameter& parameter : parameters) {
    const Axis axis(parameter);
    EXPECT_EQ(axis.choices(), 0);
    double widths = 0;
    for (const Axis::Cell& cell : axis.cells()) widths += cell.width;
    EXPECT_NEAR(widths, axis.cells().empty() ? 0 : 1, 1e-12) << parameter.name;
    const bool fine = parameter.cardinality() == 0 || parameter.cardinality() > 32;
    EXPECT_EQ(axis.cells().empty(), fine) << parameter.name;
    for (double u = 0; u <= 1; u += 0.00731) {
      const double middle = parameter.encode(parameter.decode(u));
      EXPECT_NEAR(axis.snap(u), middle, 1e-12) << parameter.name << " " << u;
      if (axis.cells().empty()) continue;
      const Axis::Cell& cell = axis.cells()[axis.cell_of(u)];
      EXPECT_NEAR(cell.middle, middle, 1e-12) << parameter.name << " " << u;
      EXPECT_NEAR(axis.cell_variance(middle), cell.width * cell.width / 12, 1e-12) << parameter.name;
    }
  }
}

TEST(Axis, LeavesContinuousValuesAlone) {
  const Axis axis(number("x", 1e-3, 1, true));
  EXPECT_EQ(axis.snap(0.123), 0.123);
  EXPECT_EQ(axis.cell_variance(0.123), 0);
  EXPECT_TRUE(axis.cells().empty());
}

}  // namespace
}  // namespace coppice
