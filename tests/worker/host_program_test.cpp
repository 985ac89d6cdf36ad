/// Programs that can't change: placeholders, and the last JSON object that they print.
#include "host_fixture.hpp"
#include "worker/program_command.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

SegmentOrder with_params(std::vector<std::pair<std::string, Value>> params) {
  SegmentOrder order;
  order.trial = 12;
  order.params = Parameters(std::move(params));
  return order;
}

TEST(Placeholders, AreFilledWithTheShortestExactText) {
  const std::vector<std::string> names{"lr", "n", "opt", "flag"};
  const auto order =
      with_params({{"lr", 0.1}, {"n", std::int64_t{32}}, {"opt", std::string("sgd")}, {"flag", true}});
  EXPECT_THAT(fill_placeholders({"./s", "--lr={lr}", "{n}", "{opt}-{flag}"}, names, order),
              ElementsAre("./s", "--lr=0.1", "32", "sgd-true"));
  EXPECT_THAT(
      fill_placeholders({"./s", "t{trial}", "{\"n\": {n}}", "{{lr}}", "{", "{}", "a b"}, names, order),
      ElementsAre("./s", "t12", "{\"n\": 32}", "{lr}", "{", "{}", "a b"));
}

TEST(Placeholders, OfAbsentParametersDropTheArgument) {
  const std::vector<std::string> names{"opt", "momentum"};
  const auto order = with_params({{"opt", std::string("adam")}, {"momentum", Value{}}});
  EXPECT_THAT(fill_placeholders({"./s", "--momentum={momentum}", "{opt}"}, names, order),
              ElementsAre("./s", "adam"));
  EXPECT_THROW(fill_placeholders({"{momentum}"}, names, order), std::invalid_argument);
}

TEST(Placeholders, ThatNobodyKnowsAreRefused) {
  try {
    check_placeholders({"./s", "--lr={lr}"}, {"learning_rate", "n"});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(
        error.what(),
        "trainable.command: nothing fills {lr}; did you mean 'learning_rate'? Known: learning_rate, n, "
        "trial, seed, repeat, device (write {{lr}} for the text itself)");
  }
  check_placeholders({"./s", "{{lr}}", "{seed}", "{ }", "{n}"}, {"n"});
}

Metrics parsed(std::string_view output) {
  Metrics metrics;
  if (!last_metrics(output, metrics)) metrics = {{"nothing", 0}};
  return metrics;
}

