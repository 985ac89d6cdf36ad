#include "space_json.hpp"

#include <string>
#include <utility>
#include <vector>

namespace coppice::bench {

namespace {

using Json = nlohmann::ordered_json;

Value value_from(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  return json.get<std::string>();
}

std::vector<Value> values_from(const Json& json) {
  std::vector<Value> values;
  for (const Json& value : json) values.push_back(value_from(value));
  return values;
}

Parameter parameter_from(const Json& json) {
  Parameter parameter;
  parameter.name = json.at("name");
  const std::string type = json.at("type");
  if (type == "categorical") {
    parameter.type = ParameterType::kCategorical;
    parameter.choices = values_from(json.at("choices"));
  } else {
    if (type == "int") parameter.type = ParameterType::kInt;
    parameter.low = json.at("low");
    parameter.high = json.at("high");
    parameter.log = json.value("log", false);
  }
  if (json.contains("condition")) {
    const Json& condition = json.at("condition");
    parameter.when = Condition{condition.at("parent"), values_from(condition.at("in"))};
  }
  return parameter;
}

}  // namespace

SearchSpace space_from(const Json& json) {
  std::vector<Parameter> parameters;
  for (const Json& parameter : json) parameters.push_back(parameter_from(parameter));
  return SearchSpace(std::move(parameters));
}

Json to_json(const Parameters& parameters) {
  Json json = Json::object();
  for (const auto& [name, value] : parameters.items()) {
    std::visit(
        [&, &key = name](const auto& held) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) json[key] = held;
        },
        value);
  }
  return json;
}

}  // namespace coppice::bench
