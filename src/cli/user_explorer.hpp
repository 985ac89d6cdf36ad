/// The explorer that a study names as a program: the pure part (samplers/explore_hook.hpp) and its process
/// (worker/explore_host.hpp). Where the program has no answer that can be used, perturb's is taken, with a
/// note that says why, and the first such case is told on standard error.
///
/// Ownership: owns its process, which ends with it; borrows the spawner. One thread; only await_start,
/// try_out and await_exit block.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/late_explorer.hpp"
#include "samplers/explore_hook.hpp"
#include "spec/study_spec.hpp"
#include "worker/explore_host.hpp"

namespace coppice {

class UserExplorer final : public LateExplorer {
 public:
  /// Precondition: the study's scheduler.explore is a program. `instead` answers where that doesn't.
  UserExplorer(const StudySpec& spec, std::unique_ptr<Sampler> instead, Spawner& spawner,
               const std::filesystem::path& log);

  /// Waits until the program says hello. Returns "" or why it didn't; what it printed last goes to standard
  /// error. `look_around` is called at least ten times a second, and once more, with so many seconds to wait,
  /// before an end of the program is believed: what ended it may end the run as well. It may throw.
  std::string await_start(const std::function<void(double wait_s)>& look_around);
  /// Asks it about a population with random hyperparameters and made-up values. Returns "" or what is wrong
  /// with the answer. Where nothing else bounds an answer, in a deterministic study, the limit on its start
  /// does. Precondition: it has started; nothing else was asked.
  std::string try_out(const StudySpec& spec);

  /// Asks it to exit, after which it is asked nothing. Then wait for its exit, until `until_s` at most.
  void shutdown() { host_.shutdown(); }
  void await_exit(double until_s);

  void tell(const Trial& trial) override { hook_.tell(trial); }
  void ask(RequestId request, const SampleRequest& sample, double now_s) override;
  std::vector<Proposed> poll(double now_s) override;
  int fd() const override { return host_.fd(); }

 private:
  Proposal proposal_of(const ExploreHook::Question& question, const ExploreAnswer& answer);
  void tell_of(TrialId trial, const std::string& why);

  ExploreHook hook_;
  ExploreHost host_;
  std::map<RequestId, ExploreHook::Question> open_;
  bool told_first_ = false;
  bool told_end_ = false;
};

}  // namespace coppice
