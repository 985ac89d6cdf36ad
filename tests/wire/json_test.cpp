#include "wire/json.hpp"

#include <gtest/gtest.h>

#include "samples.hpp"

namespace coppice {
namespace {

TEST(Json, AnEventReadsLikeASentence) {
  EXPECT_EQ(to_json_line(Event(WorkerLost{3, "no beat"})),
            R"({"type":"worker_lost","worker":3,"reason":"no beat"})");
  EXPECT_EQ(
      to_json_line(Event(Reported{1, 2, 3, 4, {{"loss", 0.5}, {"accuracy", samples::kNan}}})),
      R"({"type":"reported","segment":1,"trial":2,"worker":3,"step":4,"metrics":{"loss":0.5,"accuracy":"nan"},)"
      R"("step_s":0.0})");
  EXPECT_EQ(
      to_json_line(Event(Begun{2, std::nullopt, -samples::kInfinity})),
      R"({"type":"begun","incarnation":2,"max_trials":null,"target":"-inf","endless":false,"retries":null,)"
      R"("keep":null,"time_left_s":null,"patience":{"trials":null,"steps":null,"min_delta":0.0}})");
}

TEST(Json, CommandsAndDecisionsUseTheirWords) {
  Effects effects;
  effects.commands = {Finish{Outcome::kStopped, "time limit"}, Drop{{1, 2, 3}, {0, kDisk}}};
  effects.decisions = {{DecisionKind::kExploit, 4, 2, 10, "0.1 < 0.3"}};
  EXPECT_EQ(
      to_json_line(effects),
      R"({"accepted":true,"commands":[{"type":"finish","outcome":"stopped","reason":"time limit"},)"
      R"({"type":"drop","checkpoint":{"trial":1,"step":2,"segment":3},"places":[0,-1]}],)"
      R"("decisions":[{"kind":"exploit","trial":4,"other_trial":2,"step":10,"reason":"0.1 < 0.3","member":-1}]})");
}

TEST(Json, ValuesKeepTheirTypes) {
  EXPECT_EQ(to_json_line(Values{std::monostate(), true, std::int64_t{1}, 1.0, std::string("a")}),
            R"([null,true,1,1.0,"a"])");
}

TEST(Json, EverySampleIsOneLineOfJson) {
  for (const Event& event : samples::events()) {
    const std::string line = to_json_line(event);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
  EXPECT_TRUE(nlohmann::json::accept(to_json_line(samples::effects())));
  EXPECT_TRUE(nlohmann::json::accept(to_json_line(WorkerLost{0, "\xff not UTF-8"})));
}

}  // namespace
}  // namespace coppice
