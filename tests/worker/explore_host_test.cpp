// The process in which a user's explorer runs, as rank 0 sees it.
#include "worker/explore_host.hpp"

#include <sstream>

#include "host_fixture.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// What it does is in the base.
constexpr const char* kExplorer = R"(
import coppice, os, signal, time

def explore(base, info):
    print("asked for", info.trial)
    what = base["what"]
    if what == "answer":
        assert info.random.random() == __import__("random").Random(info.seed).random()
        return {"x": info.standings[0].value + base["x"], "trial": info.standings[0].trial, "y": None}
    if what == "raise":
        raise ValueError("told to fail")
    if what == "sleep":
        time.sleep(1000)
    if what == "list":
        return [1]
    if what == "once" and not os.path.exists("died"):
        open("died", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "exit":
        os._exit(3)
    return {"x": float("nan")}

coppice.serve_explorer(explore)
)";

constexpr double kNow_s = 100;

class ExploreHostTest : public HostTest {
 protected:
  ExploreHost start(const std::string& program, std::optional<double> answer_s = {}) {
    return {spawner_, {{PYTHON, write("explore.py", program).string()}, folder_, log(), 60, answer_s}};
  }
  std::filesystem::path log() const { return folder_ / "explorer.log"; }

  static ExploreRequest request(const std::string& what) {
    ExploreRequest request;
    request.trial = 4;
    request.seed = 11;
    request.base = Parameters({{"what", what}, {"x", 0.5}});
    request.standings = {{3, Parameters({{"x", 0.25}}), 2.0}};
    return request;
  }
  static std::vector<ExploreAnswer> answers(ExploreHost& host, double now_s = kNow_s) {
    for (;;) {
      auto answers = host.poll(now_s);
      if (!answers.empty()) return answers;
      pollfd waiting{host.fd(), POLLIN, 0};
      if (::poll(&waiting, 1, kHang_ms) <= 0) {
        ADD_FAILURE() << "the explorer hangs: " << host.last_output();
        return {ExploreAnswer()};
      }
    }
  }
  static ExploreAnswer ask(ExploreHost& host, const std::string& what) {
    host.ask(1, request(what), kNow_s);
    return answers(host).front();
  }
  static void await(ExploreHost& host) {
    for (;;) {
      host.poll(kNow_s);
      if (host.ready() || !host.trouble().empty()) return;
      pollfd waiting{host.fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&waiting, 1, kHang_ms), 1);
    }
  }
};

TEST_F(ExploreHostTest, AnswersOneQuestionAfterTheOther) {
  ExploreHost host = start(kExplorer);
  host.ask(7, request("answer"), kNow_s);
  host.ask(8, request("raise"), kNow_s);
  host.ask(9, request("list"), kNow_s);
  host.ask(10, request("nan"), kNow_s);
  std::vector<ExploreAnswer> all;
  while (all.size() < 4) {
    for (ExploreAnswer& answer : answers(host)) all.push_back(std::move(answer));
  }
  EXPECT_EQ(all[0].number, 7);
  ASSERT_TRUE(all[0].parameters);
  EXPECT_EQ(all[0].parameters->number("x", 0), 2.5);
  EXPECT_EQ(*all[0].parameters->find("trial"), Value(std::int64_t{3}));
  EXPECT_FALSE(all[0].parameters->contains("y")) << "None is as good as nothing";
  EXPECT_EQ(all[1].number, 8);
  EXPECT_FALSE(all[1].parameters);
  EXPECT_THAT(all[1].error, StartsWith("ValueError: told to fail (explore.py:11, in explore)"));
  EXPECT_THAT(all[2].error, HasSubstr("returns a dict"));
  EXPECT_EQ(all[3].parameters->text("x", ""), "nan");
  EXPECT_THAT(host.last_output(), HasSubstr("asked for 4"));
  EXPECT_EQ(host.trouble(), "");
}

TEST_F(ExploreHostTest, AfterADeathItIsAskedOnceMore) {
  ExploreHost host = start(kExplorer);
  const ExploreAnswer answer = ask(host, "once");
  EXPECT_TRUE(answer.parameters) << answer.error;
  EXPECT_THAT(host.trouble(), HasSubstr("SIGKILL"));
  EXPECT_TRUE(host.ready());
}

