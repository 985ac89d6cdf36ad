#include "core/nearest.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

const std::vector<std::string> kWords = {"learning_rate", "minimize", "low",    "high", "asha",
                                         "batch_size",    "dropout",  "hidden", "x1",   "model.lr"};

TEST(Nearest, ASlipOfTheKeyboard) {
  EXPECT_EQ(nearest_word("lerning_rate", kWords), "learning_rate");
  EXPECT_EQ(nearest_word("Learning-Rate", kWords), "learning_rate");
  EXPECT_EQ(nearest_word("hihg", kWords), "high");
  EXPECT_EQ(nearest_word("ahsa", kWords), "asha");
  EXPECT_EQ(nearest_word("x2", kWords), "x1");
}

TEST(Nearest, InitialsBeginningsAndParts) {
  EXPECT_EQ(nearest_word("lr", kWords), "learning_rate");
  EXPECT_EQ(nearest_word("BS", kWords), "batch_size");
  EXPECT_EQ(nearest_word("min", kWords), "minimize");
  EXPECT_EQ(nearest_word("minimis", kWords), "minimize");
  EXPECT_EQ(nearest_word("rate", kWords), "learning_rate");
  EXPECT_EQ(nearest_word("hidden_units", kWords), "hidden");
  EXPECT_EQ(nearest_word("model", kWords), "model.lr");
}

TEST(Nearest, TheBestOfSeveral) {
  EXPECT_EQ(nearest_word("x4", {"x1", "x4"}), "x4");
  EXPECT_EQ(nearest_word("lr", {"lo", "learning_rate"}), "learning_rate");
  EXPECT_EQ(nearest_word("X1", {"y1", "x1"}), "x1");
  EXPECT_EQ(nearest_word("rate", {"decay_rate_of_all", "decay_rate"}), "decay_rate");
}

TEST(Nearest, NothingIsNear) {
  EXPECT_EQ(nearest_word("aaaaaaaaaa", kWords), std::nullopt);
  EXPECT_EQ(nearest_word("", kWords), std::nullopt);
  EXPECT_EQ(nearest_word("out", kWords), std::nullopt);  // within dropout, but no part of it
  EXPECT_EQ(nearest_word("n", {"x"}), std::nullopt);
  EXPECT_EQ(nearest_word("a", {}), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(1'000'000, 'x'), kWords), std::nullopt);
}

TEST(Nearest, TheEndOfAMessage) {
  EXPECT_EQ(suggest("lr", {"learning_rate", "n"}), "; did you mean 'learning_rate'? Known: learning_rate, n");
  EXPECT_EQ(suggest("zzz", {"a", "b"}), "; known: a, b");
  EXPECT_EQ(suggest("zzz", {}), "; known: none");
}

}  // namespace
}  // namespace coppice
