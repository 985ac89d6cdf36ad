#include "cli/check_places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cluster/cpus.hpp"

namespace coppice {
namespace {

using Row = std::array<std::string, 7>;

std::string memory_text(const std::string& uuid, const std::vector<DeviceReading>& readings) {
  for (const DeviceReading& reading : readings) {
    if (reading.device == uuid) {
      return fmt::format("{:.1f} of {:.1f} GB", static_cast<double>(reading.free_bytes) / 1e9,
                         static_cast<double>(reading.total_bytes) / 1e9);
    }
  }
  return "-";
}

std::string cpus_text(const RankPlace& rank) {
  const std::string cpus = cpu_list_text(rank.place.cpus);
  const int threads = rank.place.threads;
  if (!rank.cpus_shared && threads == static_cast<int>(rank.place.cpus.size())) return cpus;
  return fmt::format("{} of {}{}", threads, cpus, rank.cpus_shared ? ", shared" : "");
}

Row row_of(const RankPlace& rank, const RankInfo& info, const Device* device,
           const std::vector<DeviceReading>& readings) {
  Row row{
      std::to_string(info.rank), info.host, std::to_string(info.local_rank), "none", "", "", cpus_text(rank)};
  if (device == nullptr) return row;
  row[3] = device->visible_as;
  row[4] = device->uuid.empty() || device->uuid == device->visible_as ? device->name
                                                                      : device->uuid + "  " + device->name;
  row[5] = memory_text(device->uuid, readings);
  return row;
}

std::vector<Row> rows_of(const RankPlace& rank, const RankInfo& info,
                         const std::vector<DeviceReading>& readings) {
  if (!rank.works) {
    return {{std::to_string(info.rank), info.host, std::to_string(info.local_rank), "coordinates only", "",
             "", ""}};
  }
  if (rank.devices.empty()) return {row_of(rank, info, nullptr, readings)};
  std::vector<Row> rows;
  for (const Device& device : rank.devices) {
    rows.push_back(row_of(rank, info, &device, readings));
    if (rows.size() > 1) rows.back()[0] = rows.back()[1] = rows.back()[2] = rows.back()[6] = "";
  }
  return rows;
}

}  // namespace

std::string places_text(const std::string& who, const Placement& placement,
                        const std::vector<RankInfo>& infos,
                        const std::vector<std::vector<DeviceReading>>& readings) {
  std::vector<Row> rows{{who, "node", "local", "device", "identity", "memory free", "CPUs"}};
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    for (Row& row : rows_of(placement.ranks[rank], infos[rank], readings[rank]))
      rows.push_back(std::move(row));
  }
  Row::size_type last = 0;
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  std::array<bool, std::tuple_size_v<Row>> used{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
      if (&row != rows.data() && !row[i].empty() && row[i] != "-") used[i] = true;
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) last = i;
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i <= last; ++i) {
      if (used[i]) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::vector<std::string> places_problems(const Placement& placement) {
  std::vector<std::string> problems = placement.problems;
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    const std::string& why = placement.ranks[rank].set_aside;
    if (!why.empty()) {
      problems.push_back(
          fmt::format("rank {} will not work: {}; leave the node out (--exclude), or set "
                      "resources.gpus_per_worker: 0",
                      rank, why));
    }
  }
  return problems;
}

std::string encode(const std::vector<DeviceReading>& readings) {
  auto json = nlohmann::json::array();
  for (const DeviceReading& reading : readings) {
    json.push_back({reading.device, reading.free_bytes, reading.total_bytes});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<DeviceReading> decode_readings(const std::string& text) {
  std::vector<DeviceReading> readings;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return readings;
  for (const auto& item : json) {
    readings.push_back(
        {item.at(0).get<std::string>(), item.at(1).get<std::int64_t>(), item.at(2).get<std::int64_t>(), {}});
  }
  return readings;
}

}  // namespace coppice
