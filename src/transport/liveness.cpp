#include "transport/liveness.hpp"

#include <algorithm>

namespace coppice {

void Liveness::heard(int peer) {
  if (const auto it = peers_.find(peer); it != peers_.end()) it->second.heard_s = lived_s_;
}

void Liveness::said(int peer) {
  if (const auto it = peers_.find(peer); it != peers_.end()) it->second.said_s = lived_s_;
}

void Liveness::advance(double now_s) {
  if (begun_) lived_s_ += std::clamp(now_s - now_s_, 0.0, beat_s_);
  begun_ = true;
  now_s_ = now_s;
}

std::vector<int> Liveness::due() const {
  std::vector<int> peers;
  for (const auto& [peer, times] : peers_) {
    if (lived_s_ - times.said_s >= beat_s_) peers.push_back(peer);
  }
  return peers;
}

std::vector<int> Liveness::silent() const {
  std::vector<int> peers;
  for (const auto& [peer, times] : peers_) {
    if (lived_s_ - times.heard_s > limit_s_) peers.push_back(peer);
  }
  return peers;
}

}  // namespace coppice
