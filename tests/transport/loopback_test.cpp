#include "transport/loopback.hpp"

#include <gtest/gtest.h>

#include <string>

#include "ranks.hpp"

namespace coppice::test {

void in_each_world(const std::function<void(const std::vector<Transport*>& mine)>& body) {
  for (const int size : {1, 2, 5}) {
    SCOPED_TRACE("loopback of " + std::to_string(size));
    LoopbackNetwork network(size);
    std::vector<Transport*> mine;
    for (int rank = 0; rank < size; ++rank) mine.push_back(&network.endpoint(rank));
    body(mine);
  }
}

namespace {

TEST(Loopback, AMessageIsThereAtOnceAndOnce) {
  LoopbackNetwork network(3);
  network.endpoint(2).send(0, 7, {std::byte{1}, std::byte{2}});
  EXPECT_EQ(network.endpoint(0).poll_interval_s(), 0.0);
  EXPECT_FALSE(network.endpoint(1).receive());
  const auto message = network.endpoint(0).receive();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->from, 2);
  EXPECT_EQ(message->type, 7u);
  EXPECT_EQ(message->body.size(), 2u);
  EXPECT_FALSE(network.endpoint(0).receive());
  EXPECT_GT(network.endpoint(0).poll_interval_s(), 0.1);
}

TEST(Loopback, BodiesAreMovedNotCopied) {
  LoopbackNetwork network(2);
  std::vector<std::byte> body(1000);
  const std::byte* const data = body.data();
  network.endpoint(0).send(1, 1, std::move(body));
  EXPECT_EQ(network.endpoint(1).receive()->body.data(), data);
}

TEST(LoopbackDeathTest, RefusesMoreThanOneGibibyte) {
  LoopbackNetwork network(1);
  EXPECT_DEATH(network.endpoint(0).send(0, 0, std::vector<std::byte>(kMaxMessageBytes + 1)), "send chunks");
}

TEST(LoopbackDeathTest, HasNoOtherRanks) {
  LoopbackNetwork network(2);
  EXPECT_DEATH(network.endpoint(2), "no such rank");
  EXPECT_DEATH(LoopbackNetwork(0), "at least one rank");
}

}  // namespace
}  // namespace coppice::test
