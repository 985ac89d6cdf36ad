#include "worker/host_protocol.hpp"

#include <cmath>
#include <limits>

namespace coppice {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
T member(const Json& message, const char* key, T fallback) {
  const auto found = message.find(key);
  if (found == message.end()) return fallback;
  if constexpr (std::is_same_v<T, bool>) return found->is_boolean() ? found->template get<T>() : fallback;
  if constexpr (std::is_same_v<T, std::string>)
    return found->is_string() ? found->template get<T>() : fallback;
  if constexpr (std::is_arithmetic_v<T>) return found->is_number() ? found->template get<T>() : fallback;
}

}  // namespace

std::string encode(const Json& message) {
  return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Json> decode(std::string_view text) {
  Json message = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!message.is_object()) return std::nullopt;
  return message;
}

Json encode_value(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return encode_metric(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

std::optional<Value> decode_value(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return std::nullopt;
}

Json encode_parameters(const Parameters& parameters) {
  Json object = Json::object();
  for (const auto& [name, value] : parameters.items()) {
    if (!is_absent(value)) object[name] = encode_value(value);
  }
  return object;
}

Json encode_order(const SegmentOrder& order, const Blob* checkpoint) {
  const bool open_end = order.until == std::numeric_limits<std::int64_t>::max();
  Json message = {{"type", "run"},
                  {"segment", order.segment},
                  {"trial", order.trial},
                  {"params", encode_parameters(order.params)},
                  {"metric", order.metric},
                  {"seed", order.seed},
                  {"repeat", order.repeat},
                  {"device", order.device},
                  {"fresh", order.fresh},
                  {"from_step", order.from_step},
                  {"until", open_end ? Json(nullptr) : Json(order.until)},
                  {"report_after", order.report_after},
                  {"save_every_s", order.save_every_s},
                  {"save_at_end", order.save_at_end}};
  if (checkpoint != nullptr) message["checkpoint_bytes"] = checkpoint->size();
  return message;
}

std::optional<SegmentOrder> decode_order(const Json& message) {
  SegmentOrder order;
  const auto segment = whole_number(message, "segment");
  const auto trial = whole_number(message, "trial");
  const auto params = message.find("params");
  if (!segment || !trial || params == message.end() || !params->is_object()) return std::nullopt;
  order.segment = *segment;
  order.trial = *trial;
  std::vector<std::pair<std::string, Value>> items;
  for (const auto& [name, value] : params->items()) {
    if (auto decoded = decode_value(value)) items.emplace_back(name, std::move(*decoded));
  }
  order.params = Parameters(std::move(items));
  order.metric = member(message, "metric", std::string());
  order.seed = member(message, "seed", std::uint64_t{0});
  order.repeat = member(message, "repeat", 0);
  order.device = member(message, "device", std::string());
  order.fresh = member(message, "fresh", true);
  order.from_step = member(message, "from_step", std::int64_t{0});
  order.until = whole_number(message, "until").value_or(order.until);
  order.report_after = member(message, "report_after", std::int64_t{0});
  order.save_every_s = member(message, "save_every_s", 0.0);
  order.save_at_end = member(message, "save_at_end", true);
  return order;
}

Json encode_metric(double value) {
  if (std::isfinite(value)) return value;
  return to_text(value);
}

std::optional<double> decode_metric(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (value.is_number()) return value.get<double>();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::string_view to_text(HostForm form) {
  switch (form) {
    case HostForm::kTrainable:
      return "trainable";
    case HostForm::kFunction:
      return "function";
    case HostForm::kOnce:
      return "once";
  }
  return "";
}

std::optional<HostForm> host_form(std::string_view text) {
  for (const HostForm form : {HostForm::kTrainable, HostForm::kFunction, HostForm::kOnce}) {
    if (text == to_text(form)) return form;
  }
  return std::nullopt;
}

std::optional<std::int64_t> whole_number(const Json& message, std::string_view key) {
  const auto found = message.find(std::string(key));
  if (found == message.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

std::string text_member(const Json& message, const char* key) {
  return member<std::string>(message, key, "");
}

std::string error_of(const Json& message) {
  return clean_text(member<std::string>(message, "error", "no reason given"), kMaxError_bytes);
}

}  // namespace coppice
