#include "samplers/pb2.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/check.hpp"
#include "samplers/gp/expected_improvement.hpp"
#include "samplers/gp/fit.hpp"
#include "samplers/gp/maximise.hpp"
#include "samplers/gp/targets.hpp"
#include "samplers/history.hpp"
#include "samplers/sobol_sequence.hpp"

namespace coppice {

namespace {

/// The most recent ones: the optimum moves, and older ones say little of where it is.
constexpr std::size_t kChanges = 100;
constexpr std::size_t kLeastChanges = 3;
constexpr std::size_t kPending = 64;
constexpr Eigen::Index kFantasies = 16;
constexpr std::size_t kAnchors = 3;
constexpr std::size_t kContext = 2;  ///< axes after those of the space: step, score before

Parameter context_axis(const char* name) {
  Parameter axis;
  axis.name = name;
  axis.high = 1;
  return axis;
}

SearchSpace with_context(const SearchSpace& space) {
  std::vector<Parameter> parameters = space.parameters();
  parameters.push_back(context_axis("(step)"));
  parameters.push_back(context_axis("(score before)"));
  return SearchSpace(std::move(parameters));
}

/// To [0, 1] over the values that were added; 1/2 where they are all equal.
class Range {
 public:
  void add(double value) {
    low_ = any_ ? std::min(low_, value) : value;
    high_ = any_ ? std::max(high_, value) : value;
    any_ = true;
  }
  double operator()(double value) const {
    return high_ > low_ ? std::clamp((value - low_) / (high_ - low_), 0.0, 1.0) : 0.5;
  }

