#include "coordinator/proposer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <functional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

namespace coppice {
namespace {

using testing::ElementsAre;

constexpr double kNow_s = 100;

/// Answers with how many trials it was told; waits for a permit where it is told to.
class Scripted final : public Sampler {
 public:
  explicit Scripted(double value = 0) : value_(value) {}

  Proposal ask(const SampleRequest& request) const override {
    if (meanwhile) meanwhile();
    if (waits) permits.acquire();
    if (throws) throw std::runtime_error("no model");
    if (exhausted) return {.params = {}, .note = std::to_string(told.size()), .exhausted = true};
    const double base = request.base != nullptr ? std::get<double>(request.base->at(0)) : 0;
    return {{Value(value_ + base + static_cast<double>(told.size()))}, "scripted"};
  }
  void tell(const Trial& trial) override {
    told.push_back(std::to_string(trial.id) + (is_over(trial.state) ? " over" : " pending"));
    ++tells;
  }

  std::function<void()> meanwhile;  ///< done in a question
  std::vector<std::string> told;
  std::atomic<int> tells = 0;
  std::atomic<bool> waits = false;
  bool throws = false;
  std::atomic<bool> exhausted = false;
  mutable std::counting_semaphore<> permits{0};

 private:
  double value_;
};

class ProposerTest : public ::testing::Test {
 protected:
  void make(ProposerSettings settings) {
    auto sampler = std::make_unique<Scripted>();
    sampler_ = sampler.get();
    auto stand_in = std::make_unique<Scripted>(-1);
    stand_in_ = stand_in.get();
    proposer_ = std::make_unique<Proposer>(std::move(sampler), std::make_unique<Scripted>(1000),
                                           std::move(stand_in), settings);
  }
  /// From here on the sampler has a thread, and waits for a permit before each answer.
  void make_slow(std::optional<double> deadline_s) {
    make({.quick_s = -1, .deadline_s = deadline_s});
    proposer_->ask(0, {0}, kNow_s);
    ASSERT_EQ(proposer_->poll(kNow_s).size(), 1u);
    ASSERT_TRUE(proposer_->threaded());
    sampler_->waits = true;
  }
  std::vector<Proposed> wait_for_answer(double now_s = kNow_s) {
    for (;;) {
      pollfd waiting{proposer_->fd(), POLLIN, 0};
      EXPECT_EQ(::poll(&waiting, 1, 60'000), 1) << "an answer wakes the caller";
      auto answers = proposer_->poll(now_s);
      if (!answers.empty() || waiting.revents == 0) return answers;
    }
  }
  static double value_of(const Proposed& proposed) { return std::get<double>(proposed.params.at(0)); }
  static Trial over(TrialId id) {
    Trial trial;
    trial.id = id;
    trial.state = TrialState::kComplete;
    return trial;
  }

  Scripted* sampler_ = nullptr;
  Scripted* stand_in_ = nullptr;
  std::unique_ptr<Proposer> proposer_;
};

TEST_F(ProposerTest, AQuickSamplerAnswersWhereItStands) {
  make({.quick_s = 1e9});
  proposer_->tell(over(0));
  const Values base{Value(5.0)};
  proposer_->ask(7, {1}, kNow_s);
  proposer_->ask(8, {2, &base}, kNow_s);
  const auto answers = proposer_->poll(kNow_s);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].request, 7);
  EXPECT_EQ(answers[0].note, "scripted");
  EXPECT_EQ(value_of(answers[0]), 1);
  EXPECT_EQ(value_of(answers[1]), 1006) << "the explorer, from its base, and it was told of one";
  EXPECT_THAT(sampler_->told, ElementsAre("0 over", "1 pending", "2 pending"));
  EXPECT_FALSE(proposer_->threaded());
  EXPECT_TRUE(proposer_->poll(kNow_s).empty());
}

TEST_F(ProposerTest, ASlowOneIsAskedOnAThreadAndKnowsAllThatWasBefore) {
  make_slow(std::nullopt);
  proposer_->ask(1, {1}, kNow_s);
  proposer_->tell(over(0));
  proposer_->ask(2, {2}, kNow_s);
  EXPECT_TRUE(proposer_->poll(kNow_s + 1e6).empty()) << "without a deadline it waits";
  sampler_->permits.release();
  const auto first = wait_for_answer();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(value_of(first[0]), 1);
  sampler_->permits.release();
  const auto second = wait_for_answer();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(value_of(second[0]), 3) << "0 pending, 1 pending, 0 over";
}

/// Answers only when it is told to.
class Late final : public LateExplorer {
 public:
  void tell(const Trial& trial) override { told.push_back(trial.id); }
  void ask(RequestId request, const SampleRequest& sample, double) override {
    waiting.push_back({request, {*sample.base}, "late"});
  }
  std::vector<Proposed> poll(double) override {
    return answers ? std::exchange(waiting, {}) : std::vector<Proposed>();
  }
  int fd() const override { return 77; }

