/// A synthetic learning curve, for tests and simulations: cheap, without noise, and with a state that tells a
/// wrong restore.
///
/// The loss starts at 1 and closes the fraction `rate` of its distance to the floor (x - 0.3)^2 at each step:
/// loss += rate * ((x - 0.3)^2 - loss). So after t steps from scratch it is floor + (1 - floor) (1 - rate)^t;
/// a clone goes on from the loss that it loaded. Reports value (the loss, to be minimised). `fail_at` makes
/// the step of that number throw std::runtime_error, every time that it is tried. The caller owns it; one
/// thread.
#pragma once

#include <memory>
#include <vector>

#include "coppice/trainable.hpp"
#include "trainables/parameter_info.hpp"

namespace coppice {

/// x in [0, 1], needed; rate in (0, 1], 0.2; fail_at, an integer from 1, never.
const std::vector<ParameterInfo>& curve_parameters();
std::unique_ptr<Trainable> make_curve();

}  // namespace coppice
