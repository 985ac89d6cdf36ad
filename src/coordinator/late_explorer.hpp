/// An explorer whose answers come later: a program of the user's, outside of this process.
/// One thread, the coordinator's; nothing blocks. It has an answer to every question in the end: what goes
/// wrong is in the answer's note.
#pragma once

#include <vector>

#include "core/events.hpp"
#include "core/sampler.hpp"

namespace coppice {

class LateExplorer {
 public:
  LateExplorer() = default;
  LateExplorer(const LateExplorer&) = delete;
  LateExplorer& operator=(const LateExplorer&) = delete;
  virtual ~LateExplorer() = default;

  /// As Sampler::tell.
  virtual void tell(const Trial& trial) = 0;
  /// Precondition: the sample has a base. Nothing that it points to is kept.
  virtual void ask(RequestId request, const SampleRequest& sample, double now_s) = 0;
  /// The answers that are there.
  virtual std::vector<Proposed> poll(double now_s) = 0;
  /// Readable when there may be some.
  virtual int fd() const = 0;
};

}  // namespace coppice
