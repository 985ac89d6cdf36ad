/// Which ranks still live, by when each was last heard, and to whom something must be said so that it knows
/// that we do: the bookkeeping of heartbeats. What is said for another purpose is a heartbeat, too.
///
/// Pure: the time is passed in. It counts only as far as its owner lived through it: however long a gap
/// between two calls of `advance`, it counts as one beat. So a process that was suspended, or held up by a
/// disk, doesn't take everybody else for dead when it goes on.
#pragma once

#include <map>
#include <vector>

namespace coppice {

class Liveness {
 public:
  /// `beat_s`: how long one may say nothing; `limit_s`: how long silence is no death.
  Liveness(double beat_s, double limit_s) : beat_s_(beat_s), limit_s_(limit_s) {}
  /// A second, or less where that is too seldom for the limit.
  static double beat_for(double limit_s) { return limit_s < 4 ? limit_s / 4 : 1; }

  /// From now on. Nothing changes if it is watched already.
  void watch(int peer) { peers_.try_emplace(peer, Peer{lived_s_, lived_s_}); }
  void forget(int peer) { peers_.erase(peer); }
  bool watches(int peer) const { return peers_.contains(peer); }
  /// These two may name anybody; those that aren't watched are ignored.
  void heard(int peer);
  void said(int peer);

  void advance(double now_s);
  /// Peers to whom nothing was said for a beat.
  std::vector<int> due() const;
  /// Peers that were not heard for longer than the limit.
  std::vector<int> silent() const;

  double limit_s() const { return limit_s_; }

 private:
  struct Peer {
    double heard_s = 0;
    double said_s = 0;
  };
  double beat_s_;
  double limit_s_;
  bool begun_ = false;
  double now_s_ = 0;
  double lived_s_ = 0;  ///< the clock that silence is measured on
  std::map<int, Peer> peers_;
};

}  // namespace coppice
