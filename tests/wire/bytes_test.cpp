#include "wire/bytes.hpp"

#include <gtest/gtest.h>

#include "coppice/rng.hpp"
#include "samples.hpp"
#include "wire/fields.hpp"

namespace coppice {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

struct Pair {
  std::int8_t small = 0;
  std::vector<std::byte> blob;
  std::vector<bool> flags;
  float ratio = 0;
};
template <class V>
void fields(V& v, Pair& x) {
  v("small", x.small);
  v("blob", x.blob);
  v("flags", x.flags);
  v("ratio", x.ratio);
}

TEST(Bytes, EveryEventComesBack) {
  for (const Event& event : samples::events()) {
    const auto written = to_bytes(event);
    const auto read = from_bytes<Event>(written);
    ASSERT_TRUE(read) << "event " << event.index();
    EXPECT_EQ(read->index(), event.index());
    EXPECT_EQ(to_bytes(*read), written) << "event " << event.index();
  }
}

TEST(Bytes, EffectsComeBack) {
  const Effects effects = samples::effects();
  const auto written = to_bytes(effects);
  const auto read = from_bytes<Effects>(written);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_bytes(*read), written);
  EXPECT_FALSE(read->accepted);
  ASSERT_EQ(read->commands.size(), effects.commands.size());
  const auto& run = std::get<coppice::Run>(read->commands[2]);
  EXPECT_EQ(run.trial_seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(run.until, kOpenEnd);
  EXPECT_EQ(run.from->places, (std::vector<WorkerId>{kDisk, 0, samples::kMax32}));
  EXPECT_EQ(run.from->checkpoint, (CheckpointId{7, 40, make_segment(2, 9)}));
  EXPECT_EQ(std::get<std::string>(run.params[10]), "größe \"x\"\n");
  EXPECT_TRUE(std::signbit(std::get<double>(run.params[7])));
  EXPECT_TRUE(std::isnan(std::get<double>(run.params[8])));
  EXPECT_EQ(read->decisions.back().kind, DecisionKind::kRerun);
}

TEST(Bytes, LayoutIsWhatTheHeaderSays) {
  EXPECT_EQ(to_bytes(std::int64_t{-1}), bytes({1}));
  EXPECT_EQ(to_bytes(std::int32_t{64}), bytes({0x80, 1}));
  EXPECT_EQ(to_bytes(std::uint64_t{300}), bytes({0xac, 2}));
  EXPECT_EQ(to_bytes(1.0), bytes({0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  EXPECT_EQ(to_bytes(std::string("ab")), bytes({2, 'a', 'b'}));
  EXPECT_EQ(to_bytes(std::optional<bool>(true)), bytes({1, 1}));
  EXPECT_EQ(to_bytes(Value(std::int64_t{5})), bytes({2, 10}));
  EXPECT_EQ(to_bytes(Event(WorkerLost{2, "x"})), bytes({2, 4, 1, 'x'}));
}

TEST(Bytes, AStructOfAnotherHeaderNeedsOnlyItsFieldList) {
  const Pair pair{-128, bytes({1, 255}), {true, false}, 0.5f};
  const auto read = from_bytes<Pair>(to_bytes(pair));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->small, -128);
  EXPECT_EQ(read->blob, pair.blob);
  EXPECT_EQ(read->flags, pair.flags);
  EXPECT_EQ(read->ratio, 0.5f);
}

TEST(Bytes, NonsenseIsRefused) {
  EXPECT_FALSE(from_bytes<bool>(bytes({2})));
  EXPECT_FALSE(from_bytes<std::optional<bool>>(bytes({2, 1})));
  EXPECT_FALSE(from_bytes<Value>(bytes({5})));
  EXPECT_FALSE(from_bytes<Event>(bytes({10})));
  EXPECT_FALSE(from_bytes<DecisionKind>(bytes({13})));
  EXPECT_TRUE(from_bytes<DecisionKind>(bytes({12})));
  EXPECT_FALSE(from_bytes<std::int8_t>(bytes({0x80, 2})));    // 128
  EXPECT_FALSE(from_bytes<std::uint64_t>(bytes({0x80, 0})));  // 0, in two bytes
  EXPECT_FALSE(
      from_bytes<std::uint64_t>(bytes({255, 255, 255, 255, 255, 255, 255, 255, 255, 2})));  // > 64 bits
  EXPECT_FALSE(from_bytes<std::string>(bytes({3, 'a', 'b'})));
  EXPECT_FALSE(from_bytes<std::vector<double>>(bytes({255, 255, 255, 255, 255, 255, 255, 255, 255, 1})));
  EXPECT_FALSE(from_bytes<bool>(bytes({1, 1})));  // something is left over
  EXPECT_FALSE(from_bytes<bool>({}));
}

TEST(Bytes, EveryTruncationIsRefused) {
  std::vector<std::vector<std::byte>> all{to_bytes(samples::effects())};
  for (const Event& event : samples::events()) {
    if (!std::holds_alternative<SegmentFailed>(event)) all.push_back(to_bytes(event));
  }
  for (std::size_t which = 0; which < all.size(); ++which) {
    for (std::size_t size = 0; size < all[which].size(); ++size) {
      const std::vector<std::byte> torn(all[which].begin(),
                                        all[which].begin() + static_cast<std::ptrdiff_t>(size));
      if (which == 0) {
        EXPECT_FALSE(from_bytes<Effects>(torn)) << size;
      } else {
        EXPECT_FALSE(from_bytes<Event>(torn)) << which << ' ' << size;
      }
    }
  }
}

// Whatever is read from damaged bytes is a value that writes the very bytes it was read from.
TEST(Bytes, RandomDamageIsRefusedOrReadAsAnotherValue) {
  Rng rng(11, Purpose::kSimulate, 0);
  const auto fuzz = [&rng](auto sample) {
    const auto good = to_bytes(sample);
    for (int round = 0; round < 2000; ++round) {
      auto bad = good;
      for (auto n = 1 + rng.below(4); n > 0; --n) {
        const auto at = static_cast<std::ptrdiff_t>(rng.below(bad.size()));
        switch (rng.below(3)) {
          case 0:
            bad[static_cast<std::size_t>(at)] ^= static_cast<std::byte>(1u << rng.below(8));
            break;
          case 1:
            bad.insert(bad.begin() + at, static_cast<std::byte>(rng.below(256)));
            break;
          default:
            bad.erase(bad.begin() + at);
            break;
        }
        if (bad.empty()) break;
      }
      const auto read = from_bytes<decltype(sample)>(bad);
      if (read) {
        ASSERT_EQ(to_bytes(*read), bad) << "round " << round;
      }
    }
  };
  fuzz(samples::effects());
  for (const Event& event : samples::events()) {
    if (!std::holds_alternative<SegmentFailed>(event)) fuzz(event);
  }
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> noise(rng.below(64));
    for (auto& byte : noise) byte = static_cast<std::byte>(rng.below(256));
    if (const auto read = from_bytes<Event>(noise)) {
      ASSERT_EQ(to_bytes(*read), noise);
    }
    if (const auto read = from_bytes<Effects>(noise)) {
      ASSERT_EQ(to_bytes(*read), noise);
    }
  }
}

}  // namespace
}  // namespace coppice
