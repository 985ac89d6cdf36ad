#include "schedulers/re_evaluation.hpp"

#include "core/check.hpp"
#include "schedulers/words.hpp"

namespace coppice {

void ReEvaluation::begin(Ranked candidate, Step until, const std::string& reason) {
  check(wants(candidate.trial), "a candidate is measured again once");
  candidates_[candidate.trial] = {candidate, 1, times_, candidate.score};
  for (std::int64_t i = 1; i <= times_; ++i) {
    line_.push_back({candidate.trial, until,
                     reason + "; trial " + std::to_string(candidate.trial) + " is measured again, " +
                         std::to_string(i) + " of " + std::to_string(times_)});
  }
}

std::optional<Rerun> ReEvaluation::next() {
  if (line_.empty()) return std::nullopt;
  Rerun rerun = std::move(line_.front());
  line_.pop_front();
  return rerun;
}

std::optional<ReEvaluation::Candidate> ReEvaluation::on_reached(SchedulerContext& context,
                                                                const Trial& rerun) {
  Candidate& candidate = candidates_.at(rerun.origin->trial);
  const Score score = rerun.last_score().value_or(kWorst);
  ++candidate.measured;
  candidate.sum += score;
  if (rerun.state == TrialState::kPaused) {
    context.stop(rerun.id,
                 "measured again: " + score_words(context, score) + ", and " +
                     score_words(context, candidate.first.score) + " before",
                 candidate.first.trial);
  }
  return end_rerun(candidate);
}

std::optional<ReEvaluation::Candidate> ReEvaluation::on_failed(const Trial& rerun) {
  return end_rerun(candidates_.at(rerun.origin->trial));
}

std::optional<ReEvaluation::Candidate> ReEvaluation::end_rerun(Candidate& candidate) {
  if (--candidate.awaited > 0) return std::nullopt;
  return candidate;
}

std::string ReEvaluation::words(TrialId trial) const {
  const auto found = candidates_.find(trial);
  if (found == candidates_.end() || found->second.measured == 1) return "";
  return " (mean of " + std::to_string(found->second.measured) + ")";
}

}  // namespace coppice
