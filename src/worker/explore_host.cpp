#include "worker/explore_host.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>

#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include "core/check.hpp"
#include "worker/explore_protocol.hpp"
#include "worker/frame_socket.hpp"
#include "worker/host_log.hpp"
#include "worker/host_protocol.hpp"
#include "worker/trial_host.hpp"

namespace coppice {
namespace {

constexpr std::size_t kMaxError_bytes = 2000;
constexpr double kFarewell_s = 2;  // between the end of its connection and its exit
constexpr int kLastLines = 20;

}  // namespace

struct ExploreHost::Process {
  ChildChannel channel;
  FrameSocket socket;
  HostLog log;
  double since_s = 0;  ///< it was started, or closed its connection
  bool ready = false;
  bool deaf = false;    ///< its connection is over
  std::string verdict;  ///< why we killed it
};

ExploreHost::ExploreHost(Spawner& spawner, ExploreLaunch launch, double now_s)
    : spawner_(spawner), launch_(std::move(launch)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "cannot watch an explorer");
  start(now_s);
}

ExploreHost::~ExploreHost() = default;

bool ExploreHost::ready() const {
  return process_ && process_->ready && !process_->deaf;
}

std::string ExploreHost::last_output() const {
  return process_ ? process_->log.last_lines(kLastLines) : last_output_;
}

void ExploreHost::start(double now_s) {
  process_ = std::make_unique<Process>();
  process_->since_s = now_s;
  process_->log = HostLog(launch_.log);
  if (!process_->log.error().empty()) return on_end(process_->log.error());
  process_->log.begin_host(fmt::format("{:%Y-%m-%d %H:%M:%S} explorer started: {}",
                                       fmt::localtime(std::time(nullptr)), fmt::join(launch_.command, " ")));
  auto [ours, theirs] = FrameSocket::pair();
  process_->socket = FrameSocket(std::move(ours));
  SpawnRequest request;
  request.command = launch_.command;
  request.cwd = launch_.cwd;
  request.prepend["PYTHONPATH"] = python_client_directory().string();
  request.socket_fd = theirs.get();
  request.output_fd = process_->log.fd();
  process_->channel = spawner_.start(request);
  for (const int fd : {process_->channel.fd(), process_->socket.fd()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
}

void ExploreHost::ask(std::int64_t number, const ExploreRequest& request, double now_s) {
  waiting_.push_back({number, encode_question(number, request)});
  send_next(now_s);
}

std::vector<ExploreAnswer> ExploreHost::poll(double now_s) {
  if (process_) listen(now_s);
  if (process_) check_time(now_s);
  send_next(now_s);
  return std::exchange(answers_, {});
}

void ExploreHost::send_next(double now_s) {
  if (waiting_.empty() || under_way_) return;
  if (!process_ && failures_ < kMaxFailures) start(now_s);
  if (given_up()) {
    for (const Question& question : waiting_) {
      fail(question.number, fmt::format("it ended {} times and is not started any more", kMaxFailures));
    }
    waiting_.clear();
    return;
  }
  if (!ready()) return;  // also where it couldn't be started: another time
  under_way_ = std::move(waiting_.front());
  waiting_.pop_front();
  under_way_->sent_s = now_s;
  process_->socket.send(under_way_->text);
}

void ExploreHost::listen(double now_s) {
  // The exit is looked for before the messages and told after them: nothing that it said is lost.
  std::optional<ChildEvent> event = process_->channel.poll();
  if (event && event->kind == ChildEvent::Kind::kStarted) event = process_->channel.poll();
  if (!process_->deaf) {
    process_->socket.flush();
    do {
      process_->socket.receive();
      while (!process_->deaf) {
        const auto text = process_->socket.next();
        if (!text) break;
        on_message(*text);
      }
      // After its end all that it had sent; a connection that is over would be readable for ever.
    } while (event && !process_->deaf && process_->socket.state() == FrameSocket::State::kOpen &&
             process_->socket.wait_readable(0));
    if (!process_->deaf && process_->socket.state() != FrameSocket::State::kOpen) {
      if (process_->socket.state() == FrameSocket::State::kBroken)
        condemn("sent " + process_->socket.error());
      process_->deaf = true;
      process_->socket = FrameSocket();
      process_->since_s = now_s;
    }
  }
  if (event) on_end(event->text);
}

void ExploreHost::on_message(const std::string& text) {
  const auto message = decode(text);
  if (!message) return condemn("sent a message that is no JSON object: " + clean_text(text, 100));
  const auto member = [&](const char* key) {
    const auto found = message->find(key);
    return found != message->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string type = member("type");
  if (type == "hello") {
    const auto version = whole_number(*message, "protocol");
    if (version != kHostProtocolVersion) {
      return condemn(
          fmt::format("speaks protocol {}, but this coppice speaks {}; use the client that came with it",
                      version.value_or(0), kHostProtocolVersion));
    }
    if (member("form") != "explorer") {
      return condemn("is a trial program, no explorer: end it with coppice.serve_explorer(...)");
    }
    process_->ready = true;
    return;
  }
  if (type != "answer" && type != "failed") {
    return condemn(fmt::format("sent a message of unknown type '{}'", clean_text(type, 40)));
  }
  if (!under_way_ || whole_number(*message, "question") != under_way_->number) return;
  const std::int64_t number = under_way_->number;
  under_way_.reset();
  failures_ = 0;
  if (type == "failed") {
    const std::string error = member("error");
    return fail(number, error.empty() ? "no reason given" : clean_text(error, kMaxError_bytes));
  }
  const auto params = message->find("params");
  if (params == message->end() || !params->is_object()) return fail(number, "its answer has no parameters");
  std::string problem;
  Parameters parameters = decode_parameters(*params, problem);
  if (!problem.empty()) return fail(number, problem);
  answers_.push_back({number, std::move(parameters), ""});
}

/// Deaf from here on; what counts is its exit.
void ExploreHost::condemn(std::string why) {
  if (process_->verdict.empty()) process_->verdict = std::move(why);
  process_->channel.signal(SIGKILL);
  process_->deaf = true;
  process_->socket = FrameSocket();
}

void ExploreHost::on_end(const std::string& why) {
  const std::string reason = process_->verdict.empty() ? why : process_->verdict + "; killed";
  process_->log.end_host("explorer ended: " + reason);
  last_output_ = process_->log.last_lines(kLastLines);
  trouble_ = reason;
  ++failures_;
  process_.reset();
  if (!under_way_) return;
  Question question = std::move(*under_way_);
  under_way_.reset();
  if (question.again) return fail(question.number, reason);
  question.again = true;
  waiting_.push_front(std::move(question));
}

void ExploreHost::check_time(double now_s) {
  if (process_->deaf) {
    if (now_s - process_->since_s > kFarewell_s) condemn("closed its connection without exiting");
  } else if (!process_->ready) {
    if (now_s - process_->since_s > launch_.startup_s)
      condemn(fmt::format("did not say hello within {:g} s (timeouts.startup)", launch_.startup_s));
  } else if (under_way_ && launch_.answer_s && now_s - under_way_->sent_s > *launch_.answer_s) {
    const std::string why = fmt::format("had no answer within {:g} s", *launch_.answer_s);
    fail(under_way_->number, why);
    under_way_.reset();
    condemn(why);
  }
}

void ExploreHost::fail(std::int64_t number, std::string error) {
  answers_.push_back({number, std::nullopt, std::move(error)});
}

}  // namespace coppice
