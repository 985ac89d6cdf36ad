/// Helpers of the tests of trainables: the bits of a report, and a folder that goes away.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "coppice/trainable.hpp"

namespace coppice {

/// Metrics with the bits of their values: NaN equals itself, 0 is not -0.
inline std::vector<std::pair<std::string, std::uint64_t>> bits_of(const Metrics& metrics) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (const auto& [name, value] : metrics) out.emplace_back(name, std::bit_cast<std::uint64_t>(value));
  return out;
}

inline double metric(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, value] : metrics) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no metric " << name;
  return 0;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "coppice-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// What std::invalid_argument says, or "" where nothing is thrown.
template <class Function>
std::string refusal(Function&& function) {
  try {
    function();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace coppice
