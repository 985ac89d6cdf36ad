#include "cluster/cuda_driver.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "cluster/shared_library.hpp"

namespace coppice {
namespace {

using cluster_detail::SharedLibrary;

constexpr const char* kLibrary = "libcuda.so.1";
constexpr std::size_t kProbe_bytes = 1 << 20;

/// The driver's functions that are used, as cuda.h declares them. 0 is success.
struct Driver {
  using Handle = int;
  using Context = void*;
  using Address = unsigned long long;
  struct Uuid {
    std::array<unsigned char, 16> bytes;
  };
  int (*init)(unsigned flags) = nullptr;
  int (*device_count)(int* count) = nullptr;
  int (*device)(Handle* device, int index) = nullptr;
  int (*device_name)(char* name, int size, Handle device) = nullptr;
  int (*device_uuid)(void* uuid, Handle device) = nullptr;  ///< of a Uuid

  bool find_in(const SharedLibrary& library) {
    return library.find("cuInit", init) && library.find("cuDeviceGetCount", device_count) &&
           library.find("cuDeviceGet", device) && library.find("cuDeviceGetName", device_name) &&
           // The second one tells the parts of a divided GPU apart.
           (library.find("cuDeviceGetUuid_v2", device_uuid) || library.find("cuDeviceGetUuid", device_uuid));
  }
};

/// What it takes to use a device.
struct Computing {
  int (*retain)(Driver::Context* context, Driver::Handle device) = nullptr;
  int (*set_current)(Driver::Context context) = nullptr;
  int (*allocate)(Driver::Address* address, std::size_t size) = nullptr;
  int (*fill)(Driver::Address address, unsigned char value, std::size_t size) = nullptr;
  int (*wait)() = nullptr;
  int (*release)(Driver::Address address) = nullptr;
  int (*error_name)(int error, const char** name) = nullptr;

  bool find_in(const SharedLibrary& library) {
    library.find("cuGetErrorName", error_name);
    return library.find("cuDevicePrimaryCtxRetain", retain) && library.find("cuCtxSetCurrent", set_current) &&
           library.find("cuMemAlloc_v2", allocate) && library.find("cuMemsetD8_v2", fill) &&
           library.find("cuCtxSynchronize", wait) && library.find("cuMemFree_v2", release);
  }

  std::string failure(const char* call, int error) const {
    const char* name = nullptr;
    if (error_name != nullptr && error_name(error, &name) == 0 && name != nullptr) {
      return fmt::format("{} says {} ({})", call, name, error);
    }
    return fmt::format("{} says {}", call, error);
  }
};

std::string uuid_text(const Driver::Uuid& uuid) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", uuid.bytes[i]);
  }
  return text;
}

/// What failed, or nothing. The context is left to the end of the process.
std::string use(const Computing& computing, Driver::Handle device) {
  Driver::Context context = nullptr;
  Driver::Address address = 0;
  if (const int error = computing.retain(&context, device)) {
    return computing.failure("cuDevicePrimaryCtxRetain", error);
  }
  if (const int error = computing.set_current(context)) return computing.failure("cuCtxSetCurrent", error);
  if (const int error = computing.allocate(&address, kProbe_bytes)) {
    return computing.failure("cuMemAlloc", error);
  }
  std::string failed;
  if (const int filled = computing.fill(address, 0x5a, kProbe_bytes)) {
    failed = computing.failure("cuMemsetD8", filled);
  } else if (const int waited = computing.wait()) {
    failed = computing.failure("cuCtxSynchronize", waited);
  }
  const int error = computing.release(address);
  return failed.empty() && error != 0 ? computing.failure("cuMemFree", error) : failed;
}

}  // namespace

std::optional<std::vector<CudaDevice>> cuda_devices() {
  const SharedLibrary library(kLibrary);
  if (!library.loaded()) return std::nullopt;
  std::vector<CudaDevice> devices;
  Driver driver;
  int count = 0;
  if (!driver.find_in(library) || driver.init(0) != 0 || driver.device_count(&count) != 0) return devices;
  for (int index = 0; index < count; ++index) {
    Driver::Handle handle = 0;
    std::array<char, 256> name{};
    Driver::Uuid uuid{};
    if (driver.device(&handle, index) != 0) return std::vector<CudaDevice>();
    if (driver.device_name(name.data(), static_cast<int>(name.size()) - 1, handle) != 0) {
      return std::vector<CudaDevice>();
    }
    if (driver.device_uuid(&uuid, handle) != 0) return std::vector<CudaDevice>();
    devices.push_back({uuid_text(uuid), name.data()});
  }
  return devices;
}

std::string try_cuda_devices() {
  const SharedLibrary library(kLibrary);
  Driver driver;
  Computing computing;
  if (!driver.find_in(library) || !computing.find_in(library)) {
    return fmt::format("there is no usable {}", kLibrary);
  }
  if (const int error = driver.init(0)) return computing.failure("cuInit", error);
  int count = 0;
  if (const int error = driver.device_count(&count)) return computing.failure("cuDeviceGetCount", error);
  if (count == 0) return "the driver shows no device";
  for (int index = 0; index < count; ++index) {
    Driver::Handle handle = 0;
    std::string failed;
    if (const int error = driver.device(&handle, index)) {
      failed = computing.failure("cuDeviceGet", error);
    } else {
      failed = use(computing, handle);
    }
    if (!failed.empty()) return count == 1 ? failed : fmt::format("device {}: {}", index, failed);
  }
  return {};
}

}  // namespace coppice
