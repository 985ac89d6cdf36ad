#include "values.hpp"

#include <cstdint>
#include <variant>

namespace coppice::bench {

double number_of(const SearchSpace& space, const Values& values, const char* name, double fallback) {
  const Value& value = values[space.index_of(name)];
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return fallback;
}

bool chosen(const SearchSpace& space, const Values& values, const char* name, std::string_view word) {
  const auto* text = std::get_if<std::string>(&values[space.index_of(name)]);
  return text != nullptr && *text == word;
}

}  // namespace coppice::bench
