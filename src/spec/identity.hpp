/// What makes a study the same study, whoever wrote it down: see StudySpec::identity. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "spec/study_spec.hpp"

namespace coppice {

/// Objective, space, sampler, scheduler, stoppers, trainable, steps of a trial, seed, repeats and
/// deterministic mode. Not the name, which is a label.
Identity identity_of(const StudySpec& study);

/// "space.learning_rate.low was 0.0001, is 0.001"; nothing where they agree.
std::optional<std::string> first_difference(const Identity& then, const Identity& now);

}  // namespace coppice
