/// Counter-based random numbers: the value depends on the key alone, never on how many were drawn before or
/// in which order results arrived. Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2,
/// 3", SC 2011).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coppice {

/// What a stream is for. The numbers are part of a study's identity: append, never renumber.
enum class Purpose : std::uint32_t {
  kSample = 1,
  kPerturb = 2,
  kDonor = 3,
  kTrialSeed = 4,
  kBracket = 5,
  kSimulate = 6,
  kTrain = 7
};

/// One stream of numbers: (seed, purpose, trial) name it, draws count along it. A value type: copying it
/// copies the position.
class Rng {
 public:
  using result_type = std::uint32_t;

  /// `stream` separates streams of the same trial, e.g. by parameter: see hash_name.
  Rng(std::uint64_t seed, Purpose purpose, std::uint64_t trial, std::uint32_t stream = 0);

  std::uint32_t operator()();
  static constexpr std::uint32_t min() { return 0; }
  static constexpr std::uint32_t max() { return 0xffffffffu; }

  std::uint64_t next_u64();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in {0, …, n - 1}, without bias. Precondition: n > 0.
  std::uint64_t below(std::uint64_t n);
  /// Standard normal (Box-Muller).
  double normal();

 private:
  std::array<std::uint32_t, 2> key_{};
  std::array<std::uint32_t, 4> counter_{};
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

/// The block function itself, for known-answer tests.
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key);

/// FNV-1a, for streams that belong to a name.
constexpr std::uint32_t hash_name(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

}  // namespace coppice
