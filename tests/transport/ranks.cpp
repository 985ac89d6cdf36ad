#include "ranks.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <utility>

namespace coppice::test {
namespace {

// Every rank tells rank 0 kDone, hears kAllDone, answers kHeard, hears kGo. So a message between kDone and
// kAllDone is one too many, and one between kAllDone and kGo comes from a rank that is already in the next
// scenario.
constexpr std::uint32_t kDone = kReservedTypes;
constexpr std::uint32_t kAllDone = kReservedTypes + 1;
constexpr std::uint32_t kHeard = kReservedTypes + 2;
constexpr std::uint32_t kGo = kReservedTypes + 3;
constexpr std::chrono::seconds kLimit{90};

std::deque<Message>& early_messages(const Transport* transport) {
  static std::map<const Transport*, std::deque<Message>> early;
  return early[transport];
}

class Player {
 public:
  Player(Transport* transport, std::unique_ptr<Part> part) : transport_(transport), part_(std::move(part)) {}

  void start() {
    part_->start(*transport_);
    for (Message& message : std::exchange(early_messages(transport_), {})) on_message(std::move(message));
  }

  void advance() {
    while (phase_ != kGo) {
      auto message = transport_->receive();
      if (!message) break;
      on_message(std::move(*message));
    }
    if (phase_ == 0) {
      part_->on_idle(*transport_);
      if (part_->done()) {
        phase_ = kDone;
        transport_->send(0, kDone, {});
      }
    } else if (phase_ == kGo) {
      // What still leaves, needs it; what comes, is early.
      if (auto message = transport_->receive()) early_messages(transport_).push_back(std::move(*message));
    }
  }

  bool finished() const { return phase_ == kGo && transport_->idle(); }
  double poll_interval_s() const { return transport_->poll_interval_s(); }

 private:
  void on_message(Message message) {
    switch (message.type) {
      case kDone:
        if (++done_ == transport_->size()) tell_all(kAllDone);
        break;
      case kAllDone:
        phase_ = kAllDone;
        transport_->send(0, kHeard, {});
        break;
      case kHeard:
        if (++heard_ == transport_->size()) tell_all(kGo);
        break;
      case kGo:
        phase_ = kGo;
        break;
      default:
        if (phase_ == kAllDone) {
          early_messages(transport_).push_back(std::move(message));
        } else {
          EXPECT_EQ(phase_, 0u) << "one too many: type " << message.type << " from " << message.from;
          part_->on_message(*transport_, std::move(message));
        }
    }
  }

  void tell_all(std::uint32_t type) {
    for (int to = 0; to < transport_->size(); ++to) transport_->send(to, type, {});
  }

  Transport* transport_;
  std::unique_ptr<Part> part_;
  std::uint32_t phase_ = 0;
  int done_ = 0;   ///< on rank 0
  int heard_ = 0;  ///< on rank 0
};

void sleep_s(double duration_s) {
  const timespec duration{0, static_cast<long>(duration_s * 1e9)};
  nanosleep(&duration, nullptr);
}

}  // namespace

void play(const std::vector<Transport*>& mine, const MakePart& make_part) {
  std::vector<Player> players;
  for (Transport* transport : mine) {
    players.emplace_back(transport, make_part(transport->rank(), transport->size()));
  }
  for (Player& player : players) player.start();

  const auto limit = std::chrono::steady_clock::now() + kLimit;
  const auto finished = [](const Player& player) { return player.finished(); };
  while (!std::all_of(players.begin(), players.end(), finished)) {
    double interval_s = 0.001;
    for (Player& player : players) {
      player.advance();
      interval_s = std::min(interval_s, player.poll_interval_s());
    }
    ASSERT_LT(std::chrono::steady_clock::now(), limit)
        << "rank " << mine[0]->rank() << " waits for a message";
    // Ranks of one process see each other's messages only in the next round.
    sleep_s(mine.size() > 1 ? 0.0 : interval_s);
  }
}

}  // namespace coppice::test
