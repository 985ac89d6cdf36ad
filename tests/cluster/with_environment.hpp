/// Sets environment variables for one test and puts back what was there.
#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coppice::test {

class WithEnvironment {
 public:
  /// First unsets all of `known`, so that the test doesn't depend on where it runs, then sets `values`.
  WithEnvironment(const std::vector<std::string>& known, const std::map<std::string, std::string>& values) {
    for (const std::string& name : known) {
      remember(name);
      unsetenv(name.c_str());
    }
    for (const auto& [name, value] : values) {
      remember(name);
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  WithEnvironment(const WithEnvironment&) = delete;
  WithEnvironment& operator=(const WithEnvironment&) = delete;
  ~WithEnvironment() {
    for (const auto& [name, value] : before_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
  }

 private:
  void remember(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    before_.try_emplace(name, value == nullptr ? std::nullopt : std::optional<std::string>(value));
  }

  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace coppice::test
