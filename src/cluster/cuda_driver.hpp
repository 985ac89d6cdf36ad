/// The CUDA driver, loaded when the program runs: which devices it shows, and whether they work.
///
/// Threads: call it before threads start, and after everything was forked that will use CUDA itself (the
/// spawner of trial hosts). Failure: as said at each function; nothing throws.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace coppice {

struct CudaDevice {
  std::string uuid;  ///< "GPU-…"; of a MIG slice its own, but with this prefix too
  std::string name;
};

/// The devices that the driver shows to this process, in its order. Null where there is no driver; empty
/// where it has none for us, or where anything fails. Makes no context: costs no memory of any device.
std::optional<std::vector<CudaDevice>> cuda_devices();

/// Uses each device that this process sees: a context, memory, a write to it, a wait for the write. Empty
/// where all of them work, else one line that says what failed on which. Can hang where a device does: call
/// it in a process of its own, under a time limit.
std::string try_cuda_devices();

}  // namespace coppice
