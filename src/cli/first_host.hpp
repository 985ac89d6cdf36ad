/// The first trial host of a run: what hosts are told, and the start of one before there is a coordinator.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cluster/signals.hpp"
#include "spec/study_spec.hpp"
#include "wire/messages.hpp"
#include "worker/repeated_host.hpp"
#include "worker/worker_place.hpp"

namespace coppice {

/// The path of this program, to start it once more.
std::string own_executable();

/// What each worker gets to know of a study that runs in `directory`.
Welcome welcome_to(const StudySpec& spec, const std::filesystem::path& directory,
                   const std::filesystem::path& checkpoints);

/// Starts a trial host and waits for its hello, so that a trainable that can't start is told now and not by
/// failed trials. `require` throws where what it says of itself doesn't fit. Throws UserError with the host's
/// last words if it ends, StoppedEarly at a signal.
RepeatedHost start_host(Spawner& spawner, const Welcome& welcome, const WorkerPlace& place,
                        StopSignals& signals, const std::function<void(const HostReady&)>& require);

}  // namespace coppice