TEST_F(ExploreHostTest, OneThatAlwaysDiesIsGivenUp) {
  ExploreHost host = start(kExplorer);
  EXPECT_EQ(ask(host, "exit").error, "exit status 3");
  EXPECT_FALSE(host.given_up());
  EXPECT_THAT(ask(host, "exit").error, HasSubstr("ended 3 times"));
  EXPECT_TRUE(host.given_up());
  EXPECT_THAT(ask(host, "answer").error, HasSubstr("not started any more"));
}

TEST_F(ExploreHostTest, AnAnswerInBetweenForgetsTheDeaths) {
  ExploreHost host = start(kExplorer);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(host, "exit").error, "exit status 3");
    EXPECT_TRUE(ask(host, "answer").parameters);
  }
}

TEST_F(ExploreHostTest, PastItsTimeItIsKilledAndTheNextQuestionStartsItAnew) {
  ExploreHost host = start(kExplorer, 10);
  await(host);
  host.ask(1, request("sleep"), kNow_s);
  EXPECT_TRUE(host.poll(kNow_s + 9).empty());
  const auto late = host.poll(kNow_s + 11);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].error, "had no answer within 10 s");
  EXPECT_TRUE(ask(host, "answer").parameters);
}

TEST_F(ExploreHostTest, SaysWhyItDoesNotStart) {
  ExploreHost broken = start("import nowhere_to_be_found\n");
  await(broken);
  EXPECT_EQ(broken.trouble(), "exit status 1");
  EXPECT_THAT(broken.last_output(), HasSubstr("ModuleNotFoundError"));
  ExploreHost trial = start("import coppice\ncoppice.serve(lambda params: 1.0)\n");
  await(trial);
  EXPECT_THAT(trial.trouble(), HasSubstr("end it with coppice.serve_explorer(...)"));
  ExploreHost absent(spawner_, {{"/nowhere/explore"}, folder_, log(), 60, {}});
  await(absent);
  EXPECT_THAT(absent.trouble(), HasSubstr("cannot run '/nowhere/explore'"));
}

TEST_F(ExploreHostTest, AnEndThatNobodyLookedAtForLongIsSeen) {
  ExploreHost host = start("import nowhere_to_be_found\n");
  const auto ended = [&] {
    std::ifstream file(log());
    std::stringstream text;
    text << file.rdbuf();
    return text.str().find("ModuleNotFoundError") != std::string::npos;
  };
  for (int waited_ms = 0; !ended() && waited_ms < kHang_ms; waited_ms += 10) ::poll(nullptr, 0, 10);
  ::poll(nullptr, 0, 300);  // until its exit is there, too: all of it comes in one call
  host.poll(kNow_s);
  await(host);
  EXPECT_EQ(host.trouble(), "exit status 1");
}

TEST_F(ExploreHostTest, AtItsEndItExitsInItsOwnTime) {
  ExploreHost host = start(std::string(kExplorer) + "time.sleep(0.2)\nopen('farewell', 'w').close()\n");
  await(host);
  host.ask(1, request("answer"), kNow_s);
  host.ask(2, request("answer"), kNow_s);
  host.shutdown();
  EXPECT_FALSE(host.ended());
  while (!host.ended()) {
    EXPECT_TRUE(host.poll(kNow_s + 1000).empty());
    pollfd waiting{host.fd(), POLLIN, 0};
    ASSERT_TRUE(host.ended() || ::poll(&waiting, 1, kHang_ms) == 1);
  }
  EXPECT_EQ(host.trouble(), "exit status 0");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "farewell"));
  EXPECT_TRUE(host.poll(kNow_s).empty());
  EXPECT_TRUE(host.ended()) << "it is not started anew";
}

TEST_F(ExploreHostTest, OneThatIsNotReadyEndsAtOnce) {
  ExploreHost host = start("import time\ntime.sleep(1000)\n");
  host.shutdown();
  while (!host.ended()) {
    host.poll(kNow_s);
    pollfd waiting{host.fd(), POLLIN, 0};
    ASSERT_TRUE(host.ended() || ::poll(&waiting, 1, kHang_ms) == 1);
  }
}

TEST_F(ExploreHostTest, ItsProcessGoesWithIt) {
  const int before = open_descriptors();
  pid_t pid = 0;
  {
    ExploreHost host =
        start("import os\nopen('pid', 'w').write(str(os.getpid()))\n" + std::string(kExplorer));
    await(host);
    EXPECT_TRUE(host.ready());
    std::ifstream(folder_ / "pid") >> pid;
    ASSERT_GT(pid, 0);
    EXPECT_FALSE(is_dead(pid));
  }
  EXPECT_TRUE(dies(pid));
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace coppice
