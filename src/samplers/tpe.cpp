/// tpe: a tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter optimization",
/// NIPS 2011), multivariate (Falkner et al., "BOHB", ICML 2018) unless told otherwise. README.md says what is
/// done, with which constants, and where it departs from the papers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>

#include "coppice/rng.hpp"
#include "samplers/catalog.hpp"
#include "samplers/history.hpp"
#include "samplers/tpe/model.hpp"

namespace coppice {

namespace {

/// How often another draw is made where the space is finite and the configuration was proposed before.
constexpr int kRedraws = 100;

struct TpeSettings {
  std::size_t candidates = 24;
  double gamma = 0.1;
  bool multivariate = true;
  std::int64_t startup = 10;
  double random_share = 0;
  double spread = 1;
};

/// Parameters that are present together, and their model. `members` are positions in the space.
struct Group {
  std::vector<std::size_t> members;
  std::unique_ptr<tpe::Model> model;
};

bool same_condition(const Parameter& a, const Parameter& b) {
  if (a.when.has_value() != b.when.has_value()) return false;
  return !a.when || (a.when->parent == b.when->parent && a.when->values == b.when->values);
}

/// One group for each condition, or for each parameter. A group stands after the one that its condition
/// names a parameter of.
std::vector<Group> make_groups(const SearchSpace& space, const TpeSettings& settings) {
  const auto& parameters = space.parameters();
  std::vector<Group> groups;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto home = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return settings.multivariate && same_condition(parameters[group.members[0]], parameters[i]);
    });
    (home == groups.end() ? groups.emplace_back() : *home).members.push_back(i);
  }
  for (Group& group : groups) {
    std::vector<tpe::Axis> axes;
    for (const std::size_t i : group.members) axes.emplace_back(parameters[i]);
    group.model = std::make_unique<tpe::Model>(std::move(axes), settings.gamma);
  }
  return groups;
}

bool is_finite(const SearchSpace& space) {
  return std::all_of(space.parameters().begin(), space.parameters().end(),
                     [](const Parameter& parameter) { return parameter.cardinality() > 0; });
}

/// How many trials must have come to a step for their scores there to count alone: more than parameters, as
/// in BOHB, and enough to begin with.
std::size_t least_results(const TpeSettings& settings, const SearchSpace& space) {
  return std::max(static_cast<std::size_t>(settings.startup), space.size() + 1);
}

class Tpe final : public Sampler {
 public:
  Tpe(const TpeSettings& settings, const SearchSpace& space, std::uint64_t seed)
      : settings_(settings),
        seed_(seed),
        history_(space, least_results(settings, space)),
        finite_(is_finite(history_.space())),
        groups_(make_groups(history_.space(), settings)) {}

  Proposal ask(const SampleRequest& request) const override {
    if (history_.results() < settings_.startup) {
      return draw(request, std::to_string(history_.results()) + " results are there");
    }
    Rng rng(seed_, Purpose::kSample, static_cast<std::uint64_t>(request.trial), hash_name("tpe"));
    if (settings_.random_share > 0 && rng.uniform() < settings_.random_share) {
      return draw(request, "the share that is");
    }
    return propose(request, rng);
  }

  void tell(const Trial& trial) override {
    const Step step = history_.step();
    if (!history_.tell(trial)) return;
    if (finite_) seen_.insert(trial.params);
    if (history_.step() == step) {
      pass_on(trial.id);
    } else {
      for (TrialId id = 0; id < history_.size(); ++id) pass_on(id);
    }
    for (Group& group : groups_) group.model->settle();
  }

 private:
  void pass_on(TrialId trial) {
    const Observation now = history_.observation(trial);
    if (!now.known()) return;
    const auto encoded = history_.encoded(trial);
    std::vector<double> point;
    for (Group& group : groups_) {
      if (std::isnan(encoded[group.members[0]])) continue;  // its condition is off
      point.clear();
      for (const std::size_t i : group.members) point.push_back(encoded[i]);
      group.model->tell(trial, now, point);
    }
  }

  bool is_new(const Values& params) const { return !seen_.contains(params); }

