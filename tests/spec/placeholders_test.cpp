#include "core/placeholders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::ElementsAre;

TEST(PlaceholderText, UnknownAreNamesThatNobodyGives) {
  const std::vector<std::string> parameters = {"rate", "a b", "größe"};
  EXPECT_THAT(unknown_placeholders("{x}-{rate}-{trial}-{y.z-1}-{x}", parameters),
              ElementsAre("x", "y.z-1", "x"));
  EXPECT_THAT(unknown_placeholders("{a b}{größe}{seed}{repeat}{device}", parameters), ElementsAre());
  EXPECT_THAT(unknown_placeholders("{ x }{}{{x}}{1}{\"x\": 1}{größer}{", parameters), ElementsAre());
  EXPECT_THAT(unknown_placeholders("{{x}{{{x}}}", parameters), ElementsAre("x"));
}

TEST(PlaceholderText, WhatIsUnknownIsWhatReplacingAsksFor) {
  const std::vector<std::string> parameters = {"rate"};
  for (const char* argument : {"{rate}", "{{rate}}", "{{rate}", "{x}{rate}{y}", "{{{rate}}}", "{rate"}) {
    std::vector<std::string> asked;
    replace_placeholders(argument, parameters, [&](std::string_view name) -> std::optional<std::string> {
      if (name != "rate") asked.emplace_back(name);
      return "";
    });
    EXPECT_EQ(unknown_placeholders(argument, parameters), asked) << argument;
  }
}

TEST(PlaceholderText, AnAbsentTextDropsTheArgument) {
  const auto none = [](std::string_view) -> std::optional<std::string> { return std::nullopt; };
  EXPECT_EQ(replace_placeholders("--rate={rate}", {"rate"}, none), std::nullopt);
  EXPECT_EQ(replace_placeholders("--rate={{rate}}", {"rate"}, none), "--rate={rate}");
}

TEST(PlaceholderText, TheMessageNamesTheNearestAndTheWayOut) {
  EXPECT_EQ(
      placeholder_problem("--lr={lr}", {"learning_rate"}),
      "nothing fills {lr}; did you mean 'learning_rate'? Known: learning_rate, trial, seed, repeat, device "
      "(write {{lr}} for the text itself)");
  EXPECT_EQ(placeholder_problem("{learning_rate}", {"learning_rate"}), "");
}

}  // namespace
}  // namespace coppice
