/// The highest rung that ASHA may promote to, raised only where that pays. Bohdal et al., "PASHA: Efficient
/// HPO and NAS with Progressive Resource Allocation" (ICLR 2023).
///
/// It begins at the second rung. Whenever a trial comes to the highest rung, those that stand there are
/// ranked by their scores in it and in the rung below; where the two rankings differ by more than noise, the
/// next rung is opened. They agree if, at each position, the trials that the two rankings put there have
/// scores in the lower rung within epsilon of each other. Epsilon is the 90th percentile of the distances, at
/// the highest rung, between trials whose curves have crossed at least twice: what noise alone can do.
///
/// Departure from the paper: at most the 100 best of the highest rung are compared, so that a decision stays
/// cheap. Trials without a finite score are left out. Values; one thread.
#pragma once

#include <cstddef>
#include <vector>

#include "core/board.hpp"

namespace coppice {

class ProgressiveCap {
 public:
  /// `steps`: of all rungs.
  explicit ProgressiveCap(std::vector<Step> steps);

  std::size_t rung() const { return rung_; }
  /// `trial` stands at `rung`.
  void on_reached(const Board& board, TrialId trial, std::size_t rung);
  double epsilon() const;

 private:
  bool rankings_agree(const Board& board) const;

  std::vector<Step> steps_;
  std::size_t rung_;
  std::vector<Ranked> top_;        ///< the best that stand at the highest rung, in order
  std::vector<double> distances_;  ///< of the pairs that crossed twice, in order
};

}  // namespace coppice
