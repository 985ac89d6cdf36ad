/// An explorer of the user's, without the process that it runs in: what it is asked, and what becomes of its
/// answer. See include/coppice/explore.hpp.
///
/// A question depends on the seed, the trial, the base and on what was reported *at the step at which the
/// clone begins*: so a synchronous study asks the same whatever the number of workers. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "coppice/explore.hpp"
#include "coppice/search_space.hpp"
#include "core/sampler.hpp"

namespace coppice {

class ExploreHook {
 public:
  /// Of the trials that stand at a step a question has so many, the best.
  static constexpr std::size_t kStandings = 100;

  /// Owns what answers instead, which needs a base.
  ExploreHook(SearchSpace space, std::uint64_t seed, bool minimize, std::unique_ptr<Sampler> instead);

  /// A question and what is needed to take its answer: nothing in it points anywhere.
  struct Question {
    ExploreRequest request;
    Values base;
    Values trained_with;  ///< what is fixed comes from there
    Proposal instead;
  };

  void tell(const Trial& trial);
  /// Precondition: the request has a base and a state to begin from.
  Question question(const SampleRequest& request) const;

  /// The proposal in `proposal` and "", or why it is none: an unknown name, a wrong kind, out of range.
  std::string take(const Question& question, const Parameters& answer, Proposal& proposal) const;
  /// The stand-in's proposal, with a note that says why.
  static Proposal instead(const Question& question, std::string_view why);

 private:
  struct Told {
    Values params;
    std::size_t points = 0;  ///< of its curve, that are in `at_`
  };

  SearchSpace space_;
  std::uint64_t seed_;
  bool minimize_;
  std::unique_ptr<Sampler> instead_;
  std::unordered_map<TrialId, Told> told_;
  std::map<Step, std::vector<Ranked>> at_;  ///< finite scores at each step, in the order in which they came
};

}  // namespace coppice
