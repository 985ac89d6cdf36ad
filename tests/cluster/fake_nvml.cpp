// Stands in for NVIDIA's management library: FAKE_CUDA_DEVICES GPUs, the first of them divided in
// FAKE_MIG_SLICES slices. The file FAKE_FREE_MEMORY holds how many bytes are free on each; without it all
// are.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {
constexpr int kSuccess = 0;
constexpr int kNotFound = 6;
constexpr int kDriverNotLoaded = 9;
constexpr unsigned long long kTotal_bytes = 80'000'000'000;
constexpr std::uintptr_t kFirstGpu = 1000;
constexpr std::uintptr_t kFirstSlice = 2000;

int number(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? 0 : std::atoi(text);
}

std::string uuid_of(std::uintptr_t device) {
  if (device >= kFirstSlice) return "MIG-b0b1b2b3-0" + std::to_string(device - kFirstSlice);
  return "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae0" + std::to_string(device - kFirstGpu);
}

bool divided(void* device) {
  return reinterpret_cast<std::uintptr_t>(device) == kFirstGpu && number("FAKE_MIG_SLICES") > 0;
}

int copy(const std::string& text, char* to, unsigned size) {
  if (text.size() >= size) return 7;
  std::strcpy(to, text.c_str());
  return kSuccess;
}
}  // namespace

extern "C" {
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

int nvmlInit_v2() {
  return number("FAKE_CUDA_DEVICES") > 0 ? kSuccess : kDriverNotLoaded;
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(number("FAKE_CUDA_DEVICES"));
  return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(kFirstGpu + index);
  return kSuccess;
}

int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  for (int i = 0; i < number("FAKE_CUDA_DEVICES"); ++i) {
    *device = reinterpret_cast<void*>(kFirstGpu + static_cast<std::uintptr_t>(i));
    if (uuid_of(kFirstGpu + static_cast<std::uintptr_t>(i)) == uuid) return kSuccess;
  }
  for (int i = 0; i < number("FAKE_MIG_SLICES"); ++i) {
    *device = reinterpret_cast<void*>(kFirstSlice + static_cast<std::uintptr_t>(i));
    if (uuid_of(kFirstSlice + static_cast<std::uintptr_t>(i)) == uuid) return kSuccess;
  }
  return kNotFound;
}

int nvmlDeviceGetUUID(void* device, char* text, unsigned size) {
  return copy(uuid_of(reinterpret_cast<std::uintptr_t>(device)), text, size);
}

int nvmlDeviceGetName(void* device, char* text, unsigned size) {
  const bool slice = reinterpret_cast<std::uintptr_t>(device) >= kFirstSlice;
  return copy(slice ? "Fake GPU 1G MIG 1g.10gb" : "Fake GPU 1G", text, size);
}

int nvmlDeviceGetMigMode(void* device, unsigned* now, unsigned* pending) {
  *now = *pending = divided(device) ? 1 : 0;
  return kSuccess;
}

int nvmlDeviceGetMaxMigDeviceCount(void*, unsigned* count) {
  *count = 7;
  return kSuccess;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void*, unsigned index, void** slice) {
  if (static_cast<int>(index) >= number("FAKE_MIG_SLICES")) return kNotFound;
  *slice = reinterpret_cast<void*>(kFirstSlice + index);
  return kSuccess;
}

int nvmlDeviceGetMemoryInfo(void*, void* answer) {
  auto* memory = static_cast<Memory*>(answer);
  *memory = {kTotal_bytes, kTotal_bytes, 0};
  if (const char* const path = std::getenv("FAKE_FREE_MEMORY")) {
    std::ifstream(path) >> memory->free;
    memory->used = memory->total - memory->free;
  }
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void* processes) {
  if (std::getenv("FAKE_FREE_MEMORY") == nullptr) {
    *count = 0;
  } else {
    *count = 1;
    *static_cast<Process*>(processes) = {4711, 1, 0, 0};
  }
  return kSuccess;
}
}
