/// The file that the hosts of one worker print to, seen from one host: what it printed last, between lines of
/// ours that say who printed what.
///
/// Ownership: owns the descriptor. Threads: one. Failure: open() leaves error() behind; a line that can't be
/// written is lost.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "worker/unique_fd.hpp"

namespace coppice {

class HostLog {
 public:
  HostLog() = default;
  explicit HostLog(const std::filesystem::path& file);

  /// Empty where it could be opened.
  const std::string& error() const { return error_; }
  /// For the host's standard output.
  int fd() const { return file_.get(); }

  void say(const std::string& what);
  /// What was printed up to here is another host's.
  void begin_host(const std::string& what);
  /// … or, unless this is the host's first one, of another segment.
  void begin_segment(const std::string& what);
  /// What comes from here on is another host's.
  void end_host(const std::string& what);

  /// The last lines between begin and end, as valid UTF-8; without those of ours.
  std::string last_lines(int count) const;

 private:
  off_t size() const;

  UniqueFd file_;
  std::string error_;
  off_t begin_ = 0;
  off_t end_ = -1;  ///< -1: not yet
  bool first_segment_ = true;
};

}  // namespace coppice
