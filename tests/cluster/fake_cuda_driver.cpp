// Stands in for the CUDA driver, with its names and types: FAKE_CUDA_DEVICES devices, of which it shows those
// in CUDA_VISIBLE_DEVICES, or an error where that isn't set. The file FAKE_CUDA_BROKEN_DEVICES holds the
// numbers of those that no longer work.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {
constexpr int kSuccess = 0;
constexpr int kInvalidValue = 1;
constexpr int kNoDevice = 100;
constexpr int kLaunchFailed = 719;
constexpr int kFirstHandle = 1000;
bool initialised = false;
int current = -1;
std::vector<int> shown;

std::string variable(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

/// As the driver reads it: up to the first name of no device; of slices the first one only.
std::vector<int> visible() {
  const int count = std::atoi(variable("FAKE_CUDA_DEVICES").c_str());
  std::vector<int> devices;
  if (std::getenv("CUDA_VISIBLE_DEVICES") == nullptr) {
    for (int i = 0; i < count; ++i) devices.push_back(i);
    return devices;
  }
  std::istringstream names(variable("CUDA_VISIBLE_DEVICES"));
  for (std::string name; std::getline(names, name, ',');) {
    if (name.starts_with("MIG-")) return {0};
    // Of a UUID its last two digits are the number.
    const std::string number = name.starts_with("GPU-") ? name.substr(name.size() - 2) : name;
    if (number.find_first_not_of("0123456789") != number.npos || std::atoi(number.c_str()) >= count) break;
    devices.push_back(std::atoi(number.c_str()));
  }
  return devices;
}

bool broken(int device) {
  std::ifstream file(variable("FAKE_CUDA_BROKEN_DEVICES"));
  for (int number = 0; file >> number;) {
    if (number == device) return true;
  }
  return false;
}
}  // namespace

extern "C" {
struct CUuuid {
  char bytes[16];
};

int cuInit(unsigned flags) {
  shown = visible();
  initialised = flags == 0 && !shown.empty();
  return initialised ? kSuccess : kNoDevice;
}

int cuDeviceGetCount(int* devices) {
  if (!initialised) return kNoDevice;
  *devices = static_cast<int>(shown.size());
  return kSuccess;
}

int cuDeviceGet(int* device, int ordinal) {
  if (!initialised || ordinal < 0 || ordinal >= static_cast<int>(shown.size())) return kInvalidValue;
  *device = shown[static_cast<std::size_t>(ordinal)] + kFirstHandle;
  return kSuccess;
}

int cuDeviceGetName(char* name, int size, int device) {
  if (device < kFirstHandle || size < 12) return kInvalidValue;
  std::strcpy(name, "Fake GPU 1G");
  return std::getenv("FAKE_CUDA_BROKEN") == nullptr ? kSuccess : kInvalidValue;
}

int cuDeviceGetUuid_v2(void* answer, int device) {
  auto* uuid = static_cast<CUuuid*>(answer);
  if (device < kFirstHandle) return kInvalidValue;
  for (int i = 0; i < 16; ++i) uuid->bytes[i] = static_cast<char>(0xa0 + i);
  uuid->bytes[15] = static_cast<char>(device - kFirstHandle);
  return kSuccess;
}

int cuDevicePrimaryCtxRetain(void** context, int device) {
  *context = reinterpret_cast<void*>(static_cast<std::intptr_t>(device));
  return kSuccess;
}

int cuCtxSetCurrent(void* context) {
  current = static_cast<int>(reinterpret_cast<std::intptr_t>(context)) - kFirstHandle;
  return kSuccess;
}

int cuMemAlloc_v2(unsigned long long* address, std::size_t size) {
  *address = reinterpret_cast<unsigned long long>(std::malloc(size));
  return kSuccess;
}

int cuMemsetD8_v2(unsigned long long address, unsigned char value, std::size_t size) {
  std::memset(reinterpret_cast<void*>(address), value, size);
  return kSuccess;
}

// As with the real one, what went wrong shows where it is waited for.
int cuCtxSynchronize() {
  return broken(current) ? kLaunchFailed : kSuccess;
}

int cuMemFree_v2(unsigned long long address) {
  std::free(reinterpret_cast<void*>(address));
  return kSuccess;
}

int cuGetErrorName(int error, const char** name) {
  *name = error == kLaunchFailed ? "CUDA_ERROR_LAUNCH_FAILED" : "CUDA_ERROR_NO_DEVICE";
  return kSuccess;
}
}
