/// Scores, with the one of a given rank always at hand. Values; one thread. Adding is O(log n), with eight
/// bytes for each score: two heaps meet at a border that moves by at most one score at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "core/board.hpp"

namespace coppice {

class ScoreQuantile {
 public:
  /// Precondition: 0 < percent < 100.
  explicit ScoreQuantile(std::int64_t percent) : percent_(percent) {}

  void add(Score score) {
    if (best_.empty() || score < best_.top()) {
      best_.push(score);
    } else {
      rest_.push(score);
    }
    const std::int64_t rank = std::min(size() * percent_ / 100 + 1, size());
    if (std::ssize(best_) > rank) {
      rest_.push(best_.top());
      best_.pop();
    } else if (std::ssize(best_) < rank) {
      best_.push(rest_.top());
      rest_.pop();
    }
  }
  std::int64_t size() const { return static_cast<std::int64_t>(best_.size() + rest_.size()); }
  /// The score of rank floor(size * percent / 100) + 1 from the best: with 50 percent the median, of an even
  /// number the worse one of the two in the middle. Precondition: there is a score.
  Score value() const { return best_.top(); }

 private:
  std::int64_t percent_;
  std::priority_queue<Score> best_;
  std::priority_queue<Score, std::vector<Score>, std::greater<>> rest_;
};

}  // namespace coppice
