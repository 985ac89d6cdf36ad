#include "coppice/rng.hpp"

#include <cmath>
#include <numbers>

#include "core/check.hpp"

namespace coppice {

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key) {
  // Multipliers and Weyl increments of Salmon et al. 2011, section 4.3.
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53u;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57u;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

Rng::Rng(std::uint64_t seed, Purpose purpose, std::uint64_t trial, std::uint32_t stream)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      counter_{0, stream, static_cast<std::uint32_t>(trial),
               static_cast<std::uint32_t>(trial >> 32) | static_cast<std::uint32_t>(purpose) << 24} {
  check((trial >> 56) == 0, "a trial number needs more than the 56 bits that an Rng has for it");
}

std::uint32_t Rng::operator()() {
  if (used_ == block_.size()) {
    block_ = philox4x32_10(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

std::uint64_t Rng::next_u64() {
  const std::uint64_t low = (*this)();
  const std::uint64_t high = (*this)();
  return low | high << 32;
}

double Rng::uniform() {
  return static_cast<double>(next_u64() >> 11) * 0x1p-53;
}

std::uint64_t Rng::below(std::uint64_t n) {
  check(n > 0, "Rng::below(0)");
  std::uint64_t x = next_u64();
  if (x < n) {  // seldom; else it is not among the rejected ones, and a division is spared
    // Drops the 2^64 mod n lowest values: the rest holds each remainder equally often.
    const std::uint64_t reject = (0 - n) % n;
    while (x < reject) x = next_u64();
  }
  return x % n;
}

double Rng::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));  // 1 - u lies in (0, 1]
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

}  // namespace coppice