  std::vector<TrialId> told;
  std::vector<Proposed> waiting;
  bool answers = false;
};

TEST_F(ProposerTest, ALateExplorerHoldsNobodyUp) {
  auto explorer = std::make_unique<Late>();
  Late& late = *explorer;
  Proposer proposer(std::make_unique<Scripted>(), std::move(explorer), std::make_unique<Scripted>(-1),
                    {.quick_s = 1e9, .deadline_s = 10});
  EXPECT_EQ(proposer.explorer_fd(), 77);
  proposer.tell(over(0));
  EXPECT_THAT(late.told, ElementsAre(0));
  const Values base{Value(5.0)};
  proposer.ask(7, {1, &base}, kNow_s);
  proposer.ask(8, {2}, kNow_s);
  EXPECT_EQ(proposer.poll(kNow_s).size(), 1u) << "the sampler's";
  EXPECT_TRUE(proposer.poll(kNow_s + 1e6).empty()) << "nobody stands in: it has an answer in the end";
  late.answers = true;
  const auto answers = proposer.poll(kNow_s);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].request, 7);
  EXPECT_EQ(answers[0].note, "late");
}

TEST_F(ProposerTest, AfterTheDeadlineTheStandInAnswersAndTheLateAnswerIsDropped) {
  make_slow(10);
  proposer_->ask(1, {1}, kNow_s);
  proposer_->ask(2, {2}, kNow_s + 5);
  EXPECT_TRUE(proposer_->poll(kNow_s + 9).empty());
  const auto instead = proposer_->poll(kNow_s + 11);
  ASSERT_EQ(instead.size(), 1u);
  EXPECT_EQ(instead[0].request, 1);
  EXPECT_EQ(value_of(instead[0]), -1);
  EXPECT_EQ(instead[0].note, "scripted: the sampler had no answer within 10 s");
  sampler_->permits.release(2);
  const auto second = wait_for_answer(kNow_s + 12);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].request, 2);
  EXPECT_EQ(value_of(second[0]), 1) << "what it said too late it is not held to";
}

TEST_F(ProposerTest, WhatComesWhileTheStandInIsAskedTheSamplerIsNotHeldTo) {
  make_slow(10);
  proposer_->ask(1, {1}, kNow_s);
  stand_in_->meanwhile = [this] {
    sampler_->permits.release();
    const int told = sampler_->tells;
    proposer_->tell(over(7));  // comes after the answer
    while (sampler_->tells == told) std::this_thread::yield();
  };
  const auto instead = proposer_->poll(kNow_s + 11);
  ASSERT_EQ(instead.size(), 1u);
  EXPECT_EQ(value_of(instead[0]), -1);
  EXPECT_THAT(sampler_->told, ElementsAre("0 pending", "7 over"));
  EXPECT_TRUE(proposer_->poll(kNow_s + 12).empty());
}

TEST_F(ProposerTest, AnExplorerAnswersAtOnceWhateverTheSamplerDoes) {
  make_slow(std::nullopt);
  const Values base{Value(5.0)};
  proposer_->ask(1, {1}, kNow_s);
  proposer_->ask(2, {2, &base}, kNow_s);
  const auto answers = proposer_->poll(kNow_s);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(value_of(answers[0]), 1005);
  sampler_->permits.release();
  EXPECT_EQ(wait_for_answer().size(), 1u);
}

