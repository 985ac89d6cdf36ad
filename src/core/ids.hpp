/// Names of things in a study. Plain integers: they are columns in study.h5 and keys in the journal.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace coppice {

using TrialId = std::int64_t;    ///< dense from 0, in the order of creation
using MemberId = std::int32_t;   ///< place in a population; -1 outside PBT
using WorkerId = std::int32_t;   ///< dense from 0, unique over restarts
using RequestId = std::int64_t;  ///< one request for hyperparameters
using Step = std::int64_t;       ///< cumulative along a chain of clones
/// (incarnation << 32) | count: so that what an older incarnation says is never taken for news.
using SegmentId = std::int64_t;

inline constexpr TrialId kNoTrial = -1;
inline constexpr MemberId kNoMember = -1;
inline constexpr WorkerId kDisk = -1;  ///< as a checkpoint's place: a file in DIR/checkpoints
inline constexpr Step kOpenEnd =
    std::numeric_limits<Step>::max();  ///< train until the trainable says it is done

constexpr SegmentId make_segment(std::int32_t incarnation, std::int32_t count) {
  return (static_cast<SegmentId>(incarnation) << 32) |
         static_cast<SegmentId>(static_cast<std::uint32_t>(count));
}

/// A saved state, immutable once named. The segment that wrote it is part of the name: two workers that both
/// believe they train a trial never write under the same one.
struct CheckpointId {
  TrialId trial = kNoTrial;
  Step step = 0;
  SegmentId segment = 0;
  auto operator<=>(const CheckpointId&) const = default;
};

}  // namespace coppice
