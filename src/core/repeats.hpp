/// A trial that is trained several times with other seeds, its *repeats*: what makes them differ, and their
/// values as one list of metrics.
///
/// A report of such a trial carries the values of all repeats and their means. It travels, and stands in the
/// journal, as plain metrics, so that whoever looks for a metric finds its mean: first `loss@0`, … of repeat
/// 0, then those of the others, in their order, then the means under the metrics' own names. What is what
/// follows from the position alone; `@0` is for people. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "coppice/trainable.hpp"

namespace coppice {

/// How often a study may ask for each trial to be trained.
inline constexpr int kMaxRepeats = 1000;

/// The seed of repeat `repeat` of a trial, 31 bits as a trial's own, which repeat 0 has.
std::uint64_t repeat_seed(std::uint64_t trial_seed, int repeat);

struct RepeatedMetrics {
  Metrics mean;                  ///< what the scheduler and the sampler see
  std::vector<Metrics> repeats;  ///< by repeat; each names the metrics of `mean`, in that order
};

/// The metrics of a report of all repeats, of which there must be one at least. The mean of a metric is not
/// finite where one of its values isn't; one that a repeat didn't report is NaN there.
Metrics join_repeats(const std::vector<Metrics>& repeats);
/// The way back. The metrics of a trial that is trained once, and those that `repeats` repeats can't have
/// made, are a mean without values.
RepeatedMetrics split_repeats(const Metrics& metrics, int repeats);

}  // namespace coppice
