#include "serve.hpp"

#include <cstdint>
#include <istream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "samplers/catalog.hpp"

namespace coppice::bench {

namespace {

using Json = nlohmann::ordered_json;

Value value_from(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  return json.get<std::string>();
}

Json to_json(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::get<std::string>(value);
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

SearchSpace space_from(const Json& json) {
  std::vector<Parameter> parameters;
  for (const Json& parameter : json) parameters.push_back(parameter_from(parameter));
  return SearchSpace(std::move(parameters));
}

/// One optimisation: one trial after the other.
class Session {
 public:
  explicit Session(const Json& first) : space_(space_from(first.at("space"))) {
    SamplerSetup setup;
    setup.max_trials = first.at("trials").get<std::int64_t>();
    sampler_ = make_sampler(first.at("sampler").get<std::string>(), {}, space_,
                            first.at("seed").get<std::uint64_t>(), setup);
  }

  Json ask() {
    Proposal proposal = sampler_->ask({next_, nullptr});
    if (proposal.exhausted) return {{"exhausted", proposal.note}};
    trial_ = {};
    trial_.id = next_++;
    trial_.params = std::move(proposal.params);
    trial_.tag = std::move(proposal.tag);
    trial_.state = TrialState::kRunning;
    sampler_->tell(trial_);
    Json params = Json::object();
    const Parameters named = space_.named(trial_.params);
    for (const auto& [name, value] : named.items()) params[name] = to_json(value);
    return {{"params", params}, {"note", proposal.note}};
  }

  void tell(const Json& score) {
    if (score.is_null()) {
      trial_.state = TrialState::kFailed;
    } else {
      trial_.curve = {{1, score.get<double>()}};
      trial_.steps = trial_.stands_at = 1;
      trial_.state = TrialState::kComplete;
    }
    sampler_->tell(trial_);
  }

 private:
  SearchSpace space_;
  std::unique_ptr<Sampler> sampler_;
  Trial trial_;
  TrialId next_ = 0;
};

}  // namespace

void serve(std::istream& in, std::ostream& out) {
  std::unique_ptr<Session> session;
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line);
    if (json.contains("space")) {
      session = std::make_unique<Session>(json);
    } else {
      if (!session) throw std::invalid_argument("a result before a space");
      session->tell(json.at("score"));
    }
    out << session->ask().dump() << std::endl;  // the other side waits for the line
  }
}

}  // namespace coppice::bench
