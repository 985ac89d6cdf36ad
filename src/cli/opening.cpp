#include "cli/opening.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "cluster/allotment.hpp"
#include "core/check.hpp"

namespace coppice {

std::string Opening::text() const {
  nlohmann::json json = {{"run", run}, {"dedicated", dedicated}, {"patience_s", patience_s}};
  if (resources.gpus_per_worker) json["gpus_per_worker"] = *resources.gpus_per_worker;
  if (resources.cpus_per_worker) json["cpus_per_worker"] = *resources.cpus_per_worker;
  if (resources.gpu_memory_bytes) json["gpu_memory_bytes"] = *resources.gpu_memory_bytes;
  return json.dump() + '\n';
}

Opening Opening::parse(const std::string& text) {
  const auto json = nlohmann::json::parse(text.substr(0, text.find('\n')));
  Opening opening{json.at("run"), json.at("dedicated"), {}, json.at("patience_s")};
  ResourceSpec& resources = opening.resources;
  if (json.contains("gpus_per_worker")) resources.gpus_per_worker = json["gpus_per_worker"].get<double>();
  if (json.contains("cpus_per_worker")) resources.cpus_per_worker = json["cpus_per_worker"].get<int>();
  if (json.contains("gpu_memory_bytes")) {
    resources.gpu_memory_bytes = json["gpu_memory_bytes"].get<std::int64_t>();
  }
  return opening;
}

Placement place_ranks(const std::vector<RankInfo>& infos, const std::vector<std::string>& told) {
  const Opening opening = Opening::parse(told.at(0));
  std::vector<Allotment> allotments;
  for (const std::string& text : told) {
    auto allotment = decode_allotment(std::string_view(text).substr(text.find('\n') + 1));
    check(allotment.has_value(), "a rank told something else than its allotment");
    allotments.push_back(std::move(*allotment));
  }
  return place_workers(opening.resources, infos, allotments, opening.dedicated, true);
}

}  // namespace coppice
