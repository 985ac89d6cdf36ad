#include "samplers/explore_hook.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "core/nearest.hpp"
#include "core/program_seed.hpp"
#include "samplers/draw.hpp"
#include "samplers/number_of.hpp"

namespace coppice {

namespace {

std::vector<std::string> names_of(const SearchSpace& space) {
  std::vector<std::string> names;
  for (const Parameter& parameter : space.parameters()) names.push_back(parameter.name);
  return names;
}

/// 1 and 1.0 are the same.
bool same(const Value& a, const Value& b) {
  const auto x = number_of(a);
  const auto y = number_of(b);
  return x && y ? *x == *y : a == b;
}

std::string range_text(const Parameter& parameter) {
  if (parameter.type == ParameterType::kCategorical) {
    std::string text;
    for (const Value& choice : parameter.choices) text += (text.empty() ? "" : ", ") + to_text(choice);
    return "one of " + text;
  }
  const bool whole = parameter.type == ParameterType::kInt;
  return (whole ? "a whole number in [" : "a number in [") + to_text(parameter.low) + ", " +
         to_text(parameter.high) + "]";
}

/// The value as the parameter holds it; nothing where it can't.
std::optional<Value> fitted(const Parameter& parameter, const Value& given) {
  if (parameter.type == ParameterType::kCategorical) {
    const auto found = std::find_if(parameter.choices.begin(), parameter.choices.end(),
                                    [&](const Value& choice) { return same(choice, given); });
    return found == parameter.choices.end() ? std::nullopt : std::optional(*found);
  }
  const auto number = number_of(given);
  if (!number || !(*number >= parameter.low && *number <= parameter.high)) return std::nullopt;
  if (parameter.type == ParameterType::kInt) {
    if (*number != std::floor(*number)) return std::nullopt;
    const auto* exact = std::get_if<std::int64_t>(&given);
    const Value value = exact != nullptr ? *exact : static_cast<std::int64_t>(*number);
    return parameter.admits(value) ? value : parameter.decode(parameter.encode(value));
  }
  const Value value = *number;
  return parameter.admits(value) ? value : parameter.decode(parameter.encode(value));  // the grid's nearest
}

}  // namespace

ExploreHook::ExploreHook(SearchSpace space, std::uint64_t seed, bool minimize,
                         std::unique_ptr<Sampler> instead)
    : space_(std::move(space)), seed_(seed), minimize_(minimize), instead_(std::move(instead)) {}

void ExploreHook::tell(const Trial& trial) {
  instead_->tell(trial);
  Told& told = told_[trial.id];
  if (told.params.empty()) told.params = trial.params;
  for (; told.points < trial.curve.size(); ++told.points) {
    const CurvePoint& point = trial.curve[told.points];
    if (point.score < kWorst) at_[point.step].push_back({point.score, trial.id});
  }
}

ExploreHook::Question ExploreHook::question(const SampleRequest& request) const {
  check(request.base != nullptr && request.from, "an explorer needs a base, and a state");
  Question question{{}, *request.base, *request.trained_with(), instead_->ask(request)};
  ExploreRequest& asked = question.request;
  asked.trial = request.trial;
  asked.seed = program_seed(
      Rng(seed_, Purpose::kPerturb, static_cast<std::uint64_t>(request.trial), hash_name("(explore)")));
  asked.base = space_.named(question.base);
  asked.origin = request.from->trial;
  asked.step = request.from->step;
  asked.origin_parameters = space_.named(question.trained_with);
  asked.perturbed = space_.named(question.instead.params);
  asked.minimize = minimize_;
  if (const auto found = at_.find(asked.step); found != at_.end()) {
    std::vector<Ranked> ranked = found->second;
    const auto count = std::min(kStandings, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end());
    for (std::size_t i = 0; i < count; ++i) {
      const double value = minimize_ ? ranked[i].score : -ranked[i].score;
      asked.standings.push_back({ranked[i].trial, space_.named(told_.at(ranked[i].trial).params), value});
    }
  }
  return question;
}

std::string ExploreHook::take(const Question& question, const Parameters& answer, Proposal& proposal) const {
  for (const auto& [name, value] : answer.items()) {
    if (space_.index_of(name) == space_.size())
      return "there is no parameter '" + name + "'" + suggest(name, names_of(space_));
  }
  Values params = question.base;
  std::string moved;
  for (std::size_t i = 0; i < space_.size(); ++i) {
    const Parameter& parameter = space_.parameters()[i];
    Value& value = params[i];
    if (parameter.fixed) value = question.trained_with[i];
    if (!space_.active(i, params)) {
      value = std::monostate{};
      continue;
    }
    const bool keeps = parameter.fixed && !is_absent(value);
    const Value* given = answer.find(parameter.name);
    if (given != nullptr && !is_absent(*given) && !keeps) {
      auto fit = fitted(parameter, *given);
      if (!fit) return parameter.name + " is " + to_text(*given) + ", not " + range_text(parameter);
      value = std::move(*fit);
    } else if (is_absent(value)) {  // switched on by another one's move
      Rng rng(seed_, Purpose::kPerturb, static_cast<std::uint64_t>(question.request.trial),
              hash_name(parameter.name));
      value = draw_value(parameter, rng);
    }
    if (!keeps && value != question.base[i]) moved += " " + parameter.name;
  }
  proposal = {std::move(params), moved.empty() ? "hook: unchanged" : "hook: moved" + moved};
  return "";
}

Proposal ExploreHook::instead(const Question& question, std::string_view why) {
  Proposal proposal = question.instead;
  proposal.note = "hook: " + std::string(why) + "; perturb instead: " + proposal.note;
  return proposal;
}

}  // namespace coppice