 private:
  double low_ = 0;
  double high_ = 0;
  bool any_ = false;
};

/// The paper's constants; 1 + 0.4 n in place of 0.4 n, whose logarithm has no root for n <= 2.
double kappa_of(std::size_t count) {
  return std::sqrt(0.2 * std::log(1 + 0.4 * static_cast<double>(count)));
}

/// Standard normal numbers from a scrambled Sobol sequence.
Eigen::MatrixXd base_samples(std::size_t pending, std::uint64_t seed, TrialId trial) {
  if (pending == 0) return {};
  constexpr std::uint64_t kOwnStream = std::uint64_t{1} << 54;
  const SobolSequence sequence(pending, seed, static_cast<std::uint64_t>(trial) | kOwnStream);
  Eigen::MatrixXd samples(static_cast<Eigen::Index>(pending), kFantasies);
  std::vector<double> u(pending);
  for (Eigen::Index s = 0; s < samples.cols(); ++s) {
    sequence.point(static_cast<std::uint64_t>(s), u);
    for (std::size_t i = 0; i < pending; ++i) {
      samples(static_cast<Eigen::Index>(i), s) = gp::normal_quantile(u[i]);
    }
  }
  return samples;
}

}  // namespace

Pb2::Pb2(SearchSpace space, std::uint64_t seed, Step interval, double resample_probability,
         std::vector<double> factors)
    : space_(space),
      coordinates_(with_context(space)),
      seed_(seed),
      interval_(interval),
      perturb_(std::move(space), seed, resample_probability, std::move(factors)) {}

void Pb2::tell(const Trial& trial) {
  Told& told = told_[trial.id];
  if (told.encoded.empty()) told.encoded = encode(space_, trial.params);
  told.origin = trial.origin;
  told.failed = trial.state == TrialState::kFailed;
  if (trial.curve.size() > told.curve.size()) {
    told.curve.insert(told.curve.end(), trial.curve.begin() + std::ssize(told.curve), trial.curve.end());
  }
}

/// The last score at or before the step.
std::optional<Score> Pb2::score_at(TrialId trial, Step step) const {
  const auto told = told_.find(trial);
  if (told == told_.end()) return std::nullopt;
  const auto& curve = told->second.curve;
  const auto after = std::upper_bound(curve.begin(), curve.end(), step,
                                      [](Step s, const CurvePoint& point) { return s < point.step; });
  return after == curve.begin() ? std::nullopt : std::optional(std::prev(after)->score);
}

/// From one ready step to the next; the first one begins at the clone's origin, or at the first report.
void Pb2::add_changes(TrialId id, const Told& told, Step upto, std::vector<Change>& changes) const {
  if (told.curve.empty() && !told.origin) return;
  const Step last = told.curve.empty() ? told.origin->step : told.curve.back().step;
  Step from = told.origin ? told.origin->step : told.curve.front().step;
  std::optional<Score> before =
      told.origin ? score_at(told.origin->trial, from) : std::optional(told.curve.front().score);
  while (true) {
    const Step to = (from / interval_ + 1) * interval_;
    const bool shown = to <= last;
    if (to > upto || (!shown && !told.failed)) return;
    const std::optional<Score> after = shown ? score_at(id, to) : std::optional(kWorst);
    if (before && *before < kWorst && after) {
      const bool finite = *after < kWorst;
      changes.push_back(
          {id, from, to, *before, finite ? (*after - *before) / static_cast<double>(to - from) : kWorst});
    }
    if (!shown) return;
    from = to;
    before = after;
  }
}

std::vector<Pb2::Change> Pb2::changes(Step upto) const {
  std::vector<Change> all;
  for (const auto& [id, told] : told_) add_changes(id, told, upto, all);
  std::stable_sort(all.begin(), all.end(), [](const Change& a, const Change& b) {
    return a.to > b.to || (a.to == b.to && a.trial < b.trial);
  });
  if (all.size() > kChanges) all.resize(kChanges);
  return all;
}

/// Clones that were asked for before and have not shown what their hyperparameters do. Those of the same step
/// count whatever became of them meanwhile, which would be a matter of timing.
std::vector<std::pair<TrialId, Pb2::Context>> Pb2::pending(const SampleRequest& request) const {
  std::vector<std::pair<TrialId, Context>> result;
  const Step step = request.from->step;
  for (auto told = told_.rbegin(); told != told_.rend() && result.size() < kPending; ++told) {
    const auto& [id, trial] = *told;
    if (id >= request.trial || !trial.origin || trial.origin->step > step) continue;
    const Step shown = (trial.origin->step / interval_ + 1) * interval_;
    const bool same_step = trial.origin->step == step;
    const bool over = trial.failed || (!trial.curve.empty() && trial.curve.back().step >= shown);
    if (!same_step && over) continue;
    const auto before = score_at(trial.origin->trial, trial.origin->step);
    if (before && *before < kWorst) result.push_back({id, {trial.origin->step, *before}});
  }
  return result;
}

gp::Point Pb2::point_of(const std::vector<double>& encoded, double step, double before) const {
  std::vector<double> whole = encoded;
  whole.push_back(step);
  whole.push_back(before);
  return coordinates_.from_encoded(whole);
}

std::optional<gp::Training> Pb2::train(const std::vector<Change>& changes,
                                       const std::vector<gp::Point>& points) const {
  std::vector<double> values;
  for (const Change& change : changes) values.push_back(change.per_step);
  const auto targets = gp::targets_of(values, gp::Warp::kPower);
  if (!targets) return std::nullopt;
  return gp::Training{coordinates_.features(points), *targets, coordinates_.groups(),
                      coordinates_.group_count()};
}

Proposal Pb2::ask(const SampleRequest& request) const {
  check(request.base != nullptr, "an explorer needs a base");
  const auto fall_back = [&](const char* why) {
    Proposal proposal = perturb_.ask(request);
    proposal.note = std::string("pb2: ") + why + ": " + proposal.note;
    return proposal;
  };
  const auto before = request.from ? score_at(request.from->trial, request.from->step) : std::nullopt;
  if (!before || !(*before < kWorst)) return fall_back("no score to begin from");
  const Context now{request.from->step, *before};
  const std::vector<Change> rows = changes(now.step);
  if (rows.size() < kLeastChanges) return fall_back("too few changes");
  const auto others = pending(request);

  Range steps;
  Range scores;
  steps.add(static_cast<double>(now.step));
  scores.add(now.before);
  for (const Change& row : rows) {
    steps.add(static_cast<double>(row.from));
    scores.add(row.before);
  }
  const auto place = [&](const std::vector<double>& encoded, Step step, Score score) {
    return point_of(encoded, steps(static_cast<double>(step)), scores(score));
  };
  std::vector<gp::Point> points;
  for (const Change& row : rows) points.push_back(place(told_.at(row.trial).encoded, row.from, row.before));
  std::vector<gp::Point> waiting;
  for (const auto& [id, at] : others) waiting.push_back(place(told_.at(id).encoded, at.step, at.before));

  const auto training = train(rows, points);
  if (!training) return fall_back("every change is the same");
  const auto fit = gp::fit_hyperparameters(*training, gp::Kernel::kMatern52);
  if (!fit) return fall_back("the fit failed");
  const auto posterior =
      gp::Posterior::make(*training, gp::Kernel::kMatern52, fit->hyperparameters,
                          coordinates_.features(waiting), base_samples(waiting.size(), seed_, request.trial));
  if (!posterior) return fall_back("the covariance is singular");

  gp::MaximiseRequest search;
  search.acquisition = gp::Acquisition::kConfidenceBound;
  search.kappa = kappa_of(rows.size());
  search.seed = seed_;
  search.stream = static_cast<std::uint64_t>(request.trial);
  const gp::Point base = place(encode(space_, *request.base), now.step, now.before);
  search.pinned.resize(coordinates_.size());
  for (std::size_t i = base.size() - kContext; i < base.size(); ++i) search.pinned[i] = base[i];
  const gp::Point trained = place(encode(space_, *request.trained_with()), now.step, now.before);
  for (std::size_t i = 0; i < space_.size(); ++i) {
    if (space_.parameters()[i].fixed) search.pinned[i] = trained[i];
  }
  std::vector<std::size_t> order(points.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const Eigen::VectorXd& fitted = posterior->fitted();
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return fitted[static_cast<Eigen::Index>(a)] < fitted[static_cast<Eigen::Index>(b)];
  });
  search.anchors.push_back(base);
  for (std::size_t i = 0; i < std::min(kAnchors, order.size()); ++i)
    search.anchors.push_back(points[order[i]]);
  const auto found = gp::maximise(*posterior, coordinates_, search);
  if (!found) return fall_back("nothing was found");

  Proposal proposal;
  proposal.params = coordinates_.decode(found->point);
  proposal.params.resize(space_.size());
  for (std::size_t i = 0; i < space_.size(); ++i) {
    const Value& own = request.trained_with()->at(i);
    const bool keeps = space_.parameters()[i].fixed && !is_absent(own) && !is_absent(proposal.params[i]);
    if (keeps) proposal.params[i] = own;
  }
  proposal.note =
      "pb2: by " + std::to_string(rows.size()) + " changes up to step " + std::to_string(now.step);
  if (!others.empty()) proposal.note += ", " + std::to_string(others.size()) + " pending";
  return proposal;
}

}  // namespace coppice
