#include "cli/checkpoint_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "wire/checkpoint_name.hpp"
#include "worker/checkpoint_file.hpp"

namespace coppice {
namespace {

/// A trial's row, as far as it matters here.
struct TrialRow {
  bool over = false;
  TrialId origin_trial = kNoTrial;
  Step origin_step = 0;
};

TrialRow row_of(const Table& trials, TrialId trial) {
  const auto& state = std::get<Texts>(trials.find("state")->values);
  const auto& origin = std::get<Ints>(trials.find("origin_trial")->values);
  const auto& step = std::get<Ints>(trials.find("origin_step")->values);
  const auto row = static_cast<std::size_t>(trial);
  if (row >= state.size()) return {};
  TrialRow result;
  result.over = state[row] != "running" && state[row] != "paused";
  if (origin[row] != kMissingInt) {
    result.origin_trial = origin[row];
    result.origin_step = step[row];
  }
  return result;
}

/// What happens without the state `id`, when `whole` are there.
std::string consequence_of(const CheckpointId& id, const std::set<CheckpointId>& whole, const Table& trials) {
  const TrialRow trial = row_of(trials, id.trial);
  if (trial.over) return "its trial is over; clones of it can't be begun";
  const auto at_most = [&whole](TrialId of, Step step) {
    std::optional<Step> best;
    for (const CheckpointId& other : whole) {
      if (other.trial == of && other.step <= step) best = std::max(best.value_or(other.step), other.step);
    }
    return best;
  };
  const auto newest = at_most(id.trial, kOpenEnd);
  if (newest && *newest > id.step) return fmt::format("trial {} goes on from step {}", id.trial, *newest);
  if (newest) return fmt::format("trial {} goes back to step {}", id.trial, *newest);
  if (trial.origin_trial == kNoTrial || trial.origin_step == 0)
    return fmt::format("trial {} begins again from scratch", id.trial);
  if (at_most(trial.origin_trial, trial.origin_step) == trial.origin_step) {
    return fmt::format("trial {} begins again from trial {} at step {}", id.trial, trial.origin_trial,
                       trial.origin_step);
  }
  return fmt::format("trial {} is void: nothing is left of what it began from", id.trial);
}

}  // namespace

void KnownCheckpoints::apply(const Event& event, const Effects& effects) {
  if (const auto* saved = std::get_if<Saved>(&event); saved != nullptr && saved->place == kDisk)
    on_disk_[saved->checkpoint] = saved->size_bytes;
  if (const auto* lost = std::get_if<CheckpointLost>(&event); lost != nullptr && lost->place == kDisk)
    on_disk_.erase(lost->checkpoint);
  for (const Command& command : effects.commands) {
    if (const auto* drop = std::get_if<Drop>(&command)) on_disk_.erase(drop->checkpoint);
  }
}

CheckpointAudit audit_checkpoints(const std::filesystem::path& directory, const KnownCheckpoints& known,
                                  const Table& trials) {
  CheckpointAudit audit;
  std::set<CheckpointId> whole;
  for (const auto& [id, size_bytes] : known.on_disk()) {
    const std::string name = checkpoint_file_name(id);
    if (!std::filesystem::exists(directory / name)) {
      audit.lost.push_back({id, name, "is missing", ""});
      continue;
    }
    const CheckpointRead read = read_checkpoint_file(directory, id);
    if (!read.error.empty()) {
      audit.lost.push_back({id, name, read.error, ""});
    } else if (static_cast<std::int64_t>(read.blob.size()) != size_bytes) {
      audit.lost.push_back(
          {id, name, fmt::format("is another one: {} bytes instead of {}", read.blob.size(), size_bytes),
           ""});
    } else {
      whole.insert(id);
      ++audit.whole;
      audit.whole_bytes += size_bytes;
    }
  }
  for (auto& lost : audit.lost) lost.consequence = consequence_of(lost.id, whole, trials);

  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = file.path().filename();
    const auto size = static_cast<std::int64_t>(file.file_size(ignored));
    const auto id = parse_checkpoint_file_name(name);
    if (id && !known.on_disk().contains(*id)) {
      audit.unneeded.push_back(name);
      audit.unneeded_bytes += size;
    } else if (name.ends_with(".ckpt.tmp")) {
      audit.temporary.push_back(name);
      audit.temporary_bytes += size;
    }
  }
  std::sort(audit.unneeded.begin(), audit.unneeded.end());
  std::sort(audit.temporary.begin(), audit.temporary.end());
  return audit;
}

}  // namespace coppice
