#include "worker/explore_protocol.hpp"

#include <utility>

#include "worker/frame_socket.hpp"
#include "worker/host_protocol.hpp"

namespace coppice {
namespace {

using Json = nlohmann::ordered_json;

std::optional<Parameters> parameters_in(const Json& message, const char* key) {
  const auto found = message.find(key);
  if (found == message.end() || !found->is_object()) return std::nullopt;
  std::string problem;
  return decode_parameters(*found, problem);
}

Json encode_standings(const std::vector<ExploreRequest::Standing>& standings) {
  Json list = Json::array();
  for (const ExploreRequest::Standing& standing : standings) {
    list.push_back({{"trial", standing.trial},
                    {"params", encode_parameters(standing.parameters)},
                    {"value", encode_metric(standing.value)}});
  }
  return list;
}

}  // namespace

std::string encode_question(std::int64_t number, ExploreRequest request) {
  for (;;) {
    std::string text = encode({{"type", "explore"},
                               {"question", number},
                               {"trial", request.trial},
                               {"seed", request.seed},
                               {"base", encode_parameters(request.base)},
                               {"origin", request.origin},
                               {"step", request.step},
                               {"origin_params", encode_parameters(request.origin_parameters)},
                               {"perturbed", encode_parameters(request.perturbed)},
                               {"minimize", request.minimize},
                               {"standings", encode_standings(request.standings)}});
    if (text.size() <= kMaxFrame_bytes || request.standings.empty()) return text;
    request.standings.resize(request.standings.size() / 2);
  }
}

std::optional<ExploreRequest> decode_question(const Json& message) {
  const auto trial = whole_number(message, "trial");
  const auto seed = whole_number(message, "seed");
  const auto origin = whole_number(message, "origin");
  const auto step = whole_number(message, "step");
  auto base = parameters_in(message, "base");
  auto trained_with = parameters_in(message, "origin_params");
  auto perturbed = parameters_in(message, "perturbed");
  if (!trial || !seed || !origin || !step || !base || !trained_with || !perturbed) return std::nullopt;
  ExploreRequest request;
  request.trial = *trial;
  request.seed = static_cast<std::uint64_t>(*seed);
  request.base = std::move(*base);
  request.origin = *origin;
  request.step = *step;
  request.origin_parameters = std::move(*trained_with);
  request.perturbed = std::move(*perturbed);
  if (const auto minimize = message.find("minimize"); minimize != message.end() && minimize->is_boolean())
    request.minimize = minimize->get<bool>();
  const auto standings = message.find("standings");
  if (standings == message.end() || !standings->is_array()) return request;
  for (const Json& entry : *standings) {
    if (!entry.is_object()) return std::nullopt;
    const auto who = whole_number(entry, "trial");
    auto parameters = parameters_in(entry, "params");
    const auto value = entry.contains("value") ? decode_metric(entry["value"]) : std::nullopt;
    if (!who || !parameters || !value) return std::nullopt;
    request.standings.push_back({*who, std::move(*parameters), *value});
  }
  return request;
}

Parameters decode_parameters(const Json& object, std::string& problem) {
  std::vector<std::pair<std::string, Value>> items;
  for (const auto& [name, value] : object.items()) {
    if (value.is_null()) continue;
    if (auto decoded = decode_value(value)) {
      items.emplace_back(name, std::move(*decoded));
    } else if (problem.empty()) {
      problem = clean_text(name, 80) + " is " + clean_text(encode(value), 80) +
                ", neither a number nor text, true or false";
    }
  }
  return Parameters(std::move(items));
}

}  // namespace coppice
