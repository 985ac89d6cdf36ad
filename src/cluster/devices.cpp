#include "cluster/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "cluster/cuda_driver.hpp"
#include "cluster/environment.hpp"
#include "cluster/nvml.hpp"

namespace coppice {

using cluster_detail::environment;
using cluster_detail::to_integer;

namespace {

bool is_number(std::string_view text) {
  const auto number = to_integer<int>(text);
  return number && *number >= 0 && text.front() != '+';
}

bool is_slice(std::string_view name) {
  return name.starts_with("MIG-");
}

/// A device, or with Level Zero a part of one: "0.1".
bool names_device(std::string_view name, DeviceMaker maker) {
  switch (maker) {
    case DeviceMaker::kCuda:
      return is_number(name) || name.starts_with("GPU-") || is_slice(name);
    case DeviceMaker::kRocm:
      return is_number(name) || name.starts_with("GPU-");
    case DeviceMaker::kLevelZero: {
      const std::size_t dot = std::min(name.find('.'), name.size());
      return is_number(name.substr(0, dot)) && (dot == name.size() || is_number(name.substr(dot + 1)));
    }
  }
  return false;
}

/// What a launcher granted, where no driver tells what it is.
std::vector<Device> named_devices(std::string_view value, DeviceMaker maker) {
  std::vector<Device> devices;
  for (const std::string& name : split_visible_devices(value, maker)) {
    devices.push_back({static_cast<int>(devices.size()), "", "", name, maker});
  }
  return devices;
}

std::vector<Device> granted_devices() {
  struct Grant {
    const char* variable;
    DeviceMaker maker;
  };
  for (const Grant& grant :
       {Grant{"CUDA_VISIBLE_DEVICES", DeviceMaker::kCuda}, Grant{"ROCR_VISIBLE_DEVICES", DeviceMaker::kRocm},
        Grant{"HIP_VISIBLE_DEVICES", DeviceMaker::kRocm},
        Grant{"ZE_AFFINITY_MASK", DeviceMaker::kLevelZero}}) {
    if (const auto value = environment(grant.variable)) return named_devices(*value, grant.maker);
  }
  return {};
}

/// CUDA shows a process one slice, whatever it is allowed, so the driver's list is too short here.
std::vector<Device> slices(const std::vector<std::string>& names) {
  std::vector<Device> devices;
  for (const std::string& name : names) {
    devices.push_back({static_cast<int>(devices.size()), name, managed_device_name(name), name});
  }
  return devices;
}

std::vector<Device> cuda_visible_devices(const std::vector<CudaDevice>& shown,
                                         const std::optional<std::string>& grant) {
  const std::vector<std::string> names = split_visible_devices(grant.value_or(""));
  if (std::any_of(names.begin(), names.end(), is_slice)) return slices(names);
  std::vector<Device> devices;
  if (!grant) {
    const std::vector<ManagedDevice> managed = managed_devices();
    if (std::any_of(managed.begin(), managed.end(), [](const auto& device) { return device.is_slice; })) {
      for (const ManagedDevice& device : managed) {
        devices.push_back({static_cast<int>(devices.size()), device.uuid, device.name, device.uuid});
      }
      return devices;
    }
  }
  for (const CudaDevice& device : shown) {
    const std::size_t index = devices.size();
    // The driver counts what it is allowed to show from 0; a child needs our parent's words for it.
    devices.push_back({static_cast<int>(index), device.uuid, device.name,
                       grant && index < names.size() ? names[index] : std::to_string(index)});
  }
  return devices;
}

}  // namespace

std::vector<Device> visible_devices() {
  const auto shown = cuda_devices();
  const auto grant = environment("CUDA_VISIBLE_DEVICES");
  // The driver's word counts, but a machine of another maker may have one that finds nothing.
  if (!shown || (shown->empty() && !grant)) return granted_devices();
  if (shown->empty()) return {};
  return cuda_visible_devices(*shown, grant);
}

std::vector<std::string> split_visible_devices(std::string_view value, DeviceMaker maker) {
  std::vector<std::string> names;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    std::string_view name = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name.empty() || !names_device(name, maker)) break;
    names.emplace_back(name);
  }
  return names;
}

std::map<std::string, std::string> device_environment(const std::vector<Device>& devices) {
  if (devices.empty()) {
    // Level Zero has no word for none.
    return {{"CUDA_VISIBLE_DEVICES", ""},
            {"ROCR_VISIBLE_DEVICES", "-1"},
            {"HIP_VISIBLE_DEVICES", "-1"},
            {"GPU_DEVICE_ORDINAL", "-1"}};
  }
  std::string names;
  std::string places;  // 0, 1, … among those that are shown
  bool only_numbers = true;
  for (const Device& device : devices) {
    places += (names.empty() ? "" : ",") + std::to_string(&device - devices.data());
    names += (names.empty() ? "" : ",") + device.visible_as;
    only_numbers = only_numbers && is_number(device.visible_as);
  }
  if (devices.front().maker == DeviceMaker::kLevelZero) return {{"ZE_AFFINITY_MASK", names}};
  std::map<std::string, std::string> variables;
  // HIP's variables, and for HIP CUDA's too, count what ROCR_VISIBLE_DEVICES leaves. HIP's own is stronger
  // for it than CUDA's, so that each can say what its reader needs.
  if (devices.front().maker == DeviceMaker::kRocm || only_numbers) {
    variables = {{"ROCR_VISIBLE_DEVICES", names},
                 {"HIP_VISIBLE_DEVICES", places},
                 {"GPU_DEVICE_ORDINAL", places},
                 {"CUDA_VISIBLE_DEVICES", places}};
  }
  if (devices.front().maker == DeviceMaker::kCuda) variables["CUDA_VISIBLE_DEVICES"] = names;
  // A grant by number may be for hardware of any maker.
  if (devices.front().maker == DeviceMaker::kCuda && only_numbers) variables["ZE_AFFINITY_MASK"] = names;
  return variables;
}

int slurm_device_count() {
  for (const char* variable : {"SLURM_STEP_GPUS", "SLURM_JOB_GPUS"}) {
    const auto value = environment(variable);
    if (!value || value->empty()) continue;
    int count = 0;
    std::string_view rest = *value;
    while (!rest.empty()) {  // "0,1,4-7"
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view part = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      const std::size_t dash = part.find('-');
      const auto first = to_integer<int>(part.substr(0, dash));
      const auto last = dash == part.npos ? first : to_integer<int>(part.substr(dash + 1));
      if (!first || !last || *last < *first) return 0;
      count += *last - *first + 1;
    }
    return count;
  }
  return 0;
}

void tell_devices_apart(std::vector<std::vector<Device>>& seen, const std::vector<int>& given) {
  if (seen.size() < 2 || seen.front().empty()) return;
  const bool same = std::all_of(seen.begin(), seen.end(), [&](const auto& devices) {
    return devices == seen.front() && std::all_of(devices.begin(), devices.end(), [](const Device& device) {
             return device.uuid.empty() && is_number(device.visible_as);
           });
  });
  const auto enough = static_cast<int>(seen.size() * seen.front().size());
  if (!same || std::any_of(given.begin(), given.end(), [&](int count) { return count < enough; })) return;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (Device& device : seen[i]) device.counted_by = "process " + std::to_string(i);
  }
}

}  // namespace coppice
