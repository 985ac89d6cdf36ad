#include "cluster/allotment.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace coppice {
namespace {

using Json = nlohmann::json;

Json to_json(const Device& device) {
  return {device.index, device.uuid, device.name, device.visible_as, static_cast<int>(device.maker)};
}

Device to_device(const Json& json) {
  return {json.at(0), json.at(1), json.at(2), json.at(3), static_cast<DeviceMaker>(json.at(4).get<int>())};
}

}  // namespace

Allotment own_allotment() {
  Allotment allotment;
  allotment.devices = visible_devices();
  allotment.slurm_devices = slurm_device_count();
  allotment.cpus = own_cpu_share();
  allotment.memory_bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  return allotment;
}

std::string encode(const Allotment& allotment) {
  Json json = {{"devices", Json::array()},        {"slurm_devices", allotment.slurm_devices},
               {"cpus", Json::array()},           {"quota_group", allotment.cpus.quota_group},
               {"online", allotment.cpus.online}, {"memory_bytes", allotment.memory_bytes}};
  for (const Device& device : allotment.devices) json["devices"].push_back(to_json(device));
  for (const Cpu& cpu : allotment.cpus.cpus) {
    json["cpus"].push_back(Json::array({cpu.number, cpu.numa_node, cpu.core}));
  }
  if (allotment.cpus.quota) json["quota"] = *allotment.cpus.quota;
  if (allotment.cpus.job_cpus) json["job_cpus"] = *allotment.cpus.job_cpus;
  // Names come from drivers and from the environment: whatever bytes they hold, it stays a line of text.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Allotment> decode_allotment(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Allotment allotment;
    for (const Json& device : json.at("devices")) allotment.devices.push_back(to_device(device));
    allotment.slurm_devices = json.at("slurm_devices");
    for (const Json& cpu : json.at("cpus")) {
      allotment.cpus.cpus.push_back({cpu.at(0).get<int>(), cpu.at(1).get<int>(), cpu.at(2).get<int>()});
    }
    allotment.cpus.quota_group = json.at("quota_group");
    allotment.cpus.online = json.at("online");
    allotment.memory_bytes = json.at("memory_bytes");
    if (json.contains("quota")) allotment.cpus.quota = json["quota"].get<double>();
    if (json.contains("job_cpus")) allotment.cpus.job_cpus = json["job_cpus"].get<int>();
    return allotment;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace coppice
