#include "cluster/environment.hpp"

#include <cstdlib>

namespace coppice::cluster_detail {

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace coppice::cluster_detail
