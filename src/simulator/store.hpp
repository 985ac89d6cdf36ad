/// Saved states by place, as they lie in the memories and on the disk of a simulated cluster.
/// Owns the bytes; one thread.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "core/ids.hpp"

namespace coppice {

using Blob = std::vector<std::byte>;

class BlobStore {
 public:
  void open(WorkerId place) { places_[place]; }
  void close(WorkerId place) { places_.erase(place); }
  bool is_open(WorkerId place) const { return places_.contains(place); }

  /// No effect where the place is closed.
  void put(WorkerId place, const CheckpointId& id, Blob blob) {
    const auto found = places_.find(place);
    if (found != places_.end()) found->second[id] = std::move(blob);
  }
  /// Null where there is none.
  const Blob* find(WorkerId place, const CheckpointId& id) const {
    const auto found = places_.find(place);
    if (found == places_.end()) return nullptr;
    const auto blob = found->second.find(id);
    return blob == found->second.end() ? nullptr : &blob->second;
  }
  void drop(WorkerId place, const CheckpointId& id) {
    const auto found = places_.find(place);
    if (found != places_.end()) found->second.erase(id);
  }

  using Places = std::map<WorkerId, std::map<CheckpointId, Blob>>;
  const Places& places() const { return places_; }

 private:
  Places places_;
};

}  // namespace coppice