TEST(LastMetrics, TakesTheLastObjectAmongOtherText) {
  EXPECT_THAT(parsed("{\"loss\": 2}\nstep\n{\"loss\": 1, \"b\": true}\ndone {x}\n"),
              ElementsAre(Pair("loss", 1), Pair("b", 1)));
  EXPECT_THAT(parsed("{\n  \"loss\": 0.5,\n  \"note\": \"a } b\",\n  \"more\": {\"x\": 1}\n}\n"),
              ElementsAre(Pair("loss", 0.5)));
  EXPECT_THAT(parsed("no object }{"), ElementsAre(Pair("nothing", 0)));
  EXPECT_THAT(parsed(std::string(100'000, '}')), ElementsAre(Pair("nothing", 0)));
  EXPECT_THAT(parsed(std::string(50'000, '{') + std::string(50'000, '}')), ElementsAre(Pair("nothing", 0)));
}

TEST(LastMetrics, TakesPythonsNaN) {
  const Metrics metrics = parsed("{\"a\": NaN, \"b\": -Infinity, \"c\": Infinity, \"NaN\": 3}");
  ASSERT_EQ(metrics.size(), 4u);
  EXPECT_TRUE(std::isnan(metrics[0].second));
  EXPECT_EQ(metrics[1].second, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(metrics[3], (std::pair<std::string, double>{"NaN", 3}));
}

class ProgramHost : public HostTest {
 protected:
  TrialHost ready(std::vector<std::string> command) {
    HostLaunch what = launch(std::move(command));
    what.protocol = HostProtocol::kStdout;
    what.parameter_names = {"x", "y"};
    TrialHost host = TrialHost::start(spawner_, what);
    const auto hello = next<HostReady>(host);
    EXPECT_EQ(hello.form, HostForm::kOnce);
    EXPECT_FALSE(hello.can_save);
    return host;
  }
  static SegmentOrder trial(std::int64_t segment, double x) {
    SegmentOrder what = order(segment, segment, 0, 1);
    what.params = Parameters({{"x", x}});
    return what;
  }
};

TEST_F(ProgramHost, RunsOnceForEachSegment) {
  TrialHost host =
      ready({"/bin/sh", "-c", "echo trying $0; echo complaint >&2; echo \"{\\\"loss\\\": $0}\"", "{x}"});
  for (int segment = 1; segment <= 3; ++segment) {
    host.run(trial(segment, segment / 2.0), nullptr);
    const auto all = until<HostEnded>(host);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_THAT(std::get<HostReport>(all[0]).metrics, ElementsAre(Pair("loss", segment / 2.0)));
    EXPECT_TRUE(std::get<HostEnded>(all[1]).done);
    EXPECT_EQ(std::get<HostEnded>(all[1]).step, 1);
  }
  EXPECT_THAT(host.last_output(3), HasSubstr("complaint"));
  EXPECT_THAT(host.last_output(3), HasSubstr("trying 1.5"));
}

TEST_F(ProgramHost, FailuresAreNamedAndTheHostGoesOn) {
  TrialHost host = ready({"/bin/sh", "-c",
                          "case $0 in 1) echo oh no; exit 3;; 2) kill -9 $$;; 3) echo bye;; "
                          "4) echo '{\"cost\": 1}';; *) echo '{\"loss\": 1}';; esac",
                          "{x}"});
  const std::array<const char*, 4> errors{"exit status 3", "killed by signal 9 (SIGKILL)",
                                          "printed no JSON object", "no number named 'loss'"};
  for (int i = 0; i < 4; ++i) {
    host.run(trial(i + 1, i + 1), nullptr);
    EXPECT_THAT(next<HostFailed>(host).error, HasSubstr(errors[static_cast<std::size_t>(i)]));
  }
  EXPECT_THAT(printed(), HasSubstr("oh no"));
  host.run(trial(5, 5), nullptr);
  EXPECT_EQ(next<HostEnded>(host).step, 1);
}

TEST_F(ProgramHost, AProgramThatIsNotThereFailsTheSegment) {
  TrialHost host = ready({"./sovler", "{x}"});
  host.run(trial(1, 1), nullptr);
  EXPECT_EQ(next<HostFailed>(host).error, "cannot run './sovler': No such file or directory");
}

TEST_F(ProgramHost, AnUnknownPlaceholderIsRefusedBeforeAnythingStarts) {
  HostLaunch what = launch({"./solver", "{z}"});
  what.protocol = HostProtocol::kStdout;
  EXPECT_THROW(TrialHost::start(spawner_, what), std::invalid_argument);
}

TEST_F(ProgramHost, AKillReachesTheProgram) {
  TrialHost host = ready({"/bin/sh", "-c", "echo $$; sleep 1000; echo {x}"});
  host.run(trial(1, 1), nullptr);
  while (host.last_output().empty()) ::poll(nullptr, 0, 5);
  const pid_t program = std::stoi(host.last_output());
  host.kill();
  next<HostExited>(host);
  EXPECT_TRUE(dies(program));
}

TEST_F(ProgramHost, ALotOfOutputPasses) {
  TrialHost host =
      ready({"/bin/sh", "-c", "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo '{\"loss\": {x}}'"});
  host.run(trial(1, 4), nullptr);
  EXPECT_EQ(next<HostReport>(host).metrics.front().second, 4);
}

}  // namespace
}  // namespace coppice
