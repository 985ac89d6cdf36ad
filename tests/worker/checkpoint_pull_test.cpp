#include "worker/checkpoint_pull.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>

#include "checkpoint_support.hpp"
#include "transport/loopback.hpp"
#include "wire/bytes.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kChunk = CheckpointPull::kChunkBytes;
const CheckpointId kPulled{3, 8, make_segment(2, 1)};

std::string pattern(std::int64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::size_t i = 0; i < bytes.size(); i += 4093) bytes[i] = static_cast<char>(i / 4093 + 1);
  return bytes;
}

/// Rank 0 pulls from rank 1; both ends are played here, message by message.
class PullTest : public testing::Test {
 protected:
  CheckpointPull start(double now_s = 0) { return {network_.endpoint(0), 2, 77, kPulled, 1, now_s}; }
  /// The donor's inbox: what it is asked for.
  std::vector<Pull> asked() {
    std::vector<Pull> all;
    while (const auto message = network_.endpoint(1).receive()) {
      EXPECT_EQ(message->type, static_cast<std::uint32_t>(MessageType::kPull));
      const auto pull = from_bytes<Pull>(message->body);
      if (pull) all.push_back(*pull);
    }
    return all;
  }
  /// Answers everything at once until nothing is asked any more. Returns the most that was on the way.
  std::size_t serve(CheckpointPull& pull, const Blob* blob) {
    std::size_t most = 0;
    std::deque<Pull> waiting;
    for (;;) {
      for (const Pull& one : asked()) waiting.push_back(one);
      if (waiting.empty()) return most;
      most = std::max(most, waiting.size());
      pull.on_chunk(answer_pull(waiting.front(), blob), 1);
      waiting.pop_front();
    }
  }
  LoopbackNetwork network_{2};
};

class PullSize : public PullTest, public testing::WithParamInterface<std::int64_t> {};

TEST_P(PullSize, ArrivesWhole) {
  const std::string bytes = pattern(GetParam());
  const Blob blob = blob_of(bytes);
  CheckpointPull pull = start();
  const std::size_t most = serve(pull, &blob);
  ASSERT_TRUE(pull.complete()) << pull.failed();
  EXPECT_EQ(pull.failed(), "");
  EXPECT_EQ(pull.received_bytes(), GetParam());
  const Blob got = pull.take();
  EXPECT_TRUE(text_of(got) == bytes);
  EXPECT_GE(got.fd(), 0);
  const auto chunks = static_cast<std::size_t>((GetParam() + kChunk - 1) / kChunk);
  EXPECT_EQ(most, std::clamp<std::size_t>(chunks == 0 ? 1 : chunks - 1, 1, CheckpointPull::kOnTheWay));
}

INSTANTIATE_TEST_SUITE_P(Sizes, PullSize,
                         testing::Values(0, 1, kChunk - 1, kChunk, kChunk + 1, 2 * kChunk, 5 * kChunk + 123));

TEST_F(PullTest, AsksForTheFirstChunkAloneAndThenForAFew) {
  const Blob blob = blob_of(pattern(6 * kChunk));
  CheckpointPull pull = start();
  auto first = asked();
  ASSERT_EQ(first.size(), 1u) << "the size is not known yet";
  EXPECT_EQ(first[0].incarnation, 2);
  EXPECT_EQ(first[0].pull, 77);
  EXPECT_EQ(first[0].checkpoint, kPulled);
  EXPECT_EQ(first[0].offset, 0);
  EXPECT_EQ(first[0].length, kChunk);
  pull.on_chunk(answer_pull(first[0], &blob), 0);
  const auto next = asked();
  ASSERT_EQ(next.size(), CheckpointPull::kOnTheWay);
  // Out of order, as two routes could have it; each answer is replaced by one request.
  for (const int i : {2, 0, 1}) {
    pull.on_chunk(answer_pull(next[static_cast<std::size_t>(i)], &blob), 0);
    EXPECT_LE(asked().size(), 1u);
  }
  EXPECT_EQ(pull.received_bytes(), 4 * kChunk);
  EXPECT_FALSE(pull.complete());
}

TEST_F(PullTest, ADonorThatHasItNotIsToldAtOnce) {
  CheckpointPull pull = start();
  serve(pull, nullptr);
  EXPECT_FALSE(pull.complete());
  EXPECT_THAT(pull.failed(), HasSubstr("rank 1 no longer has it"));
}

