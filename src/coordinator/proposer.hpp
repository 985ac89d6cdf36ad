/// Answers the study's wishes for hyperparameters without ever holding the coordinator up.
///
/// As long as the sampler is quick it is asked where it stands, and no thread is started. Once an answer has
/// taken longer than `quick_s`, it moves to a thread of its own, which takes what is told and asked in that
/// order: an answer knows all that was told before its question, and every proposal before it as pending. An
/// answer that takes longer than `deadline_s` is given by the stand-in instead, with a note that says so, and
/// what the sampler then comes up with is dropped. Explorers are quick and always asked where they stand, on
/// the caller's thread; one of the user's is asked in its own process, and answers when it can.
///
/// With `ahead` the thread makes the proposal for the next trial while nobody has asked for it, so that it is
/// there when a worker becomes free. It may lack the last ⌊pending / 8⌋ results, as many as it is better not
/// to know than to wait for; one that lacks more is made anew. There is one at a time, as the sampler is told
/// of a proposal when it is taken. One that nobody takes leaves no trace.
///
/// Ownership: owns the samplers. Threads: one caller, and its own thread; the sampler is only ever used by
/// one of the two. Failure: what a sampler throws comes out of ask() or poll(). With `deadline_s` absent (a
/// deterministic study) it waits as long as it takes. With a `lag` the sampler knows what sampler_feed.hpp
/// says, whenever that came; then fresh trials are asked for in their order, and on a resume all trials are
/// told before the first question.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "coordinator/late_explorer.hpp"
#include "coordinator/result_count.hpp"
#include "core/events.hpp"
#include "core/fresh_numbers.hpp"
#include "core/sampler.hpp"
#include "core/sampler_feed.hpp"

namespace coppice {

struct ProposerSettings {
  double quick_s = 0.002;
  std::optional<double> deadline_s = 10;
  std::optional<std::int64_t> lag = {};  ///< StudySettings::lag
  /// For studies whose next trial from scratch has the next number: not where trials are cloned.
  bool ahead = false;
  std::optional<std::int64_t> trials =
      {};  ///< no more from scratch than so many are made ahead; absent: no limit
};

class Proposer {
 public:
  using Explorer = std::variant<std::unique_ptr<Sampler>, std::unique_ptr<LateExplorer>>;

  Proposer(std::unique_ptr<Sampler> sampler, Explorer explorer, std::unique_ptr<Sampler> stand_in,
           ProposerSettings settings = {});
  Proposer(const Proposer&) = delete;
  Proposer& operator=(const Proposer&) = delete;
  ~Proposer();

  /// To the sampler and the explorer.
  void tell(const Trial& trial);
  /// With a base the explorer is asked, from that; else the sampler. An answer may be there at once: poll().
  /// Precondition: the request is not open.
  void ask(RequestId request, const SampleRequest& sample, double now_s);
  /// The answers that are there.
  std::vector<Proposed> poll(double now_s);
  /// Nothing is made ahead any more: the study winds down.
  void rest() { resting_ = true; }

  /// Readable when the thread has something for poll().
  int fd() const { return wake_; }
  /// Likewise where the explorer has; -1 where it is always there.
  int explorer_fd() const;
  /// Whether the samplers have a thread of their own by now.
  bool threaded() const { return thread_.joinable(); }

 private:
  struct Question {
    RequestId request = 0;
    TrialId trial = kNoTrial;
  };
  struct Open {
    Question question;
    double asked_s = 0;
  };
  struct Ahead {
    Question question;         ///< its request is negative: nobody's
    std::int64_t results = 0;  ///< that were told before it
    std::optional<Proposed> answer;
    std::optional<RequestId> taken_by;  ///< while it was under way
  };
  using Job = std::variant<Trial, Question>;

  void tell_sampler(const Trial& trial);
  LateExplorer* late_explorer() const;
  Proposed answer(const Question& question) const;
  void think_ahead();
  bool take_ahead(const Question& question, double now_s);
  void drop_ahead();
  std::optional<Proposed> give_up(const Question& question);
  void remove_job(RequestId request);
  void ask_again(const Question& question);
  void work(const std::stop_token& stop);

  const std::unique_ptr<Sampler> sampler_;
  const Explorer explorer_;
  const std::unique_ptr<Sampler> stand_in_;
  const ProposerSettings settings_;
  std::optional<SamplerFeed> feed_;  ///< where there is a lag
  ResultCount count_;
  TrialId next_ = kNoTrial;  ///< the next one's: one past the last that was asked for, or rerun
  FreshNumbers numbers_;
  RequestId last_ahead_ = 0;  ///< the request of the last question that was put ahead
  bool resting_ = false;      ///< nothing is to be made ahead
  int wake_ = -1;
  std::map<RequestId, Open> open_;  ///< questions without an answer
  std::vector<Proposed> at_once_;

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any changed_;
  std::deque<Job> jobs_;
  std::vector<Proposed> answers_;
  std::optional<Ahead> ahead_;
  std::optional<RequestId> under_way_;  ///< nothing: none, or the stand-in has answered it
  std::exception_ptr error_;
  std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace coppice
