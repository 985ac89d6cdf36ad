#include "coordinator/proposer.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "core/check.hpp"

namespace coppice {

namespace {

double elapsed_s(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

Trial pending(TrialId id, const Proposed& proposed) {
  return proposed_trial({id}, proposed.params, proposed.tag);
}

}  // namespace

Proposer::Proposer(std::unique_ptr<Sampler> sampler, Explorer explorer, std::unique_ptr<Sampler> stand_in,
                   ProposerSettings settings)
    : sampler_(std::move(sampler)),
      explorer_(std::move(explorer)),
      stand_in_(std::move(stand_in)),
      settings_(settings),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (settings_.lag) feed_.emplace(*settings_.lag);
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Proposer::~Proposer() {
  if (thread_.joinable()) {
    thread_.request_stop();
    changed_.notify_all();
    thread_.join();
  }
  ::close(wake_);
}

void Proposer::tell(const Trial& trial) {
  std::visit([&](const auto& explorer) { explorer->tell(trial); }, explorer_);
  if (feed_) {
    feed_->tell(trial);
  } else {
    tell_sampler(trial);
  }
  count_.tell(trial);
  numbers_.tell(trial);
  if (next_ != kNoTrial && trial.is_rerun()) next_ = std::max(next_, trial.id + 1);
  think_ahead();
}

LateExplorer* Proposer::late_explorer() const {
  const auto* late = std::get_if<std::unique_ptr<LateExplorer>>(&explorer_);
  return late != nullptr ? late->get() : nullptr;
}

int Proposer::explorer_fd() const {
  const LateExplorer* late = late_explorer();
  return late != nullptr ? late->fd() : -1;
}

void Proposer::tell_sampler(const Trial& trial) {
  if (!threaded()) {
    sampler_->tell(trial);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    jobs_.emplace_back(trial);
  }
  changed_.notify_all();
}

void Proposer::ask(RequestId request, const SampleRequest& sample, double now_s) {
  check(!open_.contains(request), "a request is asked once");
  if (sample.base != nullptr) {
    // The study tells of its answer, when it is there, like of any trial.
    if (LateExplorer* late = late_explorer()) return late->ask(request, sample, now_s);
    Proposal proposal = std::get<std::unique_ptr<Sampler>>(explorer_)->ask(sample);
    at_once_.push_back(
        {request, std::move(proposal.params), std::move(proposal.note), std::move(proposal.tag), false});
    tell(proposed_trial(sample, at_once_.back().params, at_once_.back().tag));
    return;
  }
  if (feed_) {
    for (const Trial& trial : feed_->before(sample.trial)) tell_sampler(trial);
  }
  const Question question{request, sample.trial};
  next_ = sample.trial + 1;
  if (take_ahead(question, now_s)) return think_ahead();
  if (!threaded()) {
    const auto began = std::chrono::steady_clock::now();
    at_once_.push_back(answer(question));
    if (!at_once_.back().exhausted) sampler_->tell(pending(sample.trial, at_once_.back()));
    if (elapsed_s(began) > settings_.quick_s) {
      thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }
    return think_ahead();
  }
  open_.emplace(request, Open{question, now_s});
  {
    const std::lock_guard lock(mutex_);
    jobs_.emplace_back(question);
  }
  changed_.notify_all();
}

/// Begins the next proposal where there is none, or where too much has become known since it was begun.
void Proposer::think_ahead() {
  const bool may = settings_.ahead && !resting_ && threaded() && open_.empty() && next_ != kNoTrial &&
                   (!settings_.trials || numbers_.of(next_) < *settings_.trials);
  if (!may || !count_.may_lack_the_next()) return;
  {
    const std::lock_guard lock(mutex_);
    const bool usable =
        ahead_ && ahead_->question.trial == next_ && count_.results() - ahead_->results <= count_.bound();
    if (usable) return;
    drop_ahead();
    ahead_ = {{--last_ahead_, next_}, count_.results(), {}, {}};
    jobs_.emplace_back(ahead_->question);
  }
  changed_.notify_all();
}

/// Whether what was made ahead is the answer, or will be.
bool Proposer::take_ahead(const Question& question, double now_s) {
  {
    const std::lock_guard lock(mutex_);
    if (!ahead_ || ahead_->taken_by) return false;
    const std::int64_t age = count_.results() - ahead_->results;
    const bool exhausted = ahead_->answer && ahead_->answer->exhausted;  // that it is to say knowing all
    if (ahead_->question.trial != question.trial || age > count_.bound() || exhausted) {
      drop_ahead();
      return false;
    }
    if (!ahead_->answer) {
      ahead_->taken_by = question.request;
      open_.emplace(question.request, Open{question, now_s});
      return true;
    }
    at_once_.push_back(std::move(*ahead_->answer));
    ahead_.reset();
    at_once_.back().request = question.request;
    if (age > 0)
      at_once_.back().note += fmt::format("; made ahead, {} result{} ago", age, age == 1 ? "" : "s");
    jobs_.emplace_back(pending(question.trial, at_once_.back()));
  }
  changed_.notify_all();
  return true;
}

/// Precondition: the mutex is held.
void Proposer::drop_ahead() {
  if (!ahead_) return;
  remove_job(ahead_->question.request);
  ahead_.reset();
}

Proposed Proposer::answer(const Question& question) const {
  Proposal proposal = sampler_->ask({question.trial, nullptr});
  return {question.request, std::move(proposal.params), std::move(proposal.note), std::move(proposal.tag),
          proposal.exhausted};
}

std::vector<Proposed> Proposer::poll(double now_s) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(wake_, &count, sizeof count);
  std::vector<Proposed> result = std::exchange(at_once_, {});
  if (LateExplorer* explorer = late_explorer()) {
    for (Proposed& proposed : explorer->poll(now_s)) result.push_back(std::move(proposed));
  }
  std::vector<Proposed> late;
  {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    late.swap(answers_);
  }
  for (Proposed& proposed : late) {
    if (open_.erase(proposed.request) > 0) result.push_back(std::move(proposed));
  }
  if (!late.empty()) think_ahead();
  if (!settings_.deadline_s) return result;
  for (auto it = open_.begin(); it != open_.end();) {
    const auto& [question, asked_s] = it->second;
    if (now_s - asked_s < *settings_.deadline_s) {
      ++it;
      continue;
    }
    if (auto just_in_time = give_up(question)) {
      result.push_back(std::move(*just_in_time));
    } else {
      Proposal proposal = stand_in_->ask({question.trial, nullptr});
      result.push_back(
          {question.request, std::move(proposal.params),
           fmt::format("{}: the sampler had no answer within {} s",
                       proposal.note.empty() ? "stand-in" : proposal.note, *settings_.deadline_s)});
    }
    it = open_.erase(it);
  }
  return result;
}

/// The sampler need not begin with it, and what it says to it counts no more. An answer that has come since
/// it was looked for is returned instead: the sampler knows it for the trial's.
std::optional<Proposed> Proposer::give_up(const Question& question) {
  const std::lock_guard lock(mutex_);
  const auto late = std::find_if(answers_.begin(), answers_.end(),
                                 [&](const Proposed& answer) { return answer.request == question.request; });
  if (late != answers_.end()) {
    std::optional<Proposed> answer = std::move(*late);
    answers_.erase(late);
    return answer;
  }
  if (under_way_ == question.request) under_way_.reset();
  if (ahead_ && ahead_->taken_by == question.request) drop_ahead();
  remove_job(question.request);
  return std::nullopt;
}

/// Precondition: the mutex is held.
void Proposer::remove_job(RequestId request) {
  std::erase_if(jobs_, [request](const Job& job) {
    const auto* waiting = std::get_if<Question>(&job);
    return waiting != nullptr && waiting->request == request;
  });
}

/// Before the questions that were put after it. Precondition: the mutex is held.
void Proposer::ask_again(const Question& question) {
  const auto later = std::find_if(jobs_.begin(), jobs_.end(),
                                  [](const Job& job) { return std::holds_alternative<Question>(job); });
  jobs_.insert(later, question);
}

void Proposer::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !jobs_.empty(); }) && !stop.stop_requested()) {
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    const auto* question = std::get_if<Question>(&job);
    if (question != nullptr) under_way_ = question->request;
    lock.unlock();
    std::optional<Proposed> answered;
    std::exception_ptr error;
    try {
      if (question != nullptr) {
        answered = answer(*question);
      } else {
        sampler_->tell(std::get<Trial>(job));
      }
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && !error_) error_ = error;
    if (answered && ahead_ && ahead_->question.request == answered->request) {
      if (ahead_->taken_by && answered->exhausted) {
        // That it is to say knowing all that was told by the time it was asked for.
        ask_again({*ahead_->taken_by, question->trial});
        answered.reset();
        ahead_.reset();
      } else if (ahead_->taken_by) {
        answered->request = *ahead_->taken_by;
        under_way_ = answered->request;
        ahead_.reset();
      } else {
        ahead_->answer = std::move(answered);
      }
    }
    const bool awaited = answered && answered->request >= 0 && under_way_;
    if (awaited) {
      // First of all that waits: the next question is to know it.
      if (!answered->exhausted) jobs_.emplace_front(pending(question->trial, *answered));
      answers_.push_back(std::move(*answered));
    }
    under_way_.reset();
    if (awaited || error) {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
    }
  }
}

}  // namespace coppice
