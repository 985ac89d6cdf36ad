/// The worker's side against a host that speaks nonsense: raw bytes on the socket, never an exception or a
/// hang.
#include <cmath>
#include <nlohmann/json.hpp>

#include "host_fixture.hpp"
#include "worker/host_protocol.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

/// Python that speaks the protocol by hand: PROTOCOL.md is all that it knows.
constexpr const char* kRaw = R"(
import array, json, os, socket, struct, sys
s = socket.socket(fileno=3)
def send(message, fd=None):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    control = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
    s.sendmsg([struct.pack("<I", len(body)) + body], control)
def receive():
    def take(n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more: sys.exit(0)
            data += more
        return data
    return json.loads(take(struct.unpack("<I", take(4))[0]))
def hello(): send({"type": "hello", "protocol": 1, "form": "trainable", "can_save": True})
)";

class RawHost : public HostTest {
 protected:
  TrialHost raw(const std::string& script) { return start_python(std::string(kRaw) + script); }
  /// A host that says hello, then `script` in answer to segment 1.
  TrialHost answering(const std::string& script) {
    TrialHost host = raw("hello()\nrun = receive()\n" + script);
    next<HostReady>(host);
    host.run(order(1, 5, 0, 2), nullptr);
    return host;
  }
};

TEST_F(RawHost, TheOrderIsAsDocumented) {
  TrialHost host = answering("print(json.dumps(run))\nreceive()\n");
  SegmentOrder what = order(0, 0, 0, 0);
  while (host.last_output().empty()) ::poll(nullptr, 0, 5);
  const auto seen = nlohmann::json::parse(host.last_output());
  EXPECT_EQ(seen, nlohmann::json::parse(R"({"type": "run", "segment": 1, "trial": 5, "params": {"start": 0},
      "metric": "loss", "seed": 18446744073709551615, "repeat": 0, "device": "", "fresh": true, "from_step": 0,
      "until": 2, "report_after": 0, "save_every_s": 0.0, "save_at_end": true})"));
}

