/// What a worker and a trial host tell each other, as values; PROTOCOL.md says how it travels.
/// Values; a Blob in one makes it move-only.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>

#include "coppice/trainable.hpp"
#include "coppice/value.hpp"
#include "worker/blob.hpp"

namespace coppice {

struct SegmentOrder {
  std::int64_t segment = 0;
  std::int64_t trial = 0;
  Parameters params;   ///< absent ones may be in it; the host doesn't get them
  std::string metric;  ///< the name of a plain number
  std::uint64_t seed = 0;
  int repeat = 0;
  std::int64_t from_step = 0;
  std::int64_t until = std::numeric_limits<std::int64_t>::max();  ///< the largest: until the program is done
  std::int64_t report_after = 0;  ///< steps up to here are trained but not reported
  double save_every_s = 0;        ///< 0: only at the end
  bool fresh = true;              ///< false: go on with the trial and the state that the host has
  bool save_at_end = true;
  std::string device;
  /// The segment that this is a part of, where repeats are trained step by step; -1: it is one itself. Not
  /// told to the host.
  std::int64_t part_of = -1;
};

enum class HostForm {
  kTrainable,  ///< steps one by one; ends a segment where it is told
  kFunction,   ///< reports on its own; can be suspended at a report, not saved
  kOnce,       ///< one step, no reports on the way
};

struct HostReady {
  HostForm form = HostForm::kTrainable;
  bool can_save = false;
  double startup_s = 0;  ///< from start() to its hello
};
struct HostReport {
  std::int64_t segment = 0;
  std::int64_t step = 0;
  Metrics metrics;
};
struct HostSaved {
  std::int64_t segment = 0;
  std::int64_t step = 0;
  Blob state;
};
/// The segment is over and the host is ready for the next.
struct HostEnded {
  std::int64_t segment = 0;
  std::int64_t step = 0;  ///< a function that doesn't report every step may stand beyond `until`
  bool done = false;      ///< the trial has nothing more to train
  double setup_s = 0;
  double load_s = 0;
  double train_s = 0;
  double save_s = 0;
};
/// The segment is over, its state is lost, the host is ready for the next (which must be a fresh one).
struct HostFailed {
  std::int64_t segment = 0;
  std::string error;
};
/// Nothing more comes; a segment that was running has failed.
struct HostExited {
  std::string
      description;  ///< "killed by signal 9 (SIGKILL)", "cannot run 'trian.py': No such file or directory", …
  bool expected = false;  ///< shutdown() or kill() was called
  bool lost = false;      ///< what watched over it is gone, maybe with the process that starts hosts
};
using HostMessage = std::variant<HostReady, HostReport, HostSaved, HostEnded, HostFailed, HostExited>;

}  // namespace coppice
