#include "transport/loopback.hpp"

#include <deque>
#include <utility>

#include "core/check.hpp"

namespace coppice {

class LoopbackNetwork::Endpoint final : public Transport {
 public:
  Endpoint(LoopbackNetwork& network, int rank, int size) : Transport(rank, size), network_(network) {}

  void send(int to, std::uint32_t type, std::vector<std::byte> body) override {
    check_sendable(to, type, body.size());
    network_.endpoints_[static_cast<std::size_t>(to)]->inbox_.push_back({rank(), type, std::move(body)});
  }

  std::optional<Message> receive() override {
    if (inbox_.empty()) return std::nullopt;
    Message message = std::move(inbox_.front());
    inbox_.pop_front();
    return message;
  }

  // A message is in the receiver's memory as soon as it is sent, so there is never anything unsent or half
  // received.
  std::size_t unsent_bytes(int) const override { return 0; }
  void abandon(int) override {}

  // Only the thread that would sleep can send here: nothing arrives meanwhile.
  double poll_interval_s() const override { return inbox_.empty() ? 1.0 : 0.0; }

 private:
  LoopbackNetwork& network_;
  std::deque<Message> inbox_;
};

LoopbackNetwork::LoopbackNetwork(int size) {
  check(size >= 1, "a loopback network needs at least one rank");
  endpoints_.reserve(static_cast<std::size_t>(size));
  for (int rank = 0; rank < size; ++rank) endpoints_.push_back(std::make_unique<Endpoint>(*this, rank, size));
}

LoopbackNetwork::~LoopbackNetwork() = default;

Transport& LoopbackNetwork::endpoint(int rank) {
  check(rank >= 0 && rank < size(), "no such rank in the loopback network");
  return *endpoints_[static_cast<std::size_t>(rank)];
}

}  // namespace coppice
