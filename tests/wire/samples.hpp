/// One value of every kind of event, command and effect, with extreme members. For tests of this and other
/// folders.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/events.hpp"

namespace coppice::samples {

inline constexpr auto kMin64 = std::numeric_limits<std::int64_t>::min();
inline constexpr auto kMax64 = std::numeric_limits<std::int64_t>::max();
inline constexpr auto kMin32 = std::numeric_limits<std::int32_t>::min();
inline constexpr auto kMax32 = std::numeric_limits<std::int32_t>::max();
inline const double kNan = std::nan("");
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline SegmentTimes times() {
  return {0.25, -0.0, kInfinity, -kInfinity, kNan, 1e-310, 1e308, kMax64, kMin64};
}

inline Values values() {
  return {std::monostate(),
          true,
          false,
          kMin64,
          kMax64,
          std::int64_t{0},
          0.1,
          -0.0,
          kNan,
          std::string(),
          std::string("größe \"x\"\n"),
          std::string("\0b", 2)};
}

inline std::vector<Event> events() {
  const CheckpointId id{kMax64, kMin64, make_segment(kMax32, -1)};
  return {
      Begun{},
      Begun{kMax32, kMax64, -kInfinity},
      Begun{kMin32, std::nullopt, kNan, true, kMax32, kMin32, -kInfinity,
            Patience{kMax64, kMin64, kInfinity}},
      WorkerUp{kMax32, kMin32, "node-1", "", ""},
      WorkerUp{0, 0, "", "GPU-5f", "H200"},
      WorkerLost{kMin32, "no beat for 30 s"},
      Proposed{kMax64, values(), "expected improvement 0.1", "12<40,41"},
      Proposed{kMin64, {}, "24 of 24", "", true},
      Proposed{},
      Reported{
          make_segment(1, 2), 3, 4, 5, {{"loss", kNan}, {"", -kInfinity}, {"val_accuracy", 0.5}}, kInfinity},
      Reported{kMin64, kNoTrial, -1, kMin64, {}},
      Saved{id, kDisk, kMax64, kInfinity},
      CheckpointLost{id, kMax32},
      SegmentEnded{kMax64, 1, 2, kOpenEnd, true, times()},
      SegmentEnded{},
      SegmentFailed{kMax64, 1, 2, 3, std::string(100000, 'e'), times(), true},
      StopRequested{StopCause::kWallTime, "2h"},
      StopRequested{StopCause::kSignal, ""},
      BackedOff{kMax64},
      TimeLeft{-kInfinity},
      GivenUp{"a host does not answer"},
  };
}

inline Effects effects() {
  const CheckpointId id{7, 40, make_segment(2, 9)};
  Effects all;
  all.accepted = false;
  all.commands = {
      Propose{kMax64, 1, kMin64},
      Propose{},
      Run{3, make_segment(1, 1), 7, values(), std::numeric_limits<std::uint64_t>::max(),
          Source{id, {kDisk, 0, kMax32}}, kOpenEnd, kMin64},
      Run{},
      Stop{1, 2},
      Drop{id, {}},
      Finish{Outcome::kFailed, "all trials failed"},
      BackOff{kMin64, kNan},
  };
  for (int kind = 0; kind <= static_cast<int>(DecisionKind::kRerun); ++kind) {
    all.decisions.push_back({static_cast<DecisionKind>(kind), kMax64, kNoTrial, kMin64, "reason", kind - 1});
  }
  return all;
}

}  // namespace coppice::samples
