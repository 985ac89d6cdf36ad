#include "cluster/devices.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>

#include "cluster/environment.hpp"

namespace coppice {

using cluster_detail::environment;
using cluster_detail::to_integer;

namespace {

/// The driver's functions that are used, as cuda.h declares them; it isn't needed for building. 0 is success.
struct Driver {
  using Handle = int;
  struct Uuid {
    std::array<unsigned char, 16> bytes;
  };
  int (*init)(unsigned flags) = nullptr;
  int (*device_count)(int* count) = nullptr;
  int (*device)(Handle* device, int index) = nullptr;
  int (*device_name)(char* name, int size, Handle device) = nullptr;
  int (*device_uuid)(void* uuid, Handle device) = nullptr;  ///< of a Uuid
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

std::string uuid_text(const Driver::Uuid& uuid) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", uuid.bytes[i]);
  }
  return text;
}

/// Null where there is no driver at all; empty where it has no device for us, or any error.
std::optional<std::vector<Device>> ask_driver() {
  // Never closed: the driver keeps threads and memory of its own.
  void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  std::vector<Device> devices;
  Driver driver;
  if (!find(library, "cuInit", driver.init) || !find(library, "cuDeviceGetCount", driver.device_count) ||
      !find(library, "cuDeviceGet", driver.device) || !find(library, "cuDeviceGetName", driver.device_name)) {
    return devices;
  }
  // The second one tells the parts of a divided GPU apart.
  if (!find(library, "cuDeviceGetUuid_v2", driver.device_uuid) &&
      !find(library, "cuDeviceGetUuid", driver.device_uuid)) {
    return devices;
  }
  int count = 0;
  if (driver.init(0) != 0 || driver.device_count(&count) != 0) return devices;
  for (int index = 0; index < count; ++index) {
    Driver::Handle handle = 0;
    std::array<char, 256> name{};
    Driver::Uuid uuid{};
    if (driver.device(&handle, index) != 0) return {};
    if (driver.device_name(name.data(), static_cast<int>(name.size()) - 1, handle) != 0) return {};
    if (driver.device_uuid(&uuid, handle) != 0) return {};
    devices.push_back({index, uuid_text(uuid), name.data(), std::to_string(index)});
  }
  return devices;
}

}  // namespace

std::vector<Device> visible_devices() {
  const auto visible = environment("CUDA_VISIBLE_DEVICES");
  const std::vector<std::string> names = split_visible_devices(visible.value_or(""));
  std::optional<std::vector<Device>> devices = ask_driver();
  if (!devices) {
    devices.emplace();
    for (const std::string& name : names) {
      devices->push_back({static_cast<int>(devices->size()), "", "", name});
    }
    return *devices;
  }
  // The driver counts what it is allowed to show from 0; a child needs our parent's words for it.
  for (std::size_t i = 0; visible && i < devices->size() && i < names.size(); ++i) {
    (*devices)[i].visible_as = names[i];
    if (names[i].starts_with("MIG-")) (*devices)[i].uuid = names[i];
  }
  return *devices;
}

std::vector<std::string> split_visible_devices(std::string_view value) {
  std::vector<std::string> names;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    std::string_view name = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    const auto number = to_integer<int>(name);
    const bool is_device = (number && *number >= 0) || name.starts_with("GPU-") || name.starts_with("MIG-");
    if (!is_device) break;
    names.emplace_back(name);
  }
  return names;
}

std::string encode_devices(const std::vector<Device>& devices) {
  std::string text;
  for (const Device& device : devices) {
    text += fmt::format("{}\t{}\t{}\t{}\n", device.index, device.uuid, device.name, device.visible_as);
  }
  return text;
}

std::optional<std::vector<Device>> decode_devices(std::string_view text) {
  std::vector<Device> devices;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    std::array<std::string, 4> fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::size_t tab = line.find('\t');
      if ((tab == std::string_view::npos) != (i + 1 == fields.size())) return std::nullopt;
      fields[i] = line.substr(0, tab);
      if (tab != std::string_view::npos) line.remove_prefix(tab + 1);
    }
    const auto index = to_integer<int>(fields[0]);
    if (!index) return std::nullopt;
    devices.push_back({*index, fields[1], fields[2], fields[3]});
  }
  return devices;
}

namespace {

constexpr double kTolerance = 1e-9;  // thirds and the like shall fill a device

std::string too_few(std::size_t workers, double gpus_per_worker, std::size_t devices) {
  const std::string what =
      fmt::format("{} workers on this node want {} GPU{} each, but {} {} visible", workers, gpus_per_worker,
                  gpus_per_worker > 1 ? "s" : "", devices, devices == 1 ? "is" : "are");
  if (devices == 0) return what + ": ask for GPUs, or set resources.gpus_per_worker: 0";
  // Rounded down, so that it fits: as many workers on each device as the fullest one gets.
  const double per_device = std::ceil(static_cast<double>(workers) / static_cast<double>(devices));
  return fmt::format("{}: start fewer workers per node, or set resources.gpus_per_worker: {:.3g}", what,
                     std::floor(1000.0 / per_device) / 1000.0);
}

}  // namespace

std::vector<DeviceBinding> bind_devices(const std::vector<std::vector<Device>>& seen,
                                        double gpus_per_worker) {
  std::vector<DeviceBinding> bindings(seen.size());
  if (gpus_per_worker == 0) return bindings;
  const bool is_whole = gpus_per_worker >= 1 && gpus_per_worker == std::floor(gpus_per_worker);
  if (!is_whole && !(gpus_per_worker > 0 && gpus_per_worker < 1)) {
    for (DeviceBinding& binding : bindings) {
      binding.problem =
          fmt::format("resources.gpus_per_worker is {}: it must be 0, a whole number, or a fraction below 1",
                      gpus_per_worker);
    }
    return bindings;
  }

  std::map<std::string, double> used;
  for (const std::vector<Device>& devices : seen) {
    for (const Device& device : devices) used.emplace(device.key(), 0.0);
  }
  const double share = std::min(gpus_per_worker, 1.0);
  const auto wanted = static_cast<std::size_t>(std::ceil(gpus_per_worker));
  for (std::size_t worker = 0; worker < seen.size(); ++worker) {
    std::vector<Device> free;
    for (const Device& device : seen[worker]) {
      if (used[device.key()] + share <= 1.0 + kTolerance) free.push_back(device);
    }
    DeviceBinding& binding = bindings[worker];
    if (free.size() < wanted) {
      binding.problem = too_few(seen.size(), gpus_per_worker, used.size());
      continue;
    }
    std::stable_sort(free.begin(), free.end(),
                     [&](const Device& a, const Device& b) { return used[a.key()] < used[b.key()]; });
    free.resize(wanted);
    for (const Device& device : free) {
      used[device.key()] += share;
      binding.visible_as += (binding.visible_as.empty() ? "" : ",") + device.visible_as;
    }
    binding.devices = std::move(free);
  }
  return bindings;
}

}  // namespace coppice
