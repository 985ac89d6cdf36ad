/// A temporary folder, a spawner, and hosts that are waited for with a limit that only a hang reaches.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "worker/trial_host.hpp"

namespace coppice {

constexpr int kHang_ms = 60000;

/// Every descriptor of this process, so that a leak shows.
inline int open_descriptors() {
  int count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

/// Gone, or a zombie that whoever is process 1 here has not collected.
inline bool is_dead(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(status, text);
  const std::size_t name_end = text.rfind(')');
  return name_end == text.npos || text.compare(name_end, 4, ") Z ") == 0 ||
         text.compare(name_end, 4, ") X ") == 0;
}

inline bool dies(pid_t pid) {
  for (int waited_ms = 0; waited_ms < kHang_ms; waited_ms += 10) {
    if (is_dead(pid)) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

class HostTest : public testing::Test {
 protected:
  HostTest() : spawner_(Spawner::launch()) {
    std::string name = (std::filesystem::temp_directory_path() / "coppice-hosts-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~HostTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  HostLaunch launch(std::vector<std::string> command) const {
    HostLaunch what;
    what.command = std::move(command);
    what.cwd = folder_;
    what.log = folder_ / "worker-0.log";
    what.startup_s = 60;
    return what;
  }
  TrialHost start(std::vector<std::string> command) {
    return TrialHost::start(spawner_, launch(std::move(command)));
  }

  /// A Python trial program; the caller waits for HostReady.
  TrialHost start_python(const std::string& program) {
    return start({PYTHON, write("train.py", program).string()});
  }

  /// All that hosts with this log have printed, without our own lines.
  std::string printed() const {
    std::ifstream file(folder_ / "worker-0.log");
    std::string all;
    for (std::string line; std::getline(file, line);) {
      if (!line.starts_with("=== coppice: ")) all += (all.empty() ? "" : "\n") + line;
    }
    return all;
  }

  /// Messages up to and including the first of type Last, or HostExited; later ones are kept for the next
  /// call.
  template <class Last, class Host>
  std::vector<HostMessage> until(Host& host) {
    std::vector<HostMessage> all;
    for (;;) {
      for (HostMessage& message : host.poll()) waiting_[host.pid()].push_back(std::move(message));
      std::deque<HostMessage>& waiting = waiting_[host.pid()];
      while (!waiting.empty()) {
        all.push_back(std::move(waiting.front()));
        waiting.pop_front();
        if (std::holds_alternative<Last>(all.back()) || std::holds_alternative<HostExited>(all.back()))
          return all;
      }
      pollfd wait{host.fd(), POLLIN, 0};
      if (::poll(&wait, 1, kHang_ms) <= 0) {
        ADD_FAILURE() << "the host hangs; its last words:\n" << host.last_output();
        return all;
      }
    }
  }

  /// The first message of a type; everything before it is dropped.
  template <class Wanted, class Host>
  Wanted next(Host& host) {
    std::vector<HostMessage> all = until<Wanted>(host);
    if (!all.empty() && std::holds_alternative<Wanted>(all.back()))
      return std::get<Wanted>(std::move(all.back()));
    if (!all.empty() && std::holds_alternative<HostExited>(all.back())) {
      ADD_FAILURE() << "the host exited: " << std::get<HostExited>(all.back()).description << "\n"
                    << host.last_output();
    }
    return {};
  }

  static SegmentOrder order(std::int64_t segment, std::int64_t trial, std::int64_t from_step,
                            std::int64_t until_step) {
    SegmentOrder what;
    what.segment = segment;
    what.trial = trial;
    what.params = Parameters({{"start", std::int64_t{0}}});
    what.metric = "loss";
    what.seed = 18446744073709551615u;
    what.from_step = from_step;
    what.until = until_step;
    return what;
  }

  /// (step, first metric) of each report.
  static std::vector<std::pair<std::int64_t, double>> reports(const std::vector<HostMessage>& messages) {
    std::vector<std::pair<std::int64_t, double>> found;
    for (const HostMessage& message : messages) {
      if (const auto* report = std::get_if<HostReport>(&message)) {
        found.emplace_back(report->step, report->metrics.empty() ? 0 : report->metrics.front().second);
      }
    }
    return found;
  }

  std::filesystem::path folder_;
  Spawner spawner_;
  std::map<pid_t, std::deque<HostMessage>> waiting_;
};

}  // namespace coppice
