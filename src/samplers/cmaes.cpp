/// cmaes: covariance matrix adaptation (Hansen's tutorial, arXiv:1604.00772) with active weights, restarts,
/// integers by margins and categorical parameters beside it; asynchronous. README.md says what is done, with
/// which constants, and where it departs from the papers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "samplers/catalog.hpp"
#include "samplers/cmaes/generations.hpp"
#include "samplers/history.hpp"

namespace coppice {

namespace {

using cmaes::Domain;
using cmaes::Generations;
using cmaes::Genotype;
using cmaes::RestartKind;

bool is_choice(const Parameter& parameter) {
  return parameter.type == ParameterType::kCategorical && !parameter.ordered;
}

/// The edges between the cells of a parameter's grid; a fine grid passes for continuous.
cmaes::Edges edges_of(const Parameter& parameter) {
  constexpr std::int64_t kMaxCells = 1024;
  const std::int64_t count = parameter.cardinality();
  cmaes::Edges edges;
  if (count < 2 || count > kMaxCells) return edges;
  for (std::int64_t i = 1; i < count; ++i) edges.push_back(parameter.cell_edge(i));
  return edges;
}

Domain make_domain(const SearchSpace& space) {
  Domain domain;
  for (const Parameter& parameter : space.parameters()) {
    if (is_choice(parameter)) {
      domain.choices.push_back(static_cast<int>(parameter.choices.size()));
    } else {
      domain.coordinates.push_back(edges_of(parameter));
    }
  }
  // One without a meaning, where there is no other.
  if (domain.coordinates.empty()) domain.coordinates.emplace_back();
  return domain;
}

class Cmaes final : public Sampler {
 public:
  Cmaes(const cmaes::Settings& settings, SearchSpace space, std::uint64_t seed)
      : history_(std::move(space)), generations_(make_domain(history_.space()), settings, seed) {}

  Proposal ask(const SampleRequest& request) const override {
    const Genotype drawn = generations_.draw(request.trial);
    Proposal proposal;
    Eigen::Index coordinate = 0;
    std::size_t choice = 0;
    for (const Parameter& parameter : history_.space().parameters()) {
      if (is_choice(parameter)) {
        proposal.params.push_back(parameter.choices[static_cast<std::size_t>(drawn.choices[choice++])]);
      } else {
        proposal.params.push_back(parameter.decode(drawn.x[coordinate++]));
      }
    }
    history_.space().prune_inactive(proposal.params);
    proposal.note = "cmaes: generation " + std::to_string(generations_.number()) + ", sigma " +
                    to_text(generations_.evolution().sigma());
    if (generations_.restarts() > 0) proposal.note += ", restart " + std::to_string(generations_.restarts());
    proposal.tag = generations_.tag();
    return proposal;
  }

  void tell(const Trial& trial) override {
    if (!history_.tell(trial)) return;
    generations_.tell(trial.id, trial.tag, history_.observation(trial.id), encode_genotype(trial.id));
  }

 private:
  /// What a trial that somebody else proposed stands for; the middle where it has no value.
  Genotype encode_genotype(TrialId trial) const {
    const auto encoded = history_.encoded(trial);
    const auto& parameters = history_.space().parameters();
    std::vector<double> x;
    Genotype genotype;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const double u = std::isnan(encoded[i]) ? 0.5 : encoded[i];
      if (is_choice(parameters[i])) {
        const auto count = static_cast<int>(parameters[i].choices.size());
        genotype.choices.push_back(std::min(static_cast<int>(u * count), count - 1));
      } else {
        x.push_back(u);
      }
    }
    if (x.empty()) x.push_back(0.5);
    genotype.x = Eigen::Map<const Eigen::VectorXd>(x.data(), static_cast<Eigen::Index>(x.size()));
    return genotype;
  }

  History history_;
  Generations generations_;
};

std::string check_cmaes(const Options&, const SearchSpace&) {
  return "";
}

std::unique_ptr<Sampler> make_cmaes(const Options& options, SearchSpace space, std::uint64_t seed) {
  cmaes::Settings settings;
  const auto coordinates = static_cast<int>(make_domain(space).coordinates.size());
  settings.population =
      static_cast<int>(options.integer("population", cmaes::default_population(coordinates)));
  settings.sigma = options.number("sigma", settings.sigma);
  settings.adapt_learning_rate = options.flag("adapt_learning_rate", false);
  const std::string restarts = options.text("restarts", "bipop");
  settings.restarts = restarts == "bipop"  ? RestartKind::kBipop
                      : restarts == "ipop" ? RestartKind::kIpop
                                           : RestartKind::kNone;
  return std::make_unique<Cmaes>(settings, std::move(space), seed);
}

}  // namespace

SamplerInfo cmaes_entry() {
  return {"cmaes",
          "covariance matrix adaptation evolution strategy",
          {
              {.name = "population",
               .type = OptionType::kInt,
               .help = "results that make a generation; absent: 4 + 3 ln(parameters)",
               .low = 4,
               .high = 100000},
              {.name = "sigma",
               .type = OptionType::kNumber,
               .help = "the first standard deviation, as a part of each range",
               .low = 1e-6,
               .high = 10},
              {.name = "restarts",
               .type = OptionType::kText,
               .help = "what to do when it has converged",
               .choices = {"bipop", "ipop", "none"}},
              {.name = "adapt_learning_rate",
               .type = OptionType::kBool,
               .help = "slower where results are noisy or have many optima, instead of a larger population"},
          },
          check_cmaes,
          make_cmaes,
          true};
}

}  // namespace coppice
