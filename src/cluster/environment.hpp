/// Reading the process's environment, for src/cluster only. Not while another thread changes it.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::cluster_detail {

/// The variable's value; nothing where it isn't set. An empty value is a value.
std::optional<std::string> environment(const char* name);

/// The whole of `text` as an integer; nothing where it isn't one.
template <class Integer>
std::optional<Integer> to_integer(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace coppice::cluster_detail
