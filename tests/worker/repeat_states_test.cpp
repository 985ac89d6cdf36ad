#include "worker/repeat_states.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace coppice {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Blob blob(std::string_view text) {
  return Blob::copy(std::as_bytes(std::span(text)));
}

Blob joined(std::initializer_list<std::string_view> texts) {
  std::vector<Blob> blobs;
  for (const std::string_view text : texts) blobs.push_back(blob(text));
  return join_states(blobs);
}

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(RepeatStates, ComeBackAsTheyWere) {
  const Blob all = joined({"first", "", "the third"});
  const auto states = split_states(all.bytes(), 3);
  ASSERT_EQ(states.size(), 3u);
  EXPECT_EQ(text(states[0]), "first");
  EXPECT_EQ(text(states[1]), "");
  EXPECT_EQ(text(states[2]), "the third");
}

TEST(RepeatStates, EveryTornPieceIsRefused) {
  const Blob all = joined({"ab", "c"});
  for (std::size_t size = 0; size < all.size(); ++size) {
    EXPECT_THROW(split_states(all.bytes().first(size), 2), std::runtime_error) << size;
  }
  EXPECT_EQ(split_states(all.bytes(), 2).size(), 2u);
}

TEST(RepeatStates, WhatIsNotTheirsIsRefused) {
  const Blob all = joined({"ab", "c"});
  EXPECT_THAT([&] { split_states(all.bytes(), 3); },
              ThrowsMessage<std::runtime_error>(HasSubstr("holds 2 repeats, not 3")));
  EXPECT_THAT([] { split_states(blob("a state of one trial, without a header").bytes(), 2); },
              ThrowsMessage<std::runtime_error>(HasSubstr("not one of repeats")));
  std::string longer = text(all.bytes()) + "x";
  EXPECT_THAT([&] { split_states(std::as_bytes(std::span(longer)), 2); },
              ThrowsMessage<std::runtime_error>(HasSubstr("belong to none")));
  longer[16] = '\xff';  // a size beyond all
  longer[23] = '\xff';
  EXPECT_THAT([&] { split_states(std::as_bytes(std::span(longer)), 2); },
              ThrowsMessage<std::runtime_error>(HasSubstr("is cut")));
}

}  // namespace
}  // namespace coppice
