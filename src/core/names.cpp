#include "core/board.hpp"
#include "core/events.hpp"

namespace coppice {

std::string_view to_text(TrialState state) {
  switch (state) {
    case TrialState::kProposing:
    case TrialState::kReady:
    case TrialState::kRunning:
      return "running";
    case TrialState::kPaused:
      return "paused";
    case TrialState::kComplete:
      return "complete";
    case TrialState::kStopped:
      return "stopped";
    case TrialState::kFailed:
      return "failed";
  }
  return "";
}

std::string_view to_text(DecisionKind kind) {
  switch (kind) {
    case DecisionKind::kStart:
      return "start";
    case DecisionKind::kContinue:
      return "continue";
    case DecisionKind::kPromote:
      return "promote";
    case DecisionKind::kExploit:
      return "exploit";
    case DecisionKind::kExplore:
      return "explore";
    case DecisionKind::kStop:
      return "stop";
    case DecisionKind::kComplete:
      return "complete";
    case DecisionKind::kRetry:
      return "retry";
    case DecisionKind::kFail:
      return "fail";
    case DecisionKind::kVoid:
      return "void";
    case DecisionKind::kIncumbent:
      return "incumbent";
    case DecisionKind::kHalt:
      return "halt";
    case DecisionKind::kRerun:
      return "rerun";
  }
  return "";
}

std::string_view to_text(StopCause cause) {
  switch (cause) {
    case StopCause::kSignal:
      return "signal";
    case StopCause::kTimeLimit:
      return "time limit";
    case StopCause::kWallTime:
      return "wall time";
    case StopCause::kNoWorker:
      return "no worker is left";
  }
  return "";
}

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFinished:
      return "finished";
    case Outcome::kStopped:
      return "stopped";
    case Outcome::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace coppice
