/// Ranks without MPI: endpoints 0 … n-1 of one network in one process, for `--workers N` without a launcher.
///
/// Ownership: the network owns its endpoints, which live as long as it does.
/// Threads: one thread uses the network and all of its endpoints.
/// Failure: none; every message arrives at once.
#pragma once

#include <memory>
#include <vector>

#include "transport/transport.hpp"

namespace coppice {

class LoopbackNetwork {
 public:
  /// Precondition: size ≥ 1.
  explicit LoopbackNetwork(int size);
  LoopbackNetwork(const LoopbackNetwork&) = delete;
  LoopbackNetwork& operator=(const LoopbackNetwork&) = delete;
  ~LoopbackNetwork();

  int size() const { return static_cast<int>(endpoints_.size()); }
  /// Precondition: 0 ≤ rank < size().
  Transport& endpoint(int rank);

 private:
  class Endpoint;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

}  // namespace coppice
