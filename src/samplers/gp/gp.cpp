/// gp: Bayesian optimisation with a Gaussian process. See src/samplers/README.md.
///
/// `ask` fits the model anew: it is a pure function of what was told, by trial and not by order, so that a
/// resumed study proposes what the first one would have. Safe from any thread while nobody tells.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "samplers/catalog.hpp"
#include "samplers/gp/coordinates.hpp"
#include "samplers/gp/data.hpp"
#include "samplers/gp/fit.hpp"
#include "samplers/gp/maximise.hpp"
#include "samplers/gp/posterior.hpp"
#include "samplers/gp/warp.hpp"
#include "samplers/grid.hpp"
#include "samplers/history.hpp"
#include "samplers/sobol_sequence.hpp"

namespace coppice {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Of rows of the data.
constexpr std::size_t kObservationLimit = 1000;
/// The most recent pending trials; more of them would cost more than they tell.
constexpr std::size_t kPendingLimit = 128;
constexpr Index kFantasies = 32;
/// The best points, around which the acquisition is looked at closely.
constexpr std::size_t kAnchors = 4;
/// Noise above this share of the signal lets a point be tried again.
constexpr double kNoisy = 0.01;

struct Settings {
  gp::Kernel kernel = gp::Kernel::kMatern52;
  std::string acquisition;
  gp::Warp warp = gp::Warp::kPower;
  double kappa = 0;
  std::size_t startup = 0;
  bool all_rungs = false;
};

Settings settings_of(const Options& options, const SearchSpace& space) {
  Settings settings;
  if (options.text("kernel", "matern52") == "rbf") settings.kernel = gp::Kernel::kRbf;
  settings.acquisition = options.text("acquisition", "ei");
  if (options.text("warp", "power") == "none") settings.warp = gp::Warp::kNone;
  settings.kappa = options.number("kappa", 1.8);
  const auto startup = std::min<std::int64_t>(2 * static_cast<std::int64_t>(space.size()), 8);
  settings.startup = static_cast<std::size_t>(options.integer("startup", std::max<std::int64_t>(startup, 2)));
  settings.all_rungs = options.text("rungs", "one") == "all";
  return settings;
}

/// Every point of a finite space; nothing where they can't be counted.
std::optional<Grid> all_points(const SearchSpace& space) {
  for (const Parameter& parameter : space.parameters()) {
    if (parameter.cardinality() == 0) return std::nullopt;
  }
  if (!Grid::problem(space, 1).empty()) return std::nullopt;
  return Grid(space, 1);
}

class Gp final : public Sampler {
 public:
  Gp(const SearchSpace& space, std::uint64_t seed, Settings settings)
      : coordinates_(space),
        grid_(all_points(space)),
        history_(space, std::max(settings.startup, space.size() + 1)),
        seed_(seed),
        settings_(std::move(settings)),
        start_(std::min(coordinates_.size(), SobolSequence::kDimensions), seed, 0) {}

  Proposal ask(const SampleRequest& request) const override;
  void tell(const Trial& trial) override { history_.tell(trial); }

 private:
  bool all_tried(const gp::Data& data) const { return grid_ && std::ssize(data.taken) >= grid_->size(); }
  gp::Point new_point(TrialId trial, const gp::Data& data) const;
  Proposal nothing_left() const;
  Proposal spread_point(TrialId trial, const std::string& why, const gp::Data& data) const;
  std::optional<gp::Point> propose(const gp::Posterior& posterior, const gp::Coordinates& coordinates,
                                   gp::MaximiseRequest search) const;
  MatrixXd base_samples(std::size_t pending, TrialId trial) const;

