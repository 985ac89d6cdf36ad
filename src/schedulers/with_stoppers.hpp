/// Puts stoppers beside a scheduler: a trial that one of them ends is stopped, and the scheduler is told of
/// it as of one that has nothing more to train. Owns both. One thread.
#pragma once

#include <memory>
#include <vector>

#include "core/scheduler.hpp"
#include "schedulers/stopper.hpp"

namespace coppice {

/// `steps`: of a whole trial; one that stands there has nothing left to be stopped.
std::unique_ptr<Scheduler> with_stoppers(std::unique_ptr<Scheduler> scheduler,
                                         std::vector<std::unique_ptr<Stopper>> stoppers, Step steps);

}  // namespace coppice
