/// Plays a scenario on all ranks of a transport, whether they live in one process (loopback) or in one each
/// (MPI).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "transport/transport.hpp"

namespace coppice::test {

/// What one rank does in a scenario. Uses message types below kReservedTypes.
class Part {
 public:
  Part() = default;
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  virtual ~Part() = default;

  virtual void start(Transport&) {}
  virtual void on_message(Transport&, Message message) = 0;
  /// Called between messages, for parts that send as room appears.
  virtual void on_idle(Transport&) {}
  virtual bool done() const = 0;
};

inline constexpr std::uint32_t kReservedTypes = 32000;

using MakePart = std::function<std::unique_ptr<Part>(int rank, int size)>;

/// Plays until every part on every rank is done and everything sent has left. Fails the test at a time limit
/// that no slow machine reaches, so that a lost message doesn't hang it.
void play(const std::vector<Transport*>& mine, const MakePart& make_part);

/// The endpoints of this process, for each world in which the contract is tested; each program defines its
/// own.
void in_each_world(const std::function<void(const std::vector<Transport*>& mine)>& body);

}  // namespace coppice::test
