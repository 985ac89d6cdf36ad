/// From a checked study to the pure machinery that runs it: the same for run, recover, replay and simulate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/sampler.hpp"
#include "core/study.hpp"
#include "results/recorder.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

struct Assembly {
  std::unique_ptr<Study> study;
  std::unique_ptr<Sampler> sampler;   ///< for trials from scratch
  std::unique_ptr<Sampler> explorer;  ///< for clones
};

/// Precondition: the study was checked against the catalogs of this binary. Throws UserError where a built-in
/// that trains step by step has no limit on its steps.
Assembly assemble(const StudySpec& spec);

/// Its scheduler has trials begin from the states of others.
bool clones(const StudySpec& spec);

/// The sampler's name; of auto, what it chose and why, too.
std::string sampler_text(const StudySpec& spec);

/// Trials from scratch that the scheduler alone would begin (a population, Hyperband's brackets); nothing
/// where only a budget says.
std::optional<std::int64_t> planned_trials(const StudySpec& spec);

/// What the tables of study.h5 need to know beforehand.
RecordedStudy recorded_study(const StudySpec& spec);

}  // namespace coppice
