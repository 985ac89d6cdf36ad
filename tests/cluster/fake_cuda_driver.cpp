// Stands in for the CUDA driver, with its names and types: FAKE_CUDA_DEVICES devices, or an error where that
// isn't set.
#include <cstdlib>
#include <cstring>

namespace {
constexpr int kSuccess = 0;
constexpr int kNoDevice = 100;
constexpr int kInvalidValue = 1;
bool initialised = false;

int count() {
  const char* const text = std::getenv("FAKE_CUDA_DEVICES");
  return text == nullptr ? 0 : std::atoi(text);
}
}  // namespace

extern "C" {
struct CUuuid {
  char bytes[16];
};

int cuInit(unsigned flags) {
  initialised = flags == 0 && count() > 0;
  return initialised ? kSuccess : kNoDevice;
}

int cuDeviceGetCount(int* devices) {
  if (!initialised) return kNoDevice;
  *devices = count();
  return kSuccess;
}

int cuDeviceGet(int* device, int ordinal) {
  if (!initialised || ordinal < 0 || ordinal >= count()) return kInvalidValue;
  *device = ordinal + 1000;
  return kSuccess;
}

int cuDeviceGetName(char* name, int size, int device) {
  if (device < 1000 || size < 12) return kInvalidValue;
  std::strcpy(name, "Fake GPU 1G");
  return std::getenv("FAKE_CUDA_BROKEN") == nullptr ? kSuccess : kInvalidValue;
}

int cuDeviceGetUuid_v2(void* answer, int device) {
  auto* uuid = static_cast<CUuuid*>(answer);
  if (device < 1000) return kInvalidValue;
  for (int i = 0; i < 16; ++i) uuid->bytes[i] = static_cast<char>(0xa0 + i);
  uuid->bytes[15] = static_cast<char>(device - 1000);
  return kSuccess;
}
}