TEST_F(ProposerTest, WithALagWhatCameEarlyWaitsForItsQuestion) {
  make({.quick_s = 1e9, .deadline_s = std::nullopt, .lag = 2});
  proposer_->ask(0, {0}, kNow_s);
  proposer_->ask(1, {1}, kNow_s);
  proposer_->tell(over(1));
  EXPECT_THAT(sampler_->told, ElementsAre("0 pending", "1 pending"));
  proposer_->tell(over(0));
  proposer_->ask(2, {2}, kNow_s);
  EXPECT_THAT(sampler_->told, ElementsAre("0 pending", "1 pending", "0 over", "2 pending"));
  EXPECT_EQ(proposer_->poll(kNow_s).size(), 3u);
}

TEST_F(ProposerTest, WithALagAResumeTellsTheSameAgain) {
  make({.quick_s = 1e9, .deadline_s = std::nullopt, .lag = 2});
  for (const TrialId id : {0, 1, 2}) proposer_->tell(over(id));
  proposer_->ask(3, {3}, kNow_s);
  EXPECT_THAT(sampler_->told,
              ElementsAre("0 pending", "1 pending", "0 over", "2 pending", "1 over", "3 pending"));
}

TEST_F(ProposerTest, WhatASamplerThrowsComesToTheCaller) {
  make({});
  sampler_->throws = true;
  EXPECT_THROW(proposer_->ask(0, {0}, kNow_s), std::runtime_error);
  make_slow(std::nullopt);
  sampler_->throws = true;
  sampler_->waits = false;
  proposer_->ask(1, {1}, kNow_s);
  EXPECT_THROW(wait_for_answer(), std::runtime_error);
}

TEST_F(ProposerTest, EndsWithQuestionsOpen) {
  make_slow(std::nullopt);
  proposer_->ask(1, {1}, kNow_s);
  proposer_->ask(2, {2}, kNow_s);
  sampler_->permits.release();
  proposer_.reset();
}

/// With a thread, and so many trials that train: two results may be missing.
class AheadTest : public ProposerTest {
 protected:
  static constexpr TrialId kPending = 24;
  static constexpr TrialId kNext = kPending + 2;  ///< that nobody has asked for

  /// A sampler that waits would never end.
  void TearDown() override {
    sampler_->permits.release(100);
    proposer_.reset();
  }

  void make_ahead(TrialId pending = kPending, std::optional<TrialId> trials = std::nullopt) {
    make({.quick_s = -1, .deadline_s = 10, .ahead = true, .trials = trials});
    for (TrialId id = 1; id <= pending; ++id) proposer_->tell(running(id));
    sampler_->waits = true;
    sampler_->permits.release();
    proposer_->ask(0, {pending + 1}, kNow_s);
    EXPECT_EQ(proposer_->poll(kNow_s).size(), 1u);
  }
  static Trial running(TrialId id) {
    Trial trial;
    trial.id = id;
    trial.state = TrialState::kRunning;
    return trial;
  }
  /// Whether there is a question, by what is done with a permit before a tell that comes after it.
  bool is_asked() {
    let_answer(1);
    return !sampler_->permits.try_acquire();
  }
  /// Lets so many questions be answered, and waits until that is done.
  void let_answer(int answers) {
    sampler_->permits.release(answers);
    const int told = sampler_->tells;
    proposer_->tell(running(1));  // comes after them
    while (sampler_->tells == told) std::this_thread::yield();
  }
};

TEST_F(AheadTest, AProposalIsThereBeforeItIsAskedFor) {
  make_ahead();
  let_answer(1);
  proposer_->tell(over(3));
  proposer_->tell(over(5));
  proposer_->ask(1, {kNext}, kNow_s);
  const auto answers = proposer_->poll(kNow_s);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].request, 1);
  EXPECT_EQ(value_of(answers[0]), kPending + 1) << "they and the first question's trial were known";
  EXPECT_EQ(answers[0].note, "scripted; made ahead, 2 results ago");
  proposer_->ask(2, {kNext + 1}, kNow_s);
  sampler_->permits.release();
  EXPECT_EQ(value_of(wait_for_answer().at(0)), kPending + 5) << "the next one knows it, and the results";
}

