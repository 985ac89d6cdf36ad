/// Tells how a run ended, once: in DIR/outcome, from when the directory is this run's own, and in a file of
/// the caller's choice (`--outcome`), which a job script waits for: that one tells mistakes, too, that were
/// found before there was a directory, and that another run holds it.
///
/// Rank 0's. Threads: one. Failure: a file that can't be written is said on stderr; whoever waits for it then
/// finds none, and can't take the run for finished.
#pragma once

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "journal/outcome.hpp"

namespace coppice {

class Conclusion {
 public:
  /// Throws UserError if what an earlier run left in `file` can't be removed.
  explicit Conclusion(const std::optional<std::filesystem::path>& file);
  Conclusion(const Conclusion&) = delete;
  Conclusion& operator=(const Conclusion&) = delete;

  /// An earlier run's DIR/outcome goes. Throws JournalError.
  void own(const std::filesystem::path& directory);
  void began(std::int32_t incarnation) { incarnation_ = incarnation; }

  /// The first call counts: what comes after a run has told how it ended changes nothing.
  void tell(int exit_status, const std::string& reason);
  /// With the exit status that the command line gives this exception.
  void tell(const std::exception_ptr& failure);

 private:
  std::vector<std::filesystem::path> files_;
  std::int32_t incarnation_ = 0;
  bool told_ = false;
};

}  // namespace coppice
