// What every transport promises. Linked into one program per transport.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "ranks.hpp"

namespace coppice::test {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// A body that tells who sent it as which message, and whose bytes can be checked.
std::vector<std::byte> numbered_body(int from, std::uint32_t number, std::size_t size_bytes) {
  std::vector<std::byte> body(size_bytes);
  const std::uint64_t first = number * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(from);
  for (std::size_t i = 0; i < size_bytes; i += sizeof first) {
    const std::uint64_t word = first + i * 0xd1342543de82ef95u;
    std::memcpy(body.data() + i, &word, std::min(sizeof word, size_bytes - i));
  }
  return body;
}

/// Without a printout of both, and fast in debug builds too.
bool same(const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Everybody sends `sizes` to everybody, itself included, all at once; all must come complete and in order.
class Storm final : public Part {
 public:
  Storm(int size, std::vector<std::size_t> sizes)
      : sizes_(std::move(sizes)), next_(static_cast<std::size_t>(size)) {}

  void start(Transport& transport) override {
    for (std::uint32_t number = 0; number < sizes_.size(); ++number) {
      for (int to = 0; to < transport.size(); ++to) {
        // The type varies, so that order must hold across types too.
        transport.send(to, number % 97, numbered_body(transport.rank(), number, sizes_[number]));
      }
    }
  }

  void on_message(Transport&, Message message) override {
    ASSERT_GE(message.from, 0);
    ASSERT_LT(static_cast<std::size_t>(message.from), next_.size());
    std::uint32_t& next = next_[static_cast<std::size_t>(message.from)];
    ASSERT_LT(next, sizes_.size());
    EXPECT_EQ(message.type, next % 97);
    EXPECT_TRUE(same(message.body, numbered_body(message.from, next, sizes_[next])))
        << "message " << next << " from " << message.from << " of " << message.body.size()
        << " bytes, wanted " << sizes_[next];
    ++next;
  }

  bool done() const override {
    return std::all_of(next_.begin(), next_.end(), [&](std::uint32_t next) { return next == sizes_.size(); });
  }

 private:
  std::vector<std::size_t> sizes_;
  std::vector<std::uint32_t> next_;
};

void play_storm(const std::vector<Transport*>& mine, const std::vector<std::size_t>& sizes) {
  play(mine, [&](int, int size) { return std::make_unique<Storm>(size, sizes); });
}

TEST(TransportContract, KnowsItsRanks) {
  in_each_world([](const std::vector<Transport*>& mine) {
    std::set<int> ranks;
    for (const Transport* transport : mine) {
      EXPECT_GE(transport->rank(), 0);
      EXPECT_LT(transport->rank(), transport->size());
      EXPECT_TRUE(ranks.insert(transport->rank()).second);
    }
  });
}

TEST(TransportContract, BeginsSilentAndIdle) {
  in_each_world([](const std::vector<Transport*>& mine) {
    for (Transport* transport : mine) {
      EXPECT_TRUE(transport->idle());
      EXPECT_GE(transport->poll_interval_s(), 0.0);
      EXPECT_LE(transport->poll_interval_s(), 1.0);
    }
    play_storm(mine, {});
  });
}

TEST(TransportContract, EmptyMessagesArrive) {
  in_each_world([](const std::vector<Transport*>& mine) { play_storm(mine, {0, 0, 0}); });
}

TEST(TransportContract, ManySmallMessagesArriveInOrder) {
  in_each_world(
      [](const std::vector<Transport*>& mine) { play_storm(mine, std::vector<std::size_t>(2000, 40)); });
}

TEST(TransportContract, ShortMessagesDontOvertakeLongOnes) {
  in_each_world([](const std::vector<Transport*>& mine) {
    play_storm(mine, {4 * kMiB, 1, 0, 64 * 1024, 3, 2 * kMiB, 5000, 0, 1});
  });
}

TEST(TransportContract, StormOfRandomSizes) {
  in_each_world([](const std::vector<Transport*>& mine) {
    std::mt19937 random(20240607);  // NOLINT: the same sizes on all ranks and in all runs
    std::vector<std::size_t> sizes{9 * kMiB, 0};
    for (int i = 0; i < 60; ++i) sizes.push_back(random() % (std::size_t{1} << (random() % 20)));
    play_storm(mine, sizes);
  });
}

class Once final : public Part {
 public:
  void start(Transport& transport) override { transport.send(transport.rank(), 31999, {std::byte{42}}); }
  void on_message(Transport& transport, Message message) override {
    EXPECT_EQ(message.from, transport.rank());
    EXPECT_EQ(message.type, 31999u);
    EXPECT_EQ(message.body, std::vector<std::byte>{std::byte{42}});
    ++count_;
  }
  bool done() const override { return count_ == 1; }

 private:
  int count_ = 0;
};

TEST(TransportContract, LargestTypeAndAllThingsSaid) {
  in_each_world([](const std::vector<Transport*>& mine) {
    play(mine, [](int, int) { return std::make_unique<Once>(); });
  });
}

/// As a checkpoint travels: 8 MiB chunks, at most two unsent, here from each rank to the next, all at the
/// same time.
class ChunkStream final : public Part {
 public:
  void on_idle(Transport& transport) override {
    const int to = (transport.rank() + 1) % transport.size();
    while (sent_ < kChunks && transport.unsent_bytes(to) < 2 * kChunkBytes) {
      transport.send(to, 1, numbered_body(transport.rank(), sent_++, kChunkBytes));
    }
    most_unsent_bytes_ = std::max(most_unsent_bytes_, transport.unsent_bytes(to));
    EXPECT_LE(most_unsent_bytes_, 3 * kChunkBytes + 3 * kMessageOverheadBytes);
  }

  void on_message(Transport& transport, Message message) override {
    EXPECT_EQ(message.from, (transport.rank() + transport.size() - 1) % transport.size());
    EXPECT_TRUE(same(message.body, numbered_body(message.from, received_, kChunkBytes)));
    ++received_;
  }

  bool done() const override { return sent_ == kChunks && received_ == kChunks; }

 private:
  static constexpr std::uint32_t kChunks = 8;
  static constexpr std::size_t kChunkBytes = 8 * kMiB;
  std::uint32_t sent_ = 0;
  std::uint32_t received_ = 0;
  std::size_t most_unsent_bytes_ = 0;
};

TEST(TransportContract, StreamsOfChunksInARing) {
  in_each_world([](const std::vector<Transport*>& mine) {
    play(mine, [](int, int) { return std::make_unique<ChunkStream>(); });
  });
}

/// The coordinator's life: each worker asks, gets an answer, asks again.
class AskAndAnswer final : public Part {
 public:
  AskAndAnswer(int rank, int size) : expected_(rank == 0 ? size * kRounds : 0), answers_wanted_(kRounds) {}

  void start(Transport& transport) override { transport.send(0, kAsk, {}); }
  void on_message(Transport& transport, Message message) override {
    if (message.type == kAsk) {
      ++asked_;
      transport.send(message.from, kAnswer, {std::byte{1}});
    } else {
      ASSERT_EQ(message.type, kAnswer);
      EXPECT_EQ(message.from, 0);
      if (++answers_ < kRounds) transport.send(0, kAsk, {});
    }
  }
  bool done() const override { return asked_ == expected_ && answers_ == answers_wanted_; }

 private:
  static constexpr std::uint32_t kAsk = 5;
  static constexpr std::uint32_t kAnswer = 6;
  static constexpr int kRounds = 200;
  int expected_;
  int answers_wanted_;
  int asked_ = 0;
  int answers_ = 0;
};

TEST(TransportContract, AsksAndAnswers) {
  in_each_world([](const std::vector<Transport*>& mine) {
    play(mine, [](int rank, int size) { return std::make_unique<AskAndAnswer>(rank, size); });
  });
}

/// Sends something long to its neighbour, gives it up, then sends something short, which must come. The
/// long one may.
class GiveUp final : public Part {
 public:
  void start(Transport& transport) override {
    const int to = (transport.rank() + 1) % transport.size();
    for (int i = 0; i < 3; ++i) transport.send(to, kLong, std::vector<std::byte>(6 * kMiB));
    transport.abandon(to);
    EXPECT_EQ(transport.unsent_bytes(to), 0u);
    EXPECT_TRUE(transport.idle());
    transport.send(to, kShort, {std::byte{9}});
  }
  void on_message(Transport& transport, Message message) override {
    EXPECT_EQ(message.from, (transport.rank() + transport.size() - 1) % transport.size());
    if (message.type == kShort) {
      EXPECT_EQ(message.body.size(), 1u);
      ++short_;
    } else {
      EXPECT_EQ(message.type, kLong);
      EXPECT_EQ(message.body.size(), 6 * kMiB);
      EXPECT_EQ(short_, 0) << "order holds, also for what was abandoned";
    }
  }
  bool done() const override { return short_ == 1; }

 private:
  static constexpr std::uint32_t kLong = 1;
  static constexpr std::uint32_t kShort = 2;
  int short_ = 0;
};

TEST(TransportContract, AbandoningLeavesNothingUnsentAndTheRestGoesOn) {
  in_each_world([](const std::vector<Transport*>& mine) {
    play(mine, [](int, int) { return std::make_unique<GiveUp>(); });
    play_storm(mine, {1, 2 * kMiB, 3});
  });
}

TEST(TransportContractDeathTest, RefusesWhatCannotBeSent) {
  GTEST_FLAG_SET(death_test_style, "fast");
  in_each_world([](const std::vector<Transport*>& mine) {
    Transport& transport = *mine[0];
    const auto send = [&](int to, std::uint32_t type) { transport.send(to, type, {}); };
    EXPECT_DEATH(send(-1, 0), "rank of the study");
    EXPECT_DEATH(send(transport.size(), 0), "rank of the study");
    EXPECT_DEATH(send(0, kMaxMessageType + 1), "at most 32767");
  });
}

}  // namespace
}  // namespace coppice::test
