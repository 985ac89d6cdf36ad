#include "worker/explore_host.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/check.hpp"
#include "worker/explore_protocol.hpp"
#include "worker/host_protocol.hpp"

namespace coppice {
namespace {

constexpr int kLastLines = 20;

}  // namespace

ExploreHost::ExploreHost(Spawner& spawner, ExploreLaunch launch)
    : spawner_(spawner), launch_(std::move(launch)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "cannot watch an explorer");
  start();
}

bool ExploreHost::ready() const {
  return process_ && process_->ready() && !process_->deaf();
}

std::string ExploreHost::last_output() const {
  return process_ ? process_->log().last_lines(kLastLines) : last_output_;
}

void ExploreHost::start() {
  SpawnRequest request;
  request.command = launch_.command;
  request.cwd = launch_.cwd;
  process_ =
      std::make_unique<HostProcess>(spawner_, std::move(request), launch_.log, "explorer", launch_.startup_s);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, process_->fd(), &event);
}

void ExploreHost::ask(std::int64_t number, const ExploreRequest& request, double now_s) {
  check(!over_, "an explorer is asked nothing after its end");
  waiting_.push_back({number, encode_question(number, request)});
  send_next(now_s);
}

std::vector<ExploreAnswer> ExploreHost::poll(double now_s) {
  if (process_) {
    if (const auto end = process_->poll([this](const auto& message) { on_message(message); }))
      on_end(end->reason);
  }
  if (process_) check_time(now_s);
  send_next(now_s);
  return std::exchange(answers_, {});
}

void ExploreHost::shutdown() {
  over_ = true;
  waiting_.clear();
  under_way_.reset();
  if (!process_) return;
  if (ready()) {
    process_->shutdown();
  } else {
    process_->kill();
  }
}

void ExploreHost::send_next(double now_s) {
  if (waiting_.empty() || under_way_) return;
  if (!process_ && failures_ < kMaxFailures) start();
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
  process_->send(under_way_->text);
}

void ExploreHost::on_message(const nlohmann::ordered_json& message) {
  const std::string type = text_member(message, "type");
  if (type == "hello") {
    const auto form = process_->form_of(message);
    if (!form) return;
    if (*form != "explorer") {
      return process_->condemn("is a trial program, no explorer: end it with coppice.serve_explorer(...)");
    }
    process_->welcome();
    return;
  }
  if (type != "answer" && type != "failed") return process_->condemn_type(type);
  if (!under_way_ || whole_number(message, "question") != under_way_->number) return;
  const std::int64_t number = under_way_->number;
  under_way_.reset();
  failures_ = 0;
  if (type == "failed") return fail(number, error_of(message));
  const auto params = message.find("params");
  if (params == message.end() || !params->is_object()) return fail(number, "its answer has no parameters");
  std::string problem;
  Parameters parameters = decode_parameters(*params, problem);
  if (!problem.empty()) return fail(number, problem);
  answers_.push_back({number, std::move(parameters), ""});
}

void ExploreHost::on_end(const std::string& why) {
  last_output_ = process_->log().last_lines(kLastLines);
  trouble_ = why;
  ++failures_;
  process_.reset();
  if (!under_way_) return;
  Question question = std::move(*under_way_);
  under_way_.reset();
  if (question.again) return fail(question.number, why);
  question.again = true;
  waiting_.push_front(std::move(question));
}

void ExploreHost::check_time(double now_s) {
  if (!ready() || !under_way_ || !launch_.answer_s || now_s - under_way_->sent_s <= *launch_.answer_s) return;
  const std::string why = fmt::format("had no answer within {:g} s", *launch_.answer_s);
  fail(under_way_->number, why);
  under_way_.reset();
  process_->condemn(why);
}

void ExploreHost::fail(std::int64_t number, std::string error) {
  answers_.push_back({number, std::nullopt, std::move(error)});
}

}  // namespace coppice
