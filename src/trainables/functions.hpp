/// Test functions of global optimisation. Each reports `value`, to be minimised, the same at every step.
/// The caller owns what is made; one thread each. `setup` throws std::invalid_argument where a coordinate is
/// missing.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "coppice/trainable.hpp"
#include "trainables/parameter_info.hpp"

namespace coppice {

/// Branin: (x2 - 5.1/(4 pi^2) x1^2 + 5/pi x1 - 6)^2 + 10 (1 - 1/(8 pi)) cos(x1) + 10 on [-5, 10] x [0, 15].
/// Three global minima, 0.397887..., at (-pi, 12.275), (pi, 2.275), (3 pi, 2.475).
/// Branin, "Widely convergent method for finding multiple solutions of simultaneous nonlinear equations", IBM
/// J. Res. Dev. 16 (1972); in this form: Dixon and Szego, Towards Global Optimisation 2 (1978).
double branin(double x1, double x2);

/// Hartmann's function of six variables on [0, 1]^6: -sum_i a_i exp(-sum_j A_ij (x_j - P_ij)^2). Global
/// minimum -3.32237 at (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573). Hartman, "Some experiments
/// in global optimization", Naval Postgraduate School (1973); constants as in Dixon and Szego (1978).
/// Precondition: six values.
double hartmann6(std::span<const double> x);

/// Rosenbrock: sum_i 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2. Global minimum 0 at (1, ..., 1).
/// Rosenbrock, "An automatic method for finding the greatest or least value of a function", Computer J. 3
/// (1960); the sum over neighbours for d > 2 is De Jong's. Precondition: two values at least.
double rosenbrock(std::span<const double> x);

/// The coordinates x1 ... xd.
std::vector<ParameterInfo> coordinates(int count);

std::unique_ptr<Trainable> make_branin();
std::unique_ptr<Trainable> make_hartmann6();
/// As many coordinates as the trial gives, x1 ... xd without a gap, two at least.
std::unique_ptr<Trainable> make_rosenbrock();

}  // namespace coppice
