#include "core/checkpoint_table.hpp"

#include <algorithm>

namespace coppice {

bool CheckpointTable::add(const CheckpointId& id, WorkerId place, std::int64_t size_bytes) {
  Entry& entry = entries_[{id.trial, id.step}];
  if (entry.places.empty()) {
    entry.id = id;
    entry.size_bytes = size_bytes;
  } else if (entry.id != id) {
    return false;
  }
  const auto at = std::lower_bound(entry.places.begin(), entry.places.end(), place);
  if (at != entry.places.end() && *at == place) return false;
  entry.places.insert(at, place);
  if (place == kDisk) {
    disk_bytes_ += entry.size_bytes;
    peak_disk_bytes_ = std::max(peak_disk_bytes_, disk_bytes_);
  }
  return true;
}

bool CheckpointTable::remove(const CheckpointId& id, WorkerId place) {
  const auto it = entries_.find({id.trial, id.step});
  if (it == entries_.end() || it->second.id != id) return false;
  if (std::erase(it->second.places, place) == 0) return false;
  if (place == kDisk) disk_bytes_ -= it->second.size_bytes;
  if (it->second.places.empty()) {
    if (best_ == id) {
      best_.reset();
      best_score_ = kWorst;
    }
    entries_.erase(it);
  }
  return true;
}

std::vector<WorkerId> CheckpointTable::erase(const CheckpointId& id) {
  const auto it = entries_.find({id.trial, id.step});
  if (it == entries_.end()) return {};
  std::vector<WorkerId> places = std::move(it->second.places);
  if (!places.empty() && places.front() == kDisk) disk_bytes_ -= it->second.size_bytes;
  entries_.erase(it);
  return places;
}

const CheckpointTable::Entry* CheckpointTable::find(TrialId trial, Step step) const {
  const auto it = entries_.find({trial, step});
  return it == entries_.end() ? nullptr : &it->second;
}

const CheckpointTable::Entry* CheckpointTable::newest(TrialId trial) const {
  auto it = entries_.lower_bound({trial + 1, 0});
  if (it == entries_.begin()) return nullptr;
  --it;
  return it->first.first == trial ? &it->second : nullptr;
}

std::vector<const CheckpointTable::Entry*> CheckpointTable::of(TrialId trial) const {
  std::vector<const Entry*> result;
  for (auto it = entries_.lower_bound({trial, 0}); it != entries_.end() && it->first.first == trial; ++it) {
    result.push_back(&it->second);
  }
  return result;
}

std::vector<CheckpointId> CheckpointTable::at(WorkerId place) const {
  std::vector<CheckpointId> result;
  for (const auto& [key, entry] : entries_) {
    if (std::binary_search(entry.places.begin(), entry.places.end(), place)) result.push_back(entry.id);
  }
  return result;
}

bool CheckpointTable::has_enough(TrialId trial) const {
  const auto entries = of(trial);
  return std::count_if(entries.begin(), entries.end(), [](const Entry* entry) { return entry->safe(); }) >=
         keep_;
}

void CheckpointTable::hold(TrialId trial, Step step) {
  const auto it = entries_.find({trial, step});
  if (it != entries_.end()) ++it->second.holds;
}

void CheckpointTable::release(TrialId trial, Step step) {
  const auto it = entries_.find({trial, step});
  if (it != entries_.end() && it->second.holds > 0) --it->second.holds;
}

void CheckpointTable::undepend(const Origin& origin, TrialId clone) {
  const auto it = dependents_.find({origin.trial, origin.step});
  if (it == dependents_.end()) return;
  std::erase(it->second, clone);
  if (it->second.empty()) dependents_.erase(it);
}

std::optional<CheckpointId> CheckpointTable::offer_best(const CheckpointId& id, Score score) {
  if (!(score < best_score_)) return std::nullopt;
  const auto before = best_;
  best_ = id;
  best_score_ = score;
  return before;
}

std::vector<CheckpointId> CheckpointTable::unneeded(const Trial& trial) const {
  const auto entries = of(trial.id);
  std::vector<CheckpointId> result;
  int safe = 0;  // so far, from the newest on
  for (auto it = entries.rbegin(); it != entries.rend(); ++it) {
    const Entry* entry = *it;
    const bool one_of_the_safe = entry->safe() && ++safe <= keep_;
    const bool goes_on = !is_over(trial.state) && (it == entries.rbegin() || one_of_the_safe);
    const bool needed = goes_on || entry->holds > 0 || best_ == entry->id ||
                        dependents_.contains({entry->id.trial, entry->id.step});
    if (!needed) result.push_back(entry->id);
  }
  return result;
}

}  // namespace coppice
