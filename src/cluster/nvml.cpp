#include "cluster/nvml.hpp"

#include <array>

#include "cluster/shared_library.hpp"

namespace coppice {
namespace {

using cluster_detail::SharedLibrary;

/// The library's functions that are used, as nvml.h declares them. 0 is success.
class Nvml {
 public:
  using Handle = void*;
  struct Memory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
  };
  struct Process {
    unsigned pid;
    unsigned long long used_bytes;
    unsigned gpu_instance;
    unsigned compute_instance;
  };

  Nvml() : library_("libnvidia-ml.so.1") {
    int (*init)() = nullptr;
    usable_ = library_.find("nvmlInit_v2", init) && library_.find("nvmlDeviceGetHandleByUUID", by_uuid) &&
              library_.find("nvmlDeviceGetMemoryInfo", memory) && init() == 0;
    if (!usable_) return;
    library_.find("nvmlDeviceGetCount_v2", count);
    library_.find("nvmlDeviceGetHandleByIndex_v2", by_index);
    library_.find("nvmlDeviceGetName", name);
    library_.find("nvmlDeviceGetUUID", uuid);
    library_.find("nvmlDeviceGetMigMode", mig_mode);
    library_.find("nvmlDeviceGetMaxMigDeviceCount", mig_count);
    library_.find("nvmlDeviceGetMigDeviceHandleByIndex", mig_by_index);
    // Both take the same structure; the first form took a smaller one.
    if (!library_.find("nvmlDeviceGetComputeRunningProcesses_v3", processes)) {
      library_.find("nvmlDeviceGetComputeRunningProcesses_v2", processes);
    }
  }

  bool usable() const { return usable_; }

  std::optional<ManagedDevice> describe(Handle device, bool is_slice) const {
    std::array<char, 96> id{};
    std::array<char, 96> text{};
    if (uuid == nullptr || uuid(device, id.data(), static_cast<unsigned>(id.size())) != 0)
      return std::nullopt;
    if (name == nullptr || name(device, text.data(), static_cast<unsigned>(text.size())) != 0) text[0] = '\0';
    return ManagedDevice{id.data(), text.data(), is_slice};
  }

  int (*by_uuid)(const char* uuid, Handle* device) = nullptr;
  int (*memory)(Handle device, void* memory) = nullptr;  ///< of a Memory
  int (*count)(unsigned* count) = nullptr;
  int (*by_index)(unsigned index, Handle* device) = nullptr;
  int (*name)(Handle device, char* text, unsigned size) = nullptr;
  int (*uuid)(Handle device, char* text, unsigned size) = nullptr;
  int (*mig_mode)(Handle device, unsigned* current, unsigned* pending) = nullptr;
  int (*mig_count)(Handle device, unsigned* count) = nullptr;
  int (*mig_by_index)(Handle device, unsigned index, Handle* slice) = nullptr;
  int (*processes)(Handle device, unsigned* count, void* processes) = nullptr;  ///< of Process

 private:
  SharedLibrary library_;
  bool usable_ = false;
};

/// Loaded at its first use and never shut down: it is asked again and again.
const Nvml& nvml() {
  static const Nvml library;
  return library;
}

std::optional<Nvml::Handle> handle_of(const std::string& uuid) {
  Nvml::Handle device = nullptr;
  if (!nvml().usable() || nvml().by_uuid(uuid.c_str(), &device) != 0) return std::nullopt;
  return device;
}

}  // namespace

std::optional<DeviceMemory> device_memory(const std::string& uuid) {
  const auto device = handle_of(uuid);
  Nvml::Memory memory{};
  if (!device || nvml().memory(*device, &memory) != 0) return std::nullopt;
  DeviceMemory result{static_cast<std::int64_t>(memory.free), static_cast<std::int64_t>(memory.total), {}};
  std::array<Nvml::Process, 64> processes{};
  auto count = static_cast<unsigned>(processes.size());
  if (nvml().processes != nullptr && nvml().processes(*device, &count, processes.data()) == 0) {
    for (unsigned i = 0; i < count && i < processes.size(); ++i) {
      if (processes[i].pid != 0) result.pids.push_back(static_cast<int>(processes[i].pid));
    }
  }
  return result;
}

std::vector<ManagedDevice> managed_devices() {
  const Nvml& library = nvml();
  std::vector<ManagedDevice> devices;
  unsigned count = 0;
  if (!library.usable() || library.count == nullptr || library.by_index == nullptr ||
      library.count(&count) != 0) {
    return devices;
  }
  for (unsigned index = 0; index < count; ++index) {
    Nvml::Handle device = nullptr;
    if (library.by_index(index, &device) != 0) continue;  // not ours to look at
    unsigned divided = 0;
    unsigned pending = 0;
    unsigned slices = 0;
    if (library.mig_mode != nullptr && library.mig_mode(device, &divided, &pending) == 0 && divided != 0 &&
        library.mig_count != nullptr && library.mig_by_index != nullptr &&
        library.mig_count(device, &slices) == 0) {
      for (unsigned slice = 0; slice < slices; ++slice) {
        Nvml::Handle part = nullptr;
        if (library.mig_by_index(device, slice, &part) != 0) continue;  // numbers may have gaps
        if (auto described = library.describe(part, true)) devices.push_back(std::move(*described));
      }
    } else if (auto described = library.describe(device, false)) {
      devices.push_back(std::move(*described));
    }
  }
  return devices;
}

std::string managed_device_name(const std::string& uuid) {
  const auto device = handle_of(uuid);
  if (!device) return {};
  const auto described = nvml().describe(*device, false);
  return described ? described->name : std::string();
}

}  // namespace coppice
