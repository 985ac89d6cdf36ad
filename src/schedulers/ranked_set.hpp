/// Results in order, each with its rank. Values; one thread. Every operation is O(log n).
#pragma once

#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <functional>

#include "core/board.hpp"

namespace coppice {

class RankedSet {
 public:
  /// Returns the entry's rank among all that are there now, from 1. Precondition: it isn't there yet.
  std::int64_t add(Ranked entry) {
    tree_.insert(entry);
    return static_cast<std::int64_t>(tree_.order_of_key(entry)) + 1;
  }
  std::int64_t size() const { return static_cast<std::int64_t>(tree_.size()); }

 private:
  __gnu_pbds::tree<Ranked, __gnu_pbds::null_type, std::less<Ranked>, __gnu_pbds::rb_tree_tag,
                   __gnu_pbds::tree_order_statistics_node_update>
      tree_;
};

}  // namespace coppice
