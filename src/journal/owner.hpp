/// One writer: DIR/owner says which process writes to a study's directory.
///
/// Ownership: holds the file from `take` until it is destroyed, and then removes it if it is still its own.
/// Threads: a thread of its own refreshes the file; all functions may be called from any thread.
/// Failure: `take` throws OwnerRefused if another process writes there, JournalError if the file can't be
/// written. A file that was judged stale and replaced by another process is noticed at the next beat: then
/// `still_ours` is false for good, and whoever writes to the directory must stop at once.
///
/// A file of this machine is judged by its process: it is alive or gone. One of another machine is watched:
/// clocks of nodes differ, so only the change of its content says that its process lives.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "journal/files.hpp"
#include "journal/record.hpp"

namespace coppice {

/// Another process writes to this study. The message says who, where and since when.
class OwnerRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the owner file says.
struct OwnerRecord {
  std::string host;
  std::string machine;  ///< boot and process namespace: where a pid means the same process
  std::int64_t pid = 0;
  std::uint64_t process_start =
      0;  ///< field 22 of /proc/PID/stat: tells a process from a later one with its pid
  std::string slurm_job;
  std::int32_t incarnation = 0;  ///< 0: not known yet
  std::int64_t since_unix_s = 0;
  std::uint64_t beat = 0;  ///< rises while the process lives
};

/// This process, its clock and what it sees of others. Tests replace them.
struct OwnerEnvironment {
  std::string host;
  std::string machine;
  std::int64_t pid = 0;
  std::uint64_t process_start = 0;
  std::function<std::optional<std::uint64_t>(std::int64_t pid)>
      start_of;  ///< nothing: no such process, or a zombie
  std::function<double()> now_s;
  std::function<void(double)> sleep_s;
  double beat_every_s = 2;  ///< 0: no thread, the owner beats when told
  double stale_after_s = 15;
  double watch_every_s = 0.5;

  static OwnerEnvironment here();
};

class Owner {
 public:
  /// Takes over at once where the owner was a process of this machine that is gone; watches one of another
  /// machine for `stale_after_s`. Safe against others that do the same at the same time: one of them gets it.
  static std::unique_ptr<Owner> take(const std::filesystem::path& directory, const std::string& slurm_job,
                                     OwnerEnvironment environment = OwnerEnvironment::here());
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner();

  /// False for good once another process has taken over. For every event: reads two atomics, and never waits
  /// for the disk that a beat may be waiting for. Only if the last beat is so long ago that another process
  /// may have judged us stale, as after a suspension, does it look itself.
  bool still_ours();
  /// Known only when the journal was read.
  void set_incarnation(std::int32_t incarnation);
  /// Refreshes the file and looks whether it is still ours. The thread does it.
  void beat();

 private:
  Owner(std::filesystem::path path, journal_files::File file, OwnerRecord record,
        OwnerEnvironment environment, double written_s);
  void beat_locked();

  const std::filesystem::path path_;
  const OwnerEnvironment environment_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  journal_files::File file_;
  OwnerRecord record_;
  int missing_ = 0;  ///< beats in a row that found no file
  std::atomic<bool> ours_ = true;
  std::atomic<double> last_beat_s_ = 0;  ///< when the last one that others could see began
  std::jthread thread_;                  ///< last: it uses all of the above
};

/// Who owns a directory, for people; nothing if nobody does or the file makes no sense.
std::optional<OwnerRecord> read_owner(const std::filesystem::path& directory);

}  // namespace coppice
