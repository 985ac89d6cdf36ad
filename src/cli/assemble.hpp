/// From a checked study to the pure machinery that runs it: the same for run, recover, replay and simulate.
#pragma once

#include <memory>

#include "core/sampler.hpp"
#include "core/study.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

struct Assembly {
  std::unique_ptr<Study> study;
  std::unique_ptr<Sampler> sampler;   ///< for trials from scratch
  std::unique_ptr<Sampler> explorer;  ///< for clones
};

/// Precondition: the study was checked against the catalogs of this binary.
Assembly assemble(const StudySpec& spec);

}  // namespace coppice
