// What an explorer of the user's is asked, and what becomes of its answer.
#include "samplers/explore_hook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/parameters.hpp"
#include "samplers/explore.hpp"

namespace coppice {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;
using spaces::stepped;
using spaces::when;
using testing::HasSubstr;
using testing::StartsWith;

/// rate, width (int, fixed), grid (by 0.1), method (a, b, c), momentum (where the method is b).
SearchSpace space() {
  Parameter width = integer("width", 1, 8);
  width.fixed = true;
  Parameter layers = integer("layers", 1, 9);
  layers.step = 2;
  return SearchSpace({number("rate", 0.001, 1), width, layers, stepped("grid", 0, 1, 0.25),
                      choice("method", {"a", "b", "c"}), when(number("momentum", 0, 1), "method", {"b"})});
}

const Values kBase = {0.5, std::int64_t{4}, std::int64_t{3}, 0.5, std::string("b"), 0.9};
const Values kOrigin = {0.1, std::int64_t{2}, std::int64_t{1}, 0.0, std::string("b"), 0.1};

ExploreHook make_hook(bool minimize = true) {
  return ExploreHook(space(), 7, minimize,
                     std::make_unique<Perturb>(space(), 7, 0.0, std::vector<double>{1.2}));
}

Trial told(TrialId id, Values params, std::vector<CurvePoint> curve) {
  Trial trial;
  trial.id = id;
  trial.state = TrialState::kRunning;
  trial.params = std::move(params);
  trial.curve = std::move(curve);
  return trial;
}

const SampleRequest kRequest = {9, &kBase, &kOrigin, Origin{3, 10}};

Parameters named(std::vector<std::pair<std::string, Value>> items) {
  return Parameters(std::move(items));
}

TEST(ExploreHook, AQuestionSaysWhereTheCloneBegins) {
  ExploreHook hook = make_hook();
  const ExploreRequest asked = hook.question(kRequest).request;
  EXPECT_EQ(asked.trial, 9);
  EXPECT_EQ(asked.origin, 3);
  EXPECT_EQ(asked.step, 10);
  EXPECT_EQ(asked.base.items(), space().named(kBase).items());
  EXPECT_EQ(asked.origin_parameters.items(), space().named(kOrigin).items());
  EXPECT_EQ(asked.perturbed.number("width", 0), 2) << "fixed";
  EXPECT_LT(asked.seed, std::uint64_t{1} << 31);
  EXPECT_EQ(hook.question(kRequest).request.seed, asked.seed);
  EXPECT_NE(hook.question({10, &kBase, &kOrigin, Origin{3, 10}}).request.seed, asked.seed);
}

TEST(ExploreHook, StandingsAreOfThatStepAloneTheBestFirst) {
  for (const bool minimize : {true, false}) {
    ExploreHook hook = make_hook(minimize);
    hook.tell(told(5, kBase, {{5, 0.0}, {10, -2.0}}));
    hook.tell(told(3, kOrigin, {{10, -2.0}}));
    hook.tell(told(4, kOrigin, {{9, -9.0}}));
    hook.tell(told(4, kOrigin, {{9, -9.0}, {10, -7.0}, {11, -8.0}}));
    hook.tell(told(6, kOrigin, {{10, kWorst}}));
    hook.tell(told(4, kOrigin, {{9, -9.0}, {10, -7.0}, {11, -8.0}}));
    const auto standings = hook.question(kRequest).request.standings;
    ASSERT_EQ(standings.size(), 3u);
    EXPECT_EQ(standings[0].trial, 4);
    EXPECT_EQ(standings[0].value, minimize ? -7 : 7);
    EXPECT_EQ(standings[1].trial, 3);
    EXPECT_EQ(standings[2].trial, 5);
    EXPECT_EQ(standings[2].parameters.number("rate", 0), 0.5);
  }
}

TEST(ExploreHook, OfManyItTakesTheBest) {
  ExploreHook hook = make_hook();
  for (TrialId id = 0; id < 150; ++id)
    hook.tell(told(id, kBase, {{10, 1.0 / (1 + static_cast<double>(id))}}));
  const auto standings = hook.question(kRequest).request.standings;
  ASSERT_EQ(standings.size(), ExploreHook::kStandings);
  EXPECT_EQ(standings.front().trial, 149);
}

/// The proposal, or the complaint in place of its note.
Proposal taken(std::vector<std::pair<std::string, Value>> answer) {
  const ExploreHook hook = make_hook();
  Proposal proposal;
  const std::string problem = hook.take(hook.question(kRequest), named(std::move(answer)), proposal);
  if (!problem.empty()) return {{}, problem};
  EXPECT_TRUE(space().admits(proposal.params)) << proposal.note;
  return proposal;
}

TEST(ExploreHook, WhatAnAnswerLeavesOutStays) {
  const Proposal some = taken({{"rate", 0.25}, {"momentum", Value{}}});
  EXPECT_EQ(some.params, (Values{0.25, std::int64_t{2}, std::int64_t{3}, 0.5, std::string("b"), 0.9}));
  EXPECT_EQ(some.note, "hook: moved rate") << "width merely is as the state was trained with";
  EXPECT_EQ(taken({}).params[0], kBase[0]);
}

TEST(ExploreHook, NumbersAreTakenAsTheParameterHoldsThem) {
  EXPECT_EQ(taken({{"layers", 5.0}}).params[2], Value(std::int64_t{5}));
  EXPECT_EQ(taken({{"layers", std::int64_t{4}}}).params[2].index(), 2u) << "the grid's nearest";
  EXPECT_EQ(taken({{"rate", std::int64_t{1}}}).params[0], Value(1.0));
  EXPECT_EQ(taken({{"grid", 0.3}}).params[3], Value(0.25));
}

TEST(ExploreHook, FixedOnesStayAndThoseThatAreOffAreLeftOut) {
  EXPECT_EQ(taken({{"width", std::int64_t{7}}}).params[1], Value(std::int64_t{2}));
  const Proposal off = taken({{"method", std::string("c")}, {"momentum", 0.5}});
  EXPECT_TRUE(is_absent(off.params[5]));
}

TEST(ExploreHook, WhatIsSwitchedOnIsDrawnWhereTheAnswerDoesNotSay) {
  const ExploreHook hook = make_hook();
  const Values off = {0.5, std::int64_t{4}, std::int64_t{3}, 0.5, std::string("a"), Value{}};
  const auto question = hook.question({9, &off, nullptr, Origin{3, 10}});
  Proposal proposal;
  ASSERT_EQ(hook.take(question, named({{"method", std::string("b")}}), proposal), "");
  EXPECT_TRUE(space().admits(proposal.params));
  const Value drawn = proposal.params[5];
  ASSERT_EQ(hook.take(question, named({{"method", std::string("b")}}), proposal), "");
  EXPECT_EQ(proposal.params[5], drawn);
  ASSERT_EQ(hook.take(question, named({{"method", std::string("b")}, {"momentum", 0.5}}), proposal), "");
  EXPECT_EQ(proposal.params[5], Value(0.5));
}

TEST(ExploreHook, AnAnswerOutsideOfTheSpaceIsNoneAndSaysWhy) {
  EXPECT_THAT(taken({{"rat", 0.5}}).note, HasSubstr("no parameter 'rat'; did you mean 'rate'"));
  EXPECT_EQ(taken({{"rate", 1.5}}).note, "rate is 1.5, not a number in [0.001, 1]");
  EXPECT_EQ(taken({{"rate", std::string("nan")}}).note, "rate is nan, not a number in [0.001, 1]");
  EXPECT_EQ(taken({{"rate", true}}).note, "rate is true, not a number in [0.001, 1]");
  EXPECT_EQ(taken({{"layers", 2.5}}).note, "layers is 2.5, not a whole number in [1, 9]");
  EXPECT_EQ(taken({{"layers", 1e300}}).note.substr(0, 9), "layers is");
  EXPECT_EQ(taken({{"method", std::string("d")}}).note, "method is d, not one of a, b, c");
}

TEST(ExploreHook, PerturbAnswersInsteadWithTheReason) {
  const ExploreHook hook = make_hook();
  const auto question = hook.question(kRequest);
  const Proposal proposal = ExploreHook::instead(question, "ValueError: no");
  EXPECT_EQ(proposal.params, question.instead.params);
  EXPECT_THAT(proposal.note, StartsWith("hook: ValueError: no; perturb instead: moved"));
}

}  // namespace
}  // namespace coppice