TEST_F(AheadTest, OneThatLacksMoreResultsIsMadeAnew) {
  make_ahead();
  let_answer(1);
  for (const TrialId id : {3, 5, 7}) proposer_->tell(over(id));
  proposer_->ask(1, {kNext}, kNow_s);
  EXPECT_TRUE(proposer_->poll(kNow_s).empty());
  sampler_->permits.release();
  const auto answers = wait_for_answer();
  EXPECT_EQ(value_of(answers.at(0)), kPending + 5);
  EXPECT_EQ(answers[0].request, 1);
  EXPECT_EQ(answers[0].note, "scripted");
}

TEST_F(AheadTest, OneThatIsUnderWayIsTaken) {
  make_ahead();
  proposer_->ask(1, {kNext}, kNow_s);
  proposer_->ask(2, {kNext + 1}, kNow_s);
  EXPECT_TRUE(proposer_->poll(kNow_s).empty());
  sampler_->permits.release();
  const auto first = wait_for_answer();
  EXPECT_EQ(first.at(0).request, 1);
  EXPECT_EQ(value_of(first[0]), kPending + 1);
  sampler_->permits.release();
  const auto second = wait_for_answer();
  EXPECT_EQ(second.at(0).request, 2);
  EXPECT_EQ(value_of(second[0]), kPending + 2) << "it knows of the first one";
  proposer_->rest();
}

TEST_F(AheadTest, ThatThereIsNothingLeftItSaysKnowingAllResults) {
  make_ahead();
  sampler_->exhausted = true;
  proposer_->tell(over(3));
  proposer_->ask(1, {kNext}, kNow_s);
  proposer_->ask(2, {kNext + 1}, kNow_s);
  proposer_->tell(over(5));
  sampler_->permits.release(3);
  std::vector<Proposed> answers = wait_for_answer();
  while (answers.size() < 2) {
    for (Proposed& answer : wait_for_answer()) answers.push_back(std::move(answer));
  }
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].request, 1);
  EXPECT_TRUE(answers[0].exhausted);
  EXPECT_EQ(answers[0].note, std::to_string(kPending + 2)) << "the first question's trial, and 3";
  EXPECT_EQ(answers[1].request, 2);
  EXPECT_EQ(answers[1].note, answers[0].note);
}

TEST_F(AheadTest, TheDeadlineHoldsForOneThatIsUnderWay) {
  make_ahead();
  proposer_->ask(1, {kNext}, kNow_s);
  const auto instead = proposer_->poll(kNow_s + 11);
  ASSERT_EQ(instead.size(), 1u);
  EXPECT_EQ(value_of(instead[0]), -1);
  let_answer(2);
  EXPECT_TRUE(proposer_->poll(kNow_s + 11).empty());
}

TEST_F(AheadTest, NobodyThinksAheadWhereAResultWouldBeMissed) {
  make_ahead(8);
  EXPECT_FALSE(is_asked()) << "7 are left when one of them asks";
  make_ahead(9);
  EXPECT_TRUE(is_asked());
}

TEST_F(AheadTest, ARerunTakesTheNumberAndNotThePlaceOfATrial) {
  make_ahead(kPending, kNext + 1);
  ASSERT_TRUE(is_asked());
  Trial rerun = running(kNext);
  rerun.origin = Origin{1, 0};
  const int told = sampler_->tells;
  proposer_->tell(rerun);
  while (sampler_->tells == told) std::this_thread::yield();
  EXPECT_TRUE(is_asked()) << "one more is due, whatever its number";
  proposer_->ask(1, {kNext + 1}, kNow_s);
  EXPECT_EQ(proposer_->poll(kNow_s).size(), 1u) << "made ahead";
  EXPECT_FALSE(is_asked()) << "that was the last one";
}

TEST_F(AheadTest, NobodyThinksBeyondTheLastTrialNorOfAStudyThatEnds) {
  make_ahead(kPending, kNext);
  EXPECT_FALSE(is_asked());
  make({.quick_s = -1, .deadline_s = 10, .ahead = true});
  proposer_->rest();
  for (TrialId id = 1; id <= kPending; ++id) proposer_->tell(running(id));
  proposer_->ask(0, {kPending + 1}, kNow_s);
  sampler_->waits = true;
  EXPECT_FALSE(is_asked());
}

}  // namespace
}  // namespace coppice
