#include "evaluate.hpp"

#include <cstdint>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace coppice::bench {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

Json to_json(const Parameter& p) {
  Json out = {{"name", p.name}};
  if (p.type == ParameterType::kCategorical) {
    out["type"] = "categorical";
    for (const Value& choice : p.choices) out["choices"].push_back(to_json(choice));
  } else {
    out.update({{"type", p.type == ParameterType::kInt ? "int" : "float"},
                {"low", p.low},
                {"high", p.high},
                {"log", p.log}});
    if (p.step) out["step"] = *p.step;
  }
  if (p.when) {
    for (const Value& value : p.when->values) out["when"][p.when->parent].push_back(to_json(value));
  }
  return out;
}

Value from_json(const Parameter& p, const Json& json) {
  if (p.type == ParameterType::kInt) return json.get<std::int64_t>();
  if (p.type == ParameterType::kFloat) return json.get<double>();
  for (const Value& choice : p.choices) {
    if (to_json(choice) == json) return choice;
  }
  throw std::invalid_argument(p.name + ": no such choice: " + json.dump());
}

}  // namespace

void evaluate(const Problem& problem, std::istream& in, std::ostream& out) {
  Json space = {{"optimum", problem.optimum}, {"parameters", Json::array()}};
  for (const Parameter& p : problem.space.parameters()) space["parameters"].push_back(to_json(p));
  out << space.dump() << std::endl;
  out.precision(std::numeric_limits<double>::max_digits10);
  std::string line;
  while (std::getline(in, line)) {
    const Json given = Json::parse(line);
    Values values(problem.space.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Parameter& p = problem.space.parameters()[i];
      if (given.contains(p.name)) values[i] = from_json(p, given[p.name]);
    }
    if (!problem.space.admits(values)) throw std::invalid_argument("not in the space: " + line);
    out << problem.value(problem.space, values) << std::endl;
  }
}

}  // namespace coppice::bench
