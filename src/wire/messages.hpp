/// What ranks say to each other. Bodies are to_bytes() of these structs; the type names the struct.
///
/// Every message carries the incarnation: what an older one says is dropped unread by whoever gets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/events.hpp"
#include "wire/fields.hpp"

namespace coppice {

enum class MessageType : std::uint32_t {
  // to the coordinator
  kHello = 1,
  kTold = 2,
  kGoodbye = 3,
  kAlive = 4,
  // to a worker
  kWelcome = 16,
  kRunSegment = 17,
  kStopSegment = 18,
  kDropCheckpoint = 19,
  kShutdown = 20,
  kCoordinatorAlive = 21,
  kRankLost = 22,
  kDismissed = 23,
  // to a rank that has nothing more to do
  kRelease = 30,
  // between workers
  kPull = 32,
  kChunk = 33,
};
constexpr bool is_for_coordinator(std::uint32_t type) {
  return type < 16;
}

/// A worker is ready to be told what the study is.
struct Hello {
  std::int32_t rank = 0;
  std::string host;
  std::string device_uuid;
  std::string device_name;
};

/// Everything that a worker must know: it reads no study file of its own.
struct Welcome {
  std::int32_t incarnation = 0;
  WorkerId worker = 0;
  std::string run_directory;
  std::string study_directory;
  std::vector<std::string> command;  ///< argv of the trial host
  bool stdout_protocol = false;
  std::vector<std::string> parameter_names;  ///< all of the study
  std::string metric;
  double worker_timeout_s = 60;  ///< how long a worker's silence is no death
  double startup_timeout_s = 0;
  double segment_timeout_s = 0;  ///< 0: none
  double save_every_s = 0;       ///< 0: only at the end of a segment
  std::string checkpoint_directory;
  std::int64_t memory_limit_bytes = 0;  ///< of a worker's trial hosts and what they start; 0: none
  std::int32_t repeats = 1;             ///< how often each trial is trained
};

/// An event that happened at a worker.
struct Told {
  std::int32_t incarnation = 0;
  Event event;
};

struct Goodbye {
  std::int32_t incarnation = 0;  ///< 0: it was never welcomed
  std::string reason;            ///< why a worker leaves while the study goes on; empty at the end
};

/// A heartbeat, in both directions, where nothing else was said for a while.
struct Alive {
  std::int32_t incarnation = 0;
};

struct RunSegment {
  std::int32_t incarnation = 0;
  Run run;
  std::vector<std::pair<std::string, Value>> params;  ///< named; absent ones left out
  std::vector<std::int32_t> ranks;                    ///< of run.from's places, in their order; -1 for disk
};

struct StopSegment {
  std::int32_t incarnation = 0;
  SegmentId segment = 0;
};

struct DropCheckpoint {
  std::int32_t incarnation = 0;
  CheckpointId checkpoint;
};

/// Finish writing, say goodbye, end with this exit status. Also sent instead of Welcome.
struct Shutdown {
  std::int32_t exit_status = 0;
};

/// Nothing more comes from this rank: whoever waits for it may stop.
struct RankLost {
  std::int32_t incarnation = 0;
  std::int32_t rank = 0;
};

/// The receiver was declared dead, and its segment went to another. It may say hello and begin anew.
struct Dismissed {
  std::int32_t incarnation = 0;
};

/// Rank 0 has made everything durable: leave.
struct Release {
  bool all_here = true;  ///< no rank is known to be lost, so MPI can be finalized
};

/// Asks for bytes [offset, offset + length) of a checkpoint. The donor keeps no state about who pulls.
struct Pull {
  std::int32_t incarnation = 0;
  std::int64_t pull = 0;
  CheckpointId checkpoint;
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

struct Chunk {
  std::int32_t incarnation = 0;
  std::int64_t pull = 0;
  std::int64_t offset = 0;
  std::int64_t total_bytes = -1;  ///< of the whole checkpoint; -1: it is not here
  std::uint32_t crc = 0;          ///< CRC-32 of these bytes
  std::vector<std::byte> bytes;
};

template <class V>
void fields(V& v, Hello& x) {
  v("rank", x.rank);
  v("host", x.host);
  v("device_uuid", x.device_uuid);
  v("device_name", x.device_name);
}
template <class V>
void fields(V& v, Welcome& x) {
  v("incarnation", x.incarnation);
  v("worker", x.worker);
  v("run_directory", x.run_directory);
  v("study_directory", x.study_directory);
  v("command", x.command);
  v("stdout_protocol", x.stdout_protocol);
  v("parameter_names", x.parameter_names);
  v("metric", x.metric);
  v("worker_timeout_s", x.worker_timeout_s);
  v("startup_timeout_s", x.startup_timeout_s);
  v("segment_timeout_s", x.segment_timeout_s);
  v("save_every_s", x.save_every_s);
  v("checkpoint_directory", x.checkpoint_directory);
  v("memory_limit_bytes", x.memory_limit_bytes);
  v("repeats", x.repeats);
}
template <class V>
void fields(V& v, Told& x) {
  v("incarnation", x.incarnation);
  v("event", x.event);
}
template <class V>
void fields(V& v, Goodbye& x) {
  v("incarnation", x.incarnation);
  v("reason", x.reason);
}
template <class V>
void fields(V& v, Alive& x) {
  v("incarnation", x.incarnation);
}
template <class V>
void fields(V& v, RunSegment& x) {
  v("incarnation", x.incarnation);
  v("run", x.run);
  v("params", x.params);
  v("ranks", x.ranks);
}
template <class V>
void fields(V& v, StopSegment& x) {
  v("incarnation", x.incarnation);
  v("segment", x.segment);
}
template <class V>
void fields(V& v, DropCheckpoint& x) {
  v("incarnation", x.incarnation);
  v("checkpoint", x.checkpoint);
}
template <class V>
void fields(V& v, Shutdown& x) {
  v("exit_status", x.exit_status);
}
template <class V>
void fields(V& v, RankLost& x) {
  v("incarnation", x.incarnation);
  v("rank", x.rank);
}
template <class V>
void fields(V& v, Dismissed& x) {
  v("incarnation", x.incarnation);
}
template <class V>
void fields(V& v, Release& x) {
  v("all_here", x.all_here);
}
template <class V>
void fields(V& v, Pull& x) {
  v("incarnation", x.incarnation);
  v("pull", x.pull);
  v("checkpoint", x.checkpoint);
  v("offset", x.offset);
  v("length", x.length);
}
template <class V>
void fields(V& v, Chunk& x) {
  v("incarnation", x.incarnation);
  v("pull", x.pull);
  v("offset", x.offset);
  v("total_bytes", x.total_bytes);
  v("crc", x.crc);
  v("bytes", x.bytes);
}

}  // namespace coppice