  gp::Coordinates coordinates_;
  std::optional<Grid> grid_;  ///< where the space is finite
  History history_;
  std::uint64_t seed_;
  Settings settings_;
  SobolSequence start_;
};

Proposal Gp::nothing_left() const {
  const std::string count = std::to_string(grid_->size());
  return {.params = {}, .note = count + " of " + count + " points were proposed", .exhausted = true};
}

/// The trial's point of the Sobol sequence; where a discrete space had it already, one that it had not.
Proposal Gp::spread_point(TrialId trial, const std::string& why, const gp::Data& data) const {
  if (all_tried(data)) return nothing_left();
  constexpr std::uint64_t kTries = 64;
  constexpr std::uint64_t kFarAway = 1u << 24;  // no other trial's point
  gp::Point point(coordinates_.size());
  for (std::uint64_t i = 0; i < kTries; ++i) {
    const std::uint64_t index = static_cast<std::uint64_t>(trial) + i * kFarAway;
    start_.point(index, std::span(point).first(start_.dimensions()));
    for (std::size_t axis = start_.dimensions(); axis < point.size(); ++axis) {
      point[axis] = Rng(seed_, Purpose::kSample, index, static_cast<std::uint32_t>(axis)).uniform();
    }
    coordinates_.snap(point);
    if (!data.taken.contains(coordinates_.key(point))) break;
    if (grid_ && i + 1 == kTries) point = new_point(trial, data);
  }
  return {coordinates_.decode(point), "gp: " + why + ": a spread point"};
}

/// The next one of a shuffled grid that was not taken. Precondition: there is one.
gp::Point Gp::new_point(TrialId trial, const gp::Data& data) const {
  for (std::int64_t index = trial;; ++index) {
    const std::int64_t place = permute(index % grid_->size(), grid_->size(), seed_);
    gp::Point point = coordinates_.from_encoded(encode(coordinates_.space(), grid_->at(place)));
    if (!data.taken.contains(coordinates_.key(point))) return point;
  }
}

/// Standard normal numbers from a scrambled Sobol sequence: the same for every point of one ask.
MatrixXd Gp::base_samples(std::size_t pending, TrialId trial) const {
  if (pending == 0) return {};
  constexpr std::uint64_t kOwnStream = std::uint64_t{1} << 55;
  const SobolSequence sequence(pending, seed_, static_cast<std::uint64_t>(trial) | kOwnStream);
  MatrixXd samples(static_cast<Index>(pending), kFantasies);
  std::vector<double> u(pending);
  for (Index s = 0; s < samples.cols(); ++s) {
    sequence.point(static_cast<std::uint64_t>(s), u);
    for (std::size_t i = 0; i < pending; ++i) {
      samples(static_cast<Index>(i), s) = gp::normal_quantile(u[i]);
    }
  }
  return samples;
}

std::optional<gp::Point> Gp::propose(const gp::Posterior& posterior, const gp::Coordinates& coordinates,
                                     gp::MaximiseRequest search) const {
  if (settings_.acquisition == "thompson") return gp::draw_minimum(posterior, coordinates, search);
  if (settings_.acquisition == "ucb") search.acquisition = gp::Acquisition::kConfidenceBound;
  if (settings_.acquisition == "pi") search.acquisition = gp::Acquisition::kProbabilityOfImprovement;
  search.kappa = settings_.kappa;
  auto best = gp::maximise(posterior, coordinates, search);
  if (!best) return std::nullopt;
  return std::move(best->point);
}

Proposal Gp::ask(const SampleRequest& request) const {
  gp::Data data = gp::gather(history_, coordinates_, settings_.all_rungs);
  if (data.results < settings_.startup) return spread_point(request.trial, "too few results", data);
  if (data.finite() < 2) return spread_point(request.trial, "too few scores", data);
  const std::size_t rows = data.scores.size();
  gp::limit(data, kObservationLimit, kPendingLimit);
  const auto training = gp::train(data, coordinates_, settings_.warp);
  if (!training) return spread_point(request.trial, "every score is the same", data);
  const auto fit = gp::fit_hyperparameters(*training, settings_.kernel);
  if (!fit) return spread_point(request.trial, "the fit failed", data);
  const gp::Coordinates seen = gp::view(data, coordinates_);
  const auto posterior =
      gp::Posterior::make(*training, settings_.kernel, fit->hyperparameters, seen.features(data.pending),
                          base_samples(data.pending.size(), request.trial));
  if (!posterior) return spread_point(request.trial, "the covariance is singular", data);

  gp::MaximiseRequest search;
  std::vector<std::size_t> order(static_cast<std::size_t>(training->contenders));
  std::iota(order.begin(), order.end(), std::size_t{0});
  const VectorXd& fitted = posterior->fitted();
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return fitted[static_cast<Index>(a)] < fitted[static_cast<Index>(b)];
  });
  order.resize(std::min(kAnchors, order.size()));
  for (const std::size_t i : order) search.anchors.push_back(data.points[i]);
  const bool noisy = posterior->noise() > kNoisy * posterior->signal();
  if (!noisy && all_tried(data)) return nothing_left();
  search.taken = all_tried(data) ? nullptr : &data.taken;
  search.seed = seed_;
  search.stream = static_cast<std::uint64_t>(request.trial);
  const auto point = propose(*posterior, seen, std::move(search));
  if (!point) return spread_point(request.trial, "every point that was looked at was tried", data);

  std::string note = "gp: " + settings_.acquisition + " after " + std::to_string(data.points.size());
  if (data.points.size() < rows) note += " of " + std::to_string(rows);
  note += " observations";
  if (!data.places.empty()) note += " at " + std::to_string(data.places.size()) + " rungs";
  if (!data.pending.empty()) note += ", " + std::to_string(data.pending.size()) + " pending";
  return {coordinates_.decode(*point), note};
}

std::string check_gp(const Options&, const SearchSpace&) {
  return "";
}

std::unique_ptr<Sampler> make_gp(const Options& options, SearchSpace space, std::uint64_t seed) {
  Settings settings = settings_of(options, space);
  return std::make_unique<Gp>(space, seed, std::move(settings));
}

}  // namespace

SamplerInfo gp_entry() {
  constexpr double kAny = std::numeric_limits<double>::infinity();
  return {"gp",
          "Bayesian optimisation with a Gaussian process",
          {
              {"kernel", OptionType::kText, "covariance function", false, -kAny, kAny, {"matern52", "rbf"}},
              {"acquisition",
               OptionType::kText,
               "what the next point maximises",
               false,
               -kAny,
               kAny,
               {"ei", "ucb", "pi", "thompson"}},
              {"warp", OptionType::kText, "transformation of scores", false, -kAny, kAny, {"power", "none"}},
              {"rungs",
               OptionType::kText,
               "whose scores are modelled: those of the largest that enough trials have come to, or all",
               false,
               -kAny,
               kAny,
               {"one", "all"}},
              {"startup", OptionType::kInt, "results before the model is used", false, 2, 1e6},
              {"kappa", OptionType::kNumber, "ucb: standard deviations below the mean", false, 0, 100},
          },
          check_gp,
          make_gp,
          true};
}

}  // namespace coppice
