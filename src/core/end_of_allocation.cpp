#include "core/end_of_allocation.hpp"

namespace coppice {

namespace {
/// A burst of events needs one. Study::kLastWrites_s makes up for it.
constexpr double kOften_s = 0.1;

/// At most so much does an event add to the longest segment that was measured.
double news_s(const Event& event) {
  if (const auto* report = std::get_if<Reported>(&event)) return report->step_s;
  if (const auto* saved = std::get_if<Saved>(&event)) return saved->write_s;
  const auto* ended = std::get_if<SegmentEnded>(&event);
  if (ended == nullptr) return 0;
  const SegmentTimes& times = ended->times;
  return times.startup_s + times.load_s + times.transfer_s + times.train_s + times.save_s;
}

bool frees_a_worker(const Event& event) {
  return std::holds_alternative<SegmentEnded>(event) || std::holds_alternative<SegmentFailed>(event) ||
         std::holds_alternative<WorkerUp>(event);
}
}  // namespace

std::optional<TimeLeft> EndOfAllocation::before(const Event& event, const Study& study, double now_s) {
  // A start says itself how long it has, and until then nothing of an earlier one may be handed out.
  if (std::holds_alternative<Begun>(event)) return std::nullopt;
  if (study.incarnation() == 0 || study.halting() || study.finish()) return std::nullopt;
  if (!study.has_idle() && !frees_a_worker(event)) return std::nullopt;
  if (left_s(now_s) > study.horizon_s() + news_s(event)) return std::nullopt;
  if (told_at_s_ && now_s - *told_at_s_ < kOften_s) return std::nullopt;
  told_at_s_ = now_s;
  return TimeLeft{left_s(now_s)};
}

std::optional<StopRequested> EndOfAllocation::stop(const Study& study, double now_s) const {
  if (study.incarnation() == 0 || study.halting() || study.finish()) return std::nullopt;
  if (left_s(now_s) > study.stop_lead_s()) return std::nullopt;
  return StopRequested{StopCause::kTimeLimit, study.time_text(left_s(now_s))};
}

}  // namespace coppice
