/// Between the JSON of PROTOCOL.md and our values. Pure; a malformed message is a nullopt with a reason.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/text.hpp"  // clean_text, for what a host says
#include "worker/host_messages.hpp"

namespace coppice {

inline constexpr int kHostProtocolVersion = 1;
/// Of what a program says of a failure so much is kept.
inline constexpr std::size_t kMaxError_bytes = 4000;

/// Text for the wire; bytes that are no UTF-8 are replaced.
std::string encode(const nlohmann::ordered_json& message);
/// Nothing where the text is no JSON object.
std::optional<nlohmann::ordered_json> decode(std::string_view text);

nlohmann::ordered_json encode_value(const Value& value);
/// Nothing for what is no value: null, a list, an object.
std::optional<Value> decode_value(const nlohmann::ordered_json& value);
/// An object, without those that are absent.
nlohmann::ordered_json encode_parameters(const Parameters& parameters);

nlohmann::ordered_json encode_order(const SegmentOrder& order, const Blob* checkpoint);
/// The host's side of it, without the checkpoint.
std::optional<SegmentOrder> decode_order(const nlohmann::ordered_json& message);

/// A number, or "nan", "inf", "-inf", for which JSON has no numbers.
nlohmann::ordered_json encode_metric(double value);
std::optional<double> decode_metric(const nlohmann::ordered_json& value);

std::string_view to_text(HostForm form);
std::optional<HostForm> host_form(std::string_view text);

/// A whole number in `message`; nothing where it is missing or something else.
std::optional<std::int64_t> whole_number(const nlohmann::ordered_json& message, std::string_view key);
/// A text in `message`; "" where it is missing or something else.
std::string text_member(const nlohmann::ordered_json& message, const char* key);
/// Why something failed, from the message that says so.
std::string error_of(const nlohmann::ordered_json& message);

}  // namespace coppice
