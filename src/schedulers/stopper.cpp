#include "schedulers/stopper.hpp"

#include <algorithm>
#include <array>

namespace coppice {

std::span<const StopperInfo> stoppers() {
  static const std::array entries = {median_stopper(), patience_stopper(), percentile_stopper(),
                                     threshold_stopper()};
  return entries;
}

std::string check_stopper(const StopperInfo& stopper, const Options& options, bool deterministic) {
  if (deterministic && stopper.by_arrival) {
    return stopper.name +
           " decides by the order of arrival and can't be deterministic; remove it or deterministic";
  }
  return stopper.check(options);
}

const StopperInfo* find_stopper(std::string_view name) {
  const auto entries = stoppers();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [name](const StopperInfo& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace coppice
