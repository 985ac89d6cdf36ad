#include "parameters.hpp"

#include <cstdint>
#include <utility>
#include <variant>

namespace coppice::bench {

Parameter number(std::string name, double low, double high, bool log) {
  Parameter p;
  p.name = std::move(name);
  p.low = low;
  p.high = high;
  p.log = log;
  return p;
}

Parameter integer(std::string name, double low, double high, bool log) {
  Parameter p = number(std::move(name), low, high, log);
  p.type = ParameterType::kInt;
  return p;
}

Parameter choice(std::string name, const std::vector<std::string>& words) {
  Parameter p;
  p.name = std::move(name);
  p.type = ParameterType::kCategorical;
  p.choices.assign(words.begin(), words.end());
  return p;
}

Parameter when(Parameter p, std::string parent, const std::string& word) {
  p.when = Condition{std::move(parent), {word}};
  return p;
}

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