TEST_F(PullTest, ADonorThatDropsItMidwayFailsItForGood) {
  const Blob blob = blob_of(pattern(5 * kChunk));
  CheckpointPull pull = start();
  pull.on_chunk(answer_pull(asked().at(0), &blob), 0);
  const auto next = asked();
  pull.on_chunk(answer_pull(next.at(0), nullptr), 0);
  EXPECT_THAT(pull.failed(), HasSubstr("no longer has it"));
  asked();
  const std::string why = pull.failed();
  pull.on_chunk(answer_pull(next.at(1), &blob), 0);
  EXPECT_THAT(asked(), IsEmpty()) << "what comes afterwards is ignored, and nothing more is asked";
  EXPECT_EQ(pull.failed(), why);
  EXPECT_FALSE(pull.complete());
}

TEST_F(PullTest, AWrongChunkFailsIt) {
  const Blob blob = blob_of(pattern(2 * kChunk));
  const auto failure = [&](auto&& spoil) {
    CheckpointPull pull = start();
    pull.on_chunk(answer_pull(asked().at(0), &blob), 0);
    Chunk chunk = answer_pull(asked().at(0), &blob);
    spoil(chunk);
    pull.on_chunk(chunk, 0);
    EXPECT_FALSE(pull.complete());
    return pull.failed();
  };
  EXPECT_THAT(failure([](Chunk& c) { c.bytes[17] ^= std::byte{1}; }), HasSubstr("damaged chunk at byte"));
  EXPECT_THAT(failure([](Chunk& c) { ++c.crc; }), HasSubstr("damaged"));
  EXPECT_THAT(failure([](Chunk& c) { c.bytes.pop_back(); }), HasSubstr("damaged"));
  EXPECT_THAT(failure([](Chunk& c) { ++c.total_bytes; }), HasSubstr("damaged"))
      << "another state than before";
}

TEST_F(PullTest, ASizeThatNoMachineHasRoomForFailsIt) {
  CheckpointPull pull = start();
  Chunk chunk = answer_pull(asked().at(0), nullptr);
  chunk.total_bytes = std::int64_t{1} << 62;
  pull.on_chunk(chunk, 0);
  EXPECT_THAT(pull.failed(), HasSubstr("no room"));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(PullTest, ChunksThatNobodyAskedForAreIgnored) {
  const Blob blob = blob_of("state");
  CheckpointPull pull = start();
  const Pull request = asked().at(0);
  Chunk of_another = answer_pull(request, &blob);
  ++of_another.pull;
  pull.on_chunk(of_another, 0);
  Chunk elsewhere = answer_pull(request, &blob);
  elsewhere.offset = kChunk;
  pull.on_chunk(elsewhere, 0);
  EXPECT_EQ(pull.received_bytes(), 0);
  EXPECT_EQ(pull.failed(), "");
  const Chunk good = answer_pull(request, &blob);
  pull.on_chunk(good, 0);
  EXPECT_TRUE(pull.complete());
  pull.on_chunk(good, 0);
  EXPECT_EQ(pull.received_bytes(), 5) << "once";
  EXPECT_EQ(text_of(pull.take()), "state");
}

TEST_F(PullTest, ASilentDonorIsGivenUpAfterTheLimit) {
  const Blob blob = blob_of(pattern(2 * kChunk));
  CheckpointPull pull = start(100);
  pull.tick(100 + CheckpointPull::kTimeout_s);
  EXPECT_EQ(pull.failed(), "");
  // Each chunk is a sign of life.
  pull.on_chunk(answer_pull(asked().at(0), &blob), 120);
  pull.tick(120 + CheckpointPull::kTimeout_s);
  EXPECT_EQ(pull.failed(), "");
  pull.tick(120 + CheckpointPull::kTimeout_s + 0.1);
  EXPECT_THAT(pull.failed(), HasSubstr("did not answer"));
}

TEST_F(PullTest, WhatIsCompleteDoesNotTimeOut) {
  const Blob blob = blob_of("state");
  CheckpointPull pull = start();
  serve(pull, &blob);
  pull.tick(1e6);
  EXPECT_TRUE(pull.complete());
  EXPECT_EQ(pull.failed(), "");
}

TEST(AnswerPull, StaysWithinTheState) {
  const Blob blob = blob_of("0123456789");
  const auto part = [&](std::int64_t offset, std::int64_t length) {
    const Chunk chunk = answer_pull({1, 5, kPulled, offset, length}, &blob);
    EXPECT_EQ(chunk.total_bytes, 10);
    EXPECT_EQ(chunk.pull, 5);
    return std::string(reinterpret_cast<const char*>(chunk.bytes.data()), chunk.bytes.size());
  };
  EXPECT_EQ(part(2, 3), "234");
  EXPECT_EQ(part(8, 100), "89");
  EXPECT_EQ(part(10, 1), "");
  EXPECT_EQ(part(100, 1), "");
  EXPECT_EQ(part(-5, 2), "01");
  EXPECT_EQ(part(0, -1), "");
}

}  // namespace
}  // namespace coppice
