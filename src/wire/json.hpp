/// Any struct with a field list (see fields.hpp) as JSON, for people and tests. It is never read back.
///
/// Fields keep their order; an alternative of a variant carries its name as "type"; an absent value is null;
/// a number that is not finite is the text "nan", "inf" or "-inf"; an enum is its word; a list of named
/// things ([["loss", 0.1], …]) is an object. Any thread; no failure: text that is not UTF-8 is written with
/// replacement characters.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "coppice/value.hpp"
#include "wire/bytes.hpp"
#include "wire/fields.hpp"

namespace coppice {

template <class T>
nlohmann::ordered_json to_json(const T& value);

namespace wire_detail {

template <class T>
inline constexpr bool kIsNamed = false;
template <class T>
inline constexpr bool kIsNamed<std::pair<std::string, T>> = true;

class JsonObject {
 public:
  template <class T>
  void operator()(const char* name, const T& value) {
    object[name] = coppice::to_json(value);
  }
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
};

template <class T>
nlohmann::ordered_json list(const T& values) {
  if constexpr (kIsNamed<typename T::value_type>) {
    auto json = nlohmann::ordered_json::object();
    for (const auto& [name, value] : values) json[name] = coppice::to_json(value);
    return json;
  } else {
    auto json = nlohmann::ordered_json::array();
    for (const auto& value : values) json.push_back(coppice::to_json<typename T::value_type>(value));
    return json;
  }
}

}  // namespace wire_detail

template <class T>
nlohmann::ordered_json to_json(const T& value) {
  using namespace wire_detail;
  if constexpr (std::is_same_v<T, std::monostate>) {
    return nullptr;
  } else if constexpr (std::is_same_v<T, std::byte>) {
    return std::to_integer<int>(value);
  } else if constexpr (std::is_enum_v<T>) {
    if constexpr (requires { std::string_view(to_text(value)); }) {
      return to_text(value);
    } else {
      return static_cast<std::underlying_type_t<T>>(value);
    }
  } else if constexpr (std::floating_point<T>) {
    if (!(value - value == 0)) return to_text(static_cast<double>(value));
    return value;
  } else if constexpr (std::integral<T> || std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (kIsVector<T>) {
    return list(value);
  } else if constexpr (kIsOptional<T>) {
    if (!value) return nullptr;
    return to_json(*value);
  } else if constexpr (kIsPair<T>) {
    return nlohmann::ordered_json::array({to_json(value.first), to_json(value.second)});
  } else if constexpr (kIsVariant<T>) {
    return std::visit([](const auto& alternative) { return to_json(alternative); }, value);
  } else if constexpr (HasFields<T>) {
    JsonObject json;
    if constexpr (requires { type_name(value); }) json.object["type"] = type_name(value);
    fields(json, const_cast<T&>(value));
    return std::move(json.object);
  } else {
    static_assert(kUnknown<T>, "give this type a `fields` overload beside it");
  }
}

/// One line, without the newline.
template <class T>
std::string to_json_line(const T& value) {
  return to_json(value).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace coppice