TEST_F(RawHost, NonFiniteMetricsPass) {
  TrialHost host = answering(
      "send({'type': 'report', 'segment': 1, 'step': 1, 'metrics': {'a': 'nan', 'b': '-inf', 'c': True, 'd': "
      "3}})\n"
      "receive()");
  const auto report = next<HostReport>(host);
  ASSERT_EQ(report.metrics.size(), 4u);
  EXPECT_TRUE(std::isnan(report.metrics[0].second));
  EXPECT_EQ(report.metrics[1].second, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(report.metrics[2].second, 1);
}

TEST_F(RawHost, AMetricThatIsNoNumberFailsTheSegmentAndTheHostGoesOn) {
  TrialHost host = answering(
      "send({'type': 'report', 'segment': 1, 'step': 1, 'metrics': {'loss': 'low'}})\n"
      "assert receive() == {'type': 'stop', 'segment': 1}\n"
      "send({'type': 'report', 'segment': 1, 'step': 2, 'metrics': {'loss': 1}})\n"
      "send({'type': 'ended', 'segment': 1, 'step': 2, 'done': False})\n"
      "run = receive()\n"
      "send({'type': 'ended', 'segment': run['segment'], 'step': 1, 'done': True})\nreceive()\n");
  EXPECT_EQ(next<HostFailed>(host).error, "metric 'loss' at step 1 is not a number: \"low\"");
  host.run(order(2, 6, 0, 1), nullptr);
  const auto all = until<HostEnded>(host);
  ASSERT_EQ(all.size(), 1u) << "what it said of the failed segment is no news";
  EXPECT_EQ(std::get<HostEnded>(all[0]).segment, 2);
}

TEST_F(RawHost, WhatIsLeftOutOfAnEndIsZero) {
  TrialHost host =
      answering("send({'type': 'ended', 'segment': 1, 'step': 2, 'seconds': {'train': 'x', 'save': -1}})\n");
  const auto ended = next<HostEnded>(host);
  EXPECT_FALSE(ended.done);
  EXPECT_EQ(ended.train_s + ended.save_s + ended.load_s + ended.setup_s, 0);
}

struct Nonsense {
  const char* name;
  const char* script;
  const char* verdict;
};

class NonsenseHost : public RawHost, public testing::WithParamInterface<Nonsense> {};

TEST_P(NonsenseHost, EndsInAVerdict) {
  TrialHost host = answering(std::string(GetParam().script) + "\nreceive()\nreceive()");
  const auto exited = next<HostExited>(host);
  EXPECT_THAT(exited.description, HasSubstr(GetParam().verdict));
  EXPECT_FALSE(exited.expected);
}

INSTANTIATE_TEST_SUITE_P(
    All, NonsenseHost,
    testing::Values(
        Nonsense{"NoJson", "send(b'not json')", "sent a message that is no JSON object: not json; killed"},
        Nonsense{"NoObject", "send(b'[1]')", "no JSON object"},
        Nonsense{"BareNaN", "send(b'{\"type\": \"report\", \"metrics\": {\"a\": NaN}}')", "no JSON object"},
        Nonsense{"BadUtf8", "send(b'\\xff\\xfe{}')", "no JSON object"},
        Nonsense{"TooLong", "s.send(b'\\xff\\xff\\xff\\x7f')",
                 "sent a message of 2147483647 bytes, more than the limit"},
        Nonsense{"UnknownType", "send({'type': 'dance', 'segment': 1, 'step': 1})", "unknown type 'dance'"},
        Nonsense{"NoType", "send({'segment': 1, 'step': 1})", "unknown type ''"},
        Nonsense{"NoSegment", "send({'type': 'report', 'step': 1})", "without the number of its segment"},
        Nonsense{"NoStep", "send({'type': 'report', 'segment': 1, 'step': 1.5, 'metrics': {}})",
                 "without its step"},
        Nonsense{"NoMetrics", "send({'type': 'report', 'segment': 1, 'step': 1})",
                 "a report without metrics"},
        Nonsense{"SavedNothing", "send({'type': 'saved', 'segment': 1, 'step': 1, 'bytes': 3})",
                 "without its descriptor"},
        Nonsense{"SavedAPipe", "send({'type': 'saved', 'segment': 1, 'step': 1, 'bytes': 3}, os.pipe()[0])",
                 "can't be taken over"},
        Nonsense{"SavedLess",
                 "send({'type': 'saved', 'segment': 1, 'step': 1, 'bytes': 3}, os.memfd_create('x'))",
                 "a checkpoint of 0 bytes and said 3"},
        Nonsense{"SecondHello", "hello()", "a hello that can't be understood"},
        Nonsense{"Quits", "sys.exit(5)", "exit status 5"},
        Nonsense{"HalfAMessage", "s.send(b'\\x10\\x00\\x00\\x00{'); sys.exit(6)", "exit status 6"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(RawHost, AnotherVersionIsRefused) {
  TrialHost host = raw("send({'type': 'hello', 'protocol': 2, 'form': 'trainable'})\nreceive()");
  EXPECT_THAT(next<HostExited>(host).description, HasSubstr("speaks protocol 2, but this coppice speaks 1"));
}

TEST_F(RawHost, AnExplorerIsToldFromATrialProgram) {
  TrialHost host = start_python("import coppice\ncoppice.serve_explorer(lambda base: {})\n");
  EXPECT_THAT(next<HostExited>(host).description,
              HasSubstr("is an explorer, no trial program: end it with coppice.serve(...)"));
}

TEST_F(RawHost, AHostThatClosesItsConnectionAndStaysIsKilled) {
  TrialHost host = answering("s.close()\nimport time\ntime.sleep(1000)");
  EXPECT_EQ(next<HostExited>(host).description, "closed its connection without exiting; killed");
}

TEST_F(RawHost, AnOrderToAHostThatIsGoneIsNoMistake) {
  TrialHost host = raw("print(os.getpid(), flush=True)\nhello()\nsys.exit(4)");
  while (host.last_output().empty()) ::poll(nullptr, 0, 5);
  ASSERT_TRUE(dies(std::stoi(host.last_output())));
  // Nearly always both messages in one batch: the worker answers the first before it sees the second.
  std::string description;
  while (description.empty()) {
    for (const HostMessage& message : host.poll()) {
      if (std::holds_alternative<HostReady>(message)) host.run(order(1, 1, 0, 2), nullptr);
      if (const auto* exited = std::get_if<HostExited>(&message)) description = exited->description;
    }
    pollfd wait{host.fd(), POLLIN, 0};
    ASSERT_TRUE(!description.empty() || ::poll(&wait, 1, kHang_ms) > 0);
  }
  EXPECT_EQ(description, "exit status 4");
  EXPECT_FALSE(host.busy());
}

TEST_F(RawHost, AHostThatDoesNotReadNeverBlocksTheWorker) {
  TrialHost host = raw("hello()\nimport time\ntime.sleep(1000)");
  next<HostReady>(host);
  SegmentOrder large = order(1, 1, 0, 2);
  large.params = Parameters({{"text", std::string(900'000, 'x')}});
  host.run(large, nullptr);
  for (int i = 0; i < 1000; ++i) host.stop_segment();
  EXPECT_THAT(host.poll(), testing::IsEmpty());
  host.kill();
  next<HostExited>(host);
}

}  // namespace
}  // namespace coppice
