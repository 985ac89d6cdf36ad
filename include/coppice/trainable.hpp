/// What the user trains: four verbs. One object trains one trial on one host; it is used by one thread.
///
/// Law, held by a contract test for every built-in trainable: *continue* equals *save, load in a new object
/// that was set up with the same parameters and info, continue*, to the last bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "coppice/value.hpp"

namespace coppice {

/// Named numbers reported at one step, in the order in which the trainable named them.
using Metrics = std::vector<std::pair<std::string, double>>;

struct TrialInfo {
  std::int64_t id = 0;
  std::uint64_t seed = 0;  ///< the same for every segment of a trial, different between trials
  int repeat = 0;
  std::string device;  ///< what CUDA_VISIBLE_DEVICES holds; empty on a CPU
};

class Trainable {
 public:
  Trainable() = default;
  Trainable(const Trainable&) = delete;
  Trainable& operator=(const Trainable&) = delete;
  virtual ~Trainable() = default;

  /// Takes hyperparameters, once, before anything else. Throws std::exception on a value that it can't use.
  virtual void setup(const Parameters& parameters, const TrialInfo& info) = 0;
  /// Trains one step and returns its metrics. Throwing fails the segment.
  virtual Metrics step() = 0;
  /// The whole state, such that `load` continues from it.
  virtual std::vector<std::byte> save() const = 0;
  /// Replaces the state by one that `save` returned, perhaps of a trial with other hyperparameters (a PBT
  /// clone): weights and step come from the blob, hyperparameters stay those of `setup`.
  virtual void load(std::span<const std::byte> state) = 0;
};

}  // namespace coppice
