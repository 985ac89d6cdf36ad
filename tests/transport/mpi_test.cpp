// What only ranks in processes of their own can show; the rest is in transport_contract.cpp.
#include "transport/mpi.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <set>

#include "mpi_world.hpp"
#include "ranks.hpp"

namespace coppice::test {
namespace {

void sleep_ms(long duration_ms) {
  const timespec duration{0, duration_ms * 1000000};
  nanosleep(&duration, nullptr);
}

TEST(MpiSession, KnowsAllRanks) {
  const MpiSession& session = mpi_world().session;
  ASSERT_EQ(session.ranks().size(), static_cast<std::size_t>(session.size()));
  std::set<std::pair<int, int>> places;
  for (int rank = 0; rank < session.size(); ++rank) {
    const RankInfo& info = session.ranks()[static_cast<std::size_t>(rank)];
    EXPECT_EQ(info.rank, rank);
    EXPECT_GE(info.node, 0);
    EXPECT_GE(info.local_rank, 0);
    EXPECT_LT(info.local_rank, session.size());
    EXPECT_FALSE(info.host.empty());
    EXPECT_TRUE(places.emplace(info.node, info.local_rank).second) << "two ranks in one place";
  }
  EXPECT_EQ(session.ranks()[0].node, 0);
  EXPECT_EQ(session.ranks()[0].local_rank, 0);
}

TEST(MpiSession, GathersTexts) {
  const std::vector<std::string>& gathered = mpi_world().gathered;
  ASSERT_EQ(gathered.size(), static_cast<std::size_t>(mpi_world().session.size()));
  EXPECT_EQ(gathered[0], "");
  if (gathered.size() >= 2) {
    EXPECT_EQ(gathered[1], "bbb");
  }
  if (gathered.size() >= 4) {
    EXPECT_EQ(gathered[3], "ddddddddd");
  }
}

/// One rank doesn't poll for 300 ms while the others send to it.
class Sleeper final : public Part {
 public:
  Sleeper(int rank, int size) : sleeps_(rank == size - 1), expected_(sleeps_ ? kMessages * size : 0) {}

  void start(Transport& transport) override {
    for (int i = 0; i < kMessages; ++i) {
      const std::size_t size_bytes = i % 10 == 0 ? std::size_t{1} << 20 : 100;
      transport.send(transport.size() - 1, 3, std::vector<std::byte>(size_bytes));
    }
    if (sleeps_) sleep_ms(300);
  }
  void on_message(Transport&, Message message) override {
    EXPECT_EQ(message.type, 3u);
    ++received_;
  }
  bool done() const override { return received_ == expected_; }

 private:
  static constexpr int kMessages = 100;
  bool sleeps_;
  int expected_;
  int received_ = 0;
};

TEST(MpiTransport, ARankThatDoesNotPollLosesNothing) {
  play({&mpi_world().transport}, [](int rank, int size) { return std::make_unique<Sleeper>(rank, size); });
}

/// Rank 0 sends 64 MiB to a rank that by construction doesn't poll before a later, small message's answer…
/// so a send that waited would hang until the scenario's time limit.
class Eager final : public Part {
 public:
  explicit Eager(int rank) : rank_(rank) {}
  void start(Transport& transport) override {
    if (rank_ > 1) return;
    const int other = 1 - rank_;
    for (int i = 0; i < kMessages; ++i)
      transport.send(other, 1, std::vector<std::byte>(std::size_t{8} << 20));
    // Both are here before either polled: nobody waited for the other.
    EXPECT_GE(transport.unsent_bytes(other), std::size_t{8} << 20);
    EXPECT_FALSE(transport.idle());
  }
  void on_message(Transport&, Message message) override {
    EXPECT_EQ(message.body.size(), std::size_t{8} << 20);
    ++received_;
  }
  bool done() const override { return rank_ > 1 || received_ == kMessages; }

 private:
  static constexpr int kMessages = 8;
  int rank_;
  int received_ = 0;
};

TEST(MpiTransport, SendingDoesNotWaitForTheReceiver) {
  MpiTransport& transport = mpi_world().transport;
  if (transport.size() == 1) GTEST_SKIP() << "needs two ranks";
  play({&transport}, [](int rank, int) { return std::make_unique<Eager>(rank); });
  EXPECT_TRUE(transport.idle());
}

class HalfReceived final : public Part {
 public:
  explicit HalfReceived(int rank) : rank_(rank) {}
  void start(Transport& transport) override {
    if (rank_ == 0) {
      for (int to = 0; to < transport.size(); ++to) {
        transport.send(to, kLong, std::vector<std::byte>(std::size_t{32} << 20));
      }
    } else {
      // Perhaps this posts the receive of the long message, perhaps nothing is announced yet.
      for (int i = 0; i < 3; ++i) {
        if (auto message = transport.receive()) on_message(transport, std::move(*message));
      }
      transport.abandon(0);
    }
    transport.send(0, kReady, {});
  }
  void on_message(Transport& transport, Message message) override {
    if (message.type == kReady) {
      transport.send(message.from, kShort, {});
    } else if (message.type == kShort) {
      ++short_;
    } else {
      EXPECT_EQ(message.type, kLong);
      EXPECT_EQ(message.body.size(), std::size_t{32} << 20);
    }
  }
  bool done() const override { return short_ == 1; }

 private:
  static constexpr std::uint32_t kLong = 1;
  static constexpr std::uint32_t kReady = 2;
  static constexpr std::uint32_t kShort = 3;
  int rank_;
  int short_ = 0;
};

/// A receive is given up in the middle of a long message; later messages still come, and the end is orderly.
TEST(MpiTransport, GivingUpAHalfReceivedMessage) {
  MpiTransport& transport = mpi_world().transport;
  play({&transport}, [](int rank, int) { return std::make_unique<HalfReceived>(rank); });
}

TEST(MpiTransport, PollsLessOftenTheLongerNothingHappens) {
  MpiTransport& transport = mpi_world().transport;
  play({&transport}, [](int rank, int size) { return std::make_unique<Sleeper>(rank, size); });
  // What other ranks send meanwhile isn't received, so it isn't activity.
  transport.send(transport.rank(), 1, {});
  EXPECT_EQ(transport.poll_interval_s(), 0.0);
  while (!transport.receive()) {
  }
  EXPECT_GT(transport.poll_interval_s(), 0.0);
  sleep_ms(100);
  EXPECT_EQ(transport.poll_interval_s(), 0.001);
}

}  // namespace
}  // namespace coppice::test
