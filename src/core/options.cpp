#include "core/options.hpp"

#include <utility>

#include "core/check.hpp"

namespace coppice {

namespace {

template <typename T>
const T* find(const Options& options, std::string_view name) {
  const auto found = options.values().find(name);
  if (found == options.values().end()) return nullptr;
  const T* value = std::get_if<T>(&found->second);
  check(value != nullptr, "an option has another type than its table says");
  return value;
}

}  // namespace

bool Options::flag(std::string_view name, bool fallback) const {
  const bool* value = find<bool>(*this, name);
  return value != nullptr ? *value : fallback;
}

std::int64_t Options::integer(std::string_view name, std::int64_t fallback) const {
  const std::int64_t* value = find<std::int64_t>(*this, name);
  return value != nullptr ? *value : fallback;
}

double Options::number(std::string_view name, double fallback) const {
  const auto found = values_.find(name);
  if (found != values_.end()) {
    if (const auto* integer = std::get_if<std::int64_t>(&found->second)) return static_cast<double>(*integer);
  }
  const double* value = find<double>(*this, name);
  return value != nullptr ? *value : fallback;
}

std::string Options::text(std::string_view name, std::string_view fallback) const {
  const std::string* value = find<std::string>(*this, name);
  return value != nullptr ? *value : std::string(fallback);
}

const UserProgram* Options::program(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : std::get_if<UserProgram>(&found->second);
}

std::vector<double> Options::numbers(std::string_view name, std::vector<double> fallback) const {
  const std::vector<double>* value = find<std::vector<double>>(*this, name);
  return value != nullptr ? *value : std::move(fallback);
}

}  // namespace coppice