  void place(const Group& group, std::span<const double> point, Values& params) const {
    for (std::size_t a = 0; a < group.members.size(); ++a) {
      const std::size_t i = group.members[a];
      params[i] = history_.space().parameters()[i].decode(point[a]);
    }
  }

  /// Every parameter by itself: the same as sampler random does, but for redraws.
  Proposal draw(const SampleRequest& request, const std::string& why) const {
    const SearchSpace& space = history_.space();
    std::vector<Rng> streams;
    for (const Parameter& parameter : space.parameters()) {
      streams.emplace_back(seed_, Purpose::kSample, static_cast<std::uint64_t>(request.trial),
                           hash_name(parameter.name));
    }
    Proposal proposal;
    for (int draw = 0; draw <= kRedraws; ++draw) {
      proposal.params.clear();
      for (std::size_t i = 0; i < space.size(); ++i) {
        proposal.params.push_back(space.parameters()[i].decode(streams[i].uniform()));
      }
      space.prune_inactive(proposal.params);
      if (is_new(proposal.params)) break;
    }
    proposal.note = "random: " + why;
    return proposal;
  }

  Proposal propose(const SampleRequest& request, Rng& rng) const {
    const Group& root = groups_.front();
    const tpe::Points candidates = root.model->propose(rng, settings_.candidates, settings_.spread);
    Proposal proposal;
    for (std::size_t best = 0; best < candidates.count(); ++best) {
      proposal.params.assign(history_.space().size(), {});
      place(root, candidates.point(best), proposal.params);
      for (std::size_t g = 1; g < groups_.size(); ++g) {
        const Group& group = groups_[g];
        if (!history_.space().active(group.members[0], proposal.params)) continue;
        place(group, group.model->propose(rng, settings_.candidates, settings_.spread).point(0),
              proposal.params);
      }
      if (is_new(proposal.params)) {
        proposal.note = "tpe: candidate " + std::to_string(best + 1) + " of " +
                        std::to_string(candidates.count()) + ", " + std::to_string(root.model->good()) +
                        " good of " + std::to_string(history_.results()) + " results";
        return proposal;
      }
    }
    return draw(request, "tpe's candidates were all proposed before");
  }

  TpeSettings settings_;
  std::uint64_t seed_;
  History history_;
  bool finite_;
  std::vector<Group> groups_;
  std::set<Values> seen_;  ///< where the space is finite
};

std::string check_tpe(const Options&, const SearchSpace&) {
  return "";
}

std::unique_ptr<Sampler> make_tpe(const Options& options, SearchSpace space, std::uint64_t seed) {
  const TpeSettings fallback;
  TpeSettings settings;
  settings.candidates =
      static_cast<std::size_t>(options.integer("candidates", static_cast<std::int64_t>(fallback.candidates)));
  settings.gamma = options.number("gamma", fallback.gamma);
  settings.multivariate = options.flag("multivariate", fallback.multivariate);
  settings.startup = options.integer("startup", fallback.startup);
  settings.random_share = options.number("random_share", fallback.random_share);
  settings.spread = options.number("spread", fallback.spread);
  return std::make_unique<Tpe>(settings, space, seed);
}

}  // namespace

SamplerInfo tpe_entry() {
  return {"tpe",
          "tree-structured Parzen estimator",
          {
              {.name = "candidates",
               .type = OptionType::kInt,
               .help = "how many are drawn for each proposal",
               .low = 1,
               .high = 10000},
              {.name = "gamma",
               .type = OptionType::kNumber,
               .help = "the share of the results with a number that counts as good, 25 at most",
               .low = 0.01,
               .high = 0.9},
              {.name = "multivariate",
               .type = OptionType::kBool,
               .help = "true: parameters that are present together in one model; false: each by itself"},
              {.name = "startup",
               .type = OptionType::kInt,
               .help = "proposals are random until so many results are there",
               .low = 1,
               .high = 1e9},
              {.name = "random_share",
               .type = OptionType::kNumber,
               .help = "how many proposals are random all the same",
               .low = 0,
               .high = 1},
              {.name = "spread",
               .type = OptionType::kNumber,
               .help = "candidates are drawn with the bandwidth times this",
               .low = 1,
               .high = 100},
          },
          check_tpe,
          make_tpe,
          true};
}

}  // namespace coppice
