#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <set>
#include <vector>

#include "samplers/catalog.hpp"
#include "samplers/fast_math.hpp"
#include "samplers/normal.hpp"
#include "samplers/tpe/kernels.hpp"
#include "samplers/tpe/model.hpp"

namespace coppice {
namespace {

using tpe::Axis;
using tpe::Kernels;
using tpe::Model;
using tpe::Points;

Parameter number(std::string name, double low, double high, bool log = false) {
  Parameter p;
  p.name = std::move(name);
  p.low = low;
  p.high = high;
  p.log = log;
  return p;
}

Parameter integer(std::string name, double low, double high, bool log = false) {
  Parameter p = number(std::move(name), low, high, log);
  p.type = ParameterType::kInt;
  return p;
}

Parameter choice(std::string name, const std::vector<std::string>& words) {
  Parameter p;
  p.name = std::move(name);
  p.type = ParameterType::kCategorical;
  p.choices.assign(words.begin(), words.end());
  return p;
}

double density_at(const Kernels& kernels, std::vector<double> point) {
  Points points{point.size(), std::move(point)};
  double out = 0;
  kernels.log_density(points, {&out, 1});
  return std::exp(out);
}

// ---- functions

TEST(FastMath, KeepsItsBounds) {
  for (double x = -87; x <= 0; x += 0.00731) {
    const auto at = static_cast<float>(x);
    const double exact = std::exp(static_cast<double>(at));
    // 3e-7 of the series, and the rounding of x log2(e).
    EXPECT_NEAR(fast::exp(at) / exact, 1, 6e-7 + 1e-7 * std::abs(x)) << x;
  }
  EXPECT_GT(fast::exp(-1e30F), 0);
  EXPECT_LT(fast::exp(-1e30F), 1e-37F);
  for (double x = 1e-30; x < 1e30; x *= 1.37) {
    const auto at = static_cast<float>(x);
    EXPECT_NEAR(fast::log(at), std::log(static_cast<double>(at)), 1e-6 + 1e-7 * std::abs(std::log(x)));
  }
  for (double x = 0; x < 8; x += 0.0137) {
    EXPECT_NEAR(fast::erf(static_cast<float>(x)), std::erf(x), 1e-6) << x;
  }
}

TEST(Normal, QuantilesInvertTheDistribution) {
  EXPECT_EQ(normal_quantile(0.5), 0);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-20), -9.262340089798408, 1e-12);
  for (double p = 1e-12; p < 1; p = p < 0.01 ? p * 3 : p + 0.013) {
    EXPECT_NEAR(normal_cdf(normal_quantile(p)) / p, 1, 1e-12) << p;
  }
}

TEST(Normal, TruncatedStaysInsideAndHasItsMedian) {
  EXPECT_NEAR(truncated_normal(0.5, 0.2, 0.5), 0.5, 1e-6);
  for (const double middle : {0.0, 0.1, 1.0}) {
    for (const double deviation : {1e-3, 0.1, 1.0}) {
      double last = -1;
      for (double u = 0; u < 1; u += 0.05) {
        const double x = truncated_normal(middle, deviation, u);
        EXPECT_GE(x, 0);
        EXPECT_LE(x, 1);
        EXPECT_GT(x, last) << middle << " " << deviation << " " << u;
        last = x;
      }
    }
  }
}

// ---- axes

TEST(Axis, MeasuresCellsAsTheParameterEncodesThem) {
  std::vector<Parameter> parameters = {integer("a", 1, 6),         integer("b", 1, 20, true),
                                       integer("c", 2, 900, true), integer("d", 0, 1000),
                                       number("e", 0, 1),          number("f", 0.5, 8, true)};
  parameters[4].step = 0.125;
  parameters[5].step = 0.5;
  for (const Parameter& parameter : parameters) {
    const Axis axis(parameter);
    EXPECT_EQ(axis.choices(), 0);
    double widths = 0;
    for (const Axis::Cell& cell : axis.cells()) widths += cell.width;
    EXPECT_NEAR(widths, axis.cells().empty() ? 0 : 1, 1e-12) << parameter.name;
    const bool fine = parameter.cardinality() == 0 || parameter.cardinality() > 32;
    EXPECT_EQ(axis.cells().empty(), fine) << parameter.name;
    for (double u = 0; u <= 1; u += 0.00731) {
      const double middle = parameter.encode(parameter.decode(u));
      EXPECT_NEAR(axis.snap(u), middle, 1e-12) << parameter.name << " " << u;
      if (axis.cells().empty()) continue;
      const Axis::Cell& cell = axis.cells()[axis.cell_of(u)];
      EXPECT_NEAR(cell.middle, middle, 1e-12) << parameter.name << " " << u;
      EXPECT_NEAR(axis.cell_variance(middle), cell.width * cell.width / 12, 1e-12) << parameter.name;
    }
  }
}

TEST(Axis, LeavesContinuousValuesAlone) {
  const Axis axis(number("x", 1e-3, 1, true));
  EXPECT_EQ(axis.snap(0.123), 0.123);
  EXPECT_EQ(axis.cell_variance(0.123), 0);
  EXPECT_TRUE(axis.cells().empty());
}

// ---- kernels

TEST(Kernels, AreTheUniformPriorWithoutObservations) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(choice("c", {"a", "b", "c", "d"}))};
  Kernels kernels(axes, 1);
  kernels.settle();
  EXPECT_NEAR(density_at(kernels, {0.3, 0.125}), 0.25, 1e-12);
}

/// Inner loops take several axes at once: no number of them may leave one out or count one twice.
TEST(Kernels, AreProductsOverAnyNumberOfAxes) {
  const auto kernel_alone = [](const Axis& axis, double at, double point, double uniform) {
    const std::vector<Axis> axes = {axis};
    Kernels kernels(axes, 1);
    kernels.insert(0, std::vector{at}, 1);
    kernels.settle();
    return 2 * density_at(kernels, {point}) - uniform;
  };
  for (int numbers = 0; numbers <= 9; ++numbers) {
    for (int choices = numbers == 0 ? 1 : 0; choices <= 9; ++choices) {
      std::vector<Axis> axes;
      std::vector<double> at;
      std::vector<double> point;
      double product = 1;
      double uniform = 1;
      for (int a = 0; a < numbers + choices; ++a) {
        const bool is_choice = a % 2 == 0 ? a / 2 < choices : a / 2 >= numbers;
        axes.emplace_back(is_choice ? choice("c", {"a", "b"}) : number("x", 0, 1));
        at.push_back(is_choice ? 0.25 : 0.3 + 0.02 * a);
        point.push_back(is_choice ? (a % 3 == 0 ? 0.75 : 0.25) : 0.25 + 0.03 * a);
        product *= kernel_alone(axes.back(), at.back(), point.back(), is_choice ? 0.5 : 1);
        uniform *= is_choice ? 0.5 : 1;
      }
      Kernels kernels(axes, 1);
      kernels.insert(0, at, 1);
      kernels.settle();
      const double expected = (product + uniform) / 2;
      EXPECT_NEAR(density_at(kernels, point) / expected, 1, 2e-5) << numbers << " " << choices;
    }
  }
}

TEST(Kernels, IntegrateToOne) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(integer("n", 1, 9, true)),
                                  Axis(choice("c", {"a", "b", "c"}))};
  Kernels kernels(axes, 1);
  Rng rng(1, Purpose::kSimulate, 0);
  for (std::size_t slot = 0; slot < 40; ++slot) {
    const double choice_u = (static_cast<double>(rng.below(3)) + 0.5) / 3;
    kernels.insert(slot, std::vector{rng.uniform() * 0.2, axes[1].snap(rng.uniform()), choice_u},
                   1 + static_cast<std::int64_t>(rng.below(3)));
  }
  kernels.settle();
  double integral = 0;
  constexpr int kSteps = 400;
  for (int i = 0; i < kSteps; ++i) {
    for (const Axis::Cell& cell : axes[1].cells()) {
      for (int c = 0; c < 3; ++c) {
        integral +=
            density_at(kernels, {(i + 0.5) / kSteps, cell.middle, (c + 0.5) / 3}) * cell.width / kSteps;
      }
    }
  }
  EXPECT_NEAR(integral, 1, 1e-4);
}

TEST(Kernels, GiveAGridsPointsAboutTheMassOfTheirCells) {
  const Parameter parameter = integer("n", 0, 9);
  const std::vector<Axis> axes = {Axis(parameter)};
  Kernels kernels(axes, 1);
  // One observation: deviation sqrt((0 + 1/12) / 2), on a grid of 2^(1/16).
  kernels.insert(0, std::vector{0.35}, 1);
  kernels.settle();
  const double deviation = std::exp2(std::round(std::log2(std::sqrt(1.0 / 24)) * 16) / 16);
  const double whole = normal_cdf(0.65 / deviation) - normal_cdf(-0.35 / deviation);
  for (int n = 0; n < 10; ++n) {
    const double mass =
        (normal_cdf((0.1 * (n + 1) - 0.35) / deviation) - normal_cdf((0.1 * n - 0.35) / deviation)) / whole;
    const double got = density_at(kernels, {0.1 * n + 0.05}) / 10;
    EXPECT_NEAR(got, (mass + 0.1) / 2, 0.004) << n;
  }
}

TEST(Kernels, ForgetWithoutATrace) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(integer("n", 1, 1000, true)),
                                  Axis(choice("c", {"a", "b", "c"}))};
  const auto point = [&](std::size_t slot) {
    Rng rng(5, Purpose::kSimulate, slot);
    return std::vector{rng.uniform(), axes[1].snap(rng.uniform()),
                       (static_cast<double>(rng.below(3)) + 0.5) / 3};
  };
  Kernels straight(axes, 1);
  Kernels winding(axes, 1);
  for (std::size_t slot = 0; slot < 700; ++slot) {
    if (slot % 3 != 0) straight.insert(slot, point(slot), 1);
  }
  straight.settle();
  for (std::size_t slot = 700; slot-- > 0;) {
    winding.insert(slot, point(slot), 1);
    winding.settle();
  }
  for (std::size_t slot = 0; slot < 700; slot += 3) {
    winding.erase(slot, point(slot));
    winding.settle();
  }
  EXPECT_EQ(winding.size(), straight.size());
  for (std::size_t at = 1000; at < 1050; ++at) {
    EXPECT_EQ(density_at(winding, point(at)), density_at(straight, point(at)));
  }
}

TEST(Kernels, SampleEachAxisByItsMarginal) {
  const std::vector<Axis> axes = {Axis(number("x", 0, 1)), Axis(choice("c", {"a", "b", "c"}))};
  Kernels kernels(axes, 1);
  kernels.insert(0, std::vector{0.1, 0.5}, 3);
  kernels.insert(1, std::vector{0.8, 5.0 / 6}, 1);
  kernels.settle();
  Rng rng(2, Purpose::kSimulate, 0);
  constexpr int kDraws = 40000;
  Points points{2, {}};
  for (int i = 0; i < kDraws; ++i) kernels.sample(rng, points);
  // By choice and bin what the mixture has there, and by each alone.
  std::array<std::array<double, 10>, 3> joint{};
  std::array<double, 3> by_choice{};
  std::array<double, 10> by_bin{};
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t bin = 0; bin < 10; ++bin) {
      for (int i = 0; i < 100; ++i) {
        const double x = (static_cast<double>(bin) + (i + 0.5) / 100) / 10;
        joint[c][bin] += density_at(kernels, {x, (static_cast<double>(c) + 0.5) / 3}) / 1000;
      }
      by_choice[c] += joint[c][bin];
      by_bin[bin] += joint[c][bin];
    }
  }
  for (int c = 0; c < 3; ++c) {
    for (int bin = 0; bin < 10; ++bin) {
      const double expected = by_choice[static_cast<std::size_t>(c)] * by_bin[static_cast<std::size_t>(bin)];
      int seen = 0;
      for (int i = 0; i < kDraws; ++i) {
        const auto point = points.point(static_cast<std::size_t>(i));
        seen += axes[1].choice_of(point[1]) == c && static_cast<int>(point[0] * 10) == bin ? 1 : 0;
      }
      // The seed is fixed; five standard deviations.
      EXPECT_NEAR(seen, kDraws * expected, 5 * std::sqrt(kDraws * expected) + 1) << c << " " << bin;
    }
  }
}

// ---- the model

Observation scored(double score) {
  return {Observation::Kind::kScored, score};
}

TEST(Model, CountsAShareOfTheResultsAsGoodAndNoMoreThan25) {
  Model model({Axis(number("x", 0, 1))}, 0.1);
  const std::vector<std::pair<std::size_t, std::size_t>> counts = {{1, 1},    {10, 1},   {11, 2},   {50, 5},
                                                                   {100, 10}, {250, 25}, {1000, 25}};
  std::size_t n = 0;
  for (const auto& [results, good] : counts) {
    for (; n < results; ++n) {
      model.tell(static_cast<TrialId>(n), scored(static_cast<double>(n)), std::vector{0.5});
    }
    model.settle();
    EXPECT_EQ(model.results(), results);
    EXPECT_EQ(model.good(), good) << results;
  }
}

TEST(Model, CountsGoodOnesOfAllTrialsWhereSomeAreBehind) {
  Model model({Axis(number("x", 0, 1))}, 0.1);
  TrialId trial = 0;
  const auto tell = [&](Observation::Kind kind, int count) {
    for (int i = 0; i < count; ++i, ++trial) {
      model.tell(trial, {kind, static_cast<double>(trial)}, std::vector{0.5});
    }
    model.settle();
  };
  tell(Observation::Kind::kScored, 12);
  EXPECT_EQ(model.good(), 2u);
  tell(Observation::Kind::kBehind, 13);
  EXPECT_EQ(model.good(), 3u) << "a tenth of 25";
  tell(Observation::Kind::kBehind, 100);
  EXPECT_EQ(model.good(), 3u) << "a quarter of 12";
  EXPECT_EQ(model.results(), 12u);
}

TEST(Model, TakesNoFailureForGood) {
  Model model({Axis(number("x", 0, 1))}, 0.5);
  for (TrialId trial = 0; trial < 10; ++trial) {
    model.tell(trial, trial % 2 == 0 ? Observation{Observation::Kind::kFailed, kWorst} : scored(kWorst),
               std::vector{0.5});
  }
  model.settle();
  EXPECT_EQ(model.results(), 10u);
  EXPECT_EQ(model.good(), 0u);
  model.tell(10, scored(1e300), std::vector{0.5});
  model.settle();
  EXPECT_EQ(model.good(), 1u);
}

TEST(Model, ForgetsTheOldestOfTheRestWhateverTheOrder) {
  const auto point = [](TrialId trial) {
    Rng rng(5, Purpose::kSimulate, static_cast<std::uint64_t>(trial));
    return std::vector{rng.uniform(), rng.uniform()};
  };
  const auto axes = [] { return std::vector{Axis(number("x", 0, 1)), Axis(number("y", 0, 1))}; };
  const auto score = [](TrialId trial) { return static_cast<double>(trial * 7919 % 10007); };
  Model forward(axes(), 0.1);
  Model backward(axes(), 0.1);
  constexpr TrialId kTrials = 10300;
  for (TrialId trial = 0; trial < kTrials; ++trial) {
    forward.tell(trial, {Observation::Kind::kPending, kWorst}, point(trial));
    forward.settle();
    forward.tell(trial, scored(score(trial)), point(trial));
    forward.settle();
  }
  for (TrialId trial = kTrials; trial-- > 0;) {
    backward.tell(trial, scored(score(trial)), point(trial));
    backward.settle();
  }
  Rng a(1, Purpose::kSimulate, 0);
  Rng b(1, Purpose::kSimulate, 0);
  EXPECT_EQ(forward.propose(a, 50).values, backward.propose(b, 50).values);
}

// ---- the sampler

Trial told(TrialId id, Values params, std::optional<double> score) {
  Trial trial;
  trial.id = id;
  trial.params = std::move(params);
  trial.state = score ? TrialState::kComplete : TrialState::kRunning;
  if (score) trial.curve = {{1, *score}};
  return trial;
}

/// Trials that came to `steps` with `score`, and stand there.
Trial paused(TrialId id, Values params, Step steps, double score) {
  Trial trial = told(id, std::move(params), std::nullopt);
  trial.state = TrialState::kPaused;
  trial.curve = {{steps, score}};
  trial.steps = trial.stands_at = steps;
  return trial;
}

TEST(Tpe, LearnsFromTheLargestStepThatEnoughTrialsHaveComeTo) {
  const SearchSpace space({number("x", 0, 1)});
  const auto sampler = make_sampler("tpe", {}, space, 7);
  const auto mean = [&](TrialId first) {
    double sum = 0;
    for (TrialId trial = first; trial < first + 100; ++trial) {
      sum += std::get<double>(sampler->ask({trial, nullptr}).params[0]);
    }
    return sum / 100;
  };
  // At step 1 small x seem good, and the scores are lower than any later.
  for (TrialId trial = 0; trial < 60; ++trial) {
    const double x = static_cast<double>(trial % 20) / 20;
    sampler->tell(paused(trial, {x}, 1, x - 10));
  }
  EXPECT_LT(mean(1000), 0.3);
  // At step 9 large ones are.
  for (TrialId trial = 60; trial < 80; ++trial) {
    const double x = static_cast<double>(trial % 20) / 20;
    sampler->tell(paused(trial, {x}, 9, 1 - x));
  }
  EXPECT_GT(mean(1000), 0.7);
}

TEST(Tpe, AShareIsRandom) {
  const SearchSpace space({number("x", 0, 1)});
  Options options;
  options.set("random_share", 0.5);
  const auto sampler = make_sampler("tpe", options, space, 7);
  const auto random = make_sampler("random", {}, space, 7);
  for (TrialId trial = 0; trial < 40; ++trial) sampler->tell(told(trial, {0.5}, 1.0));
  int same = 0;
  for (TrialId trial = 100; trial < 500; ++trial) {
    same += sampler->ask({trial, nullptr}).params == random->ask({trial, nullptr}).params ? 1 : 0;
  }
  EXPECT_NEAR(same, 200, 50);  // five standard deviations; the seed is fixed
}

TEST(Tpe, SpreadDrawsCandidatesFurtherFromTheGoodOnes) {
  const SearchSpace space({number("x", 0, 1)});
  const auto deviation = [&](double spread) {
    Options options;
    options.set("spread", spread);
    options.set("candidates", std::int64_t{1});
    const auto sampler = make_sampler("tpe", options, space, 7);
    for (TrialId trial = 0; trial < 200; ++trial) {
      sampler->tell(told(trial, {0.5 + 0.001 * static_cast<double>(trial % 7)}, static_cast<double>(trial)));
    }
    double sum = 0;
    for (TrialId trial = 200; trial < 400; ++trial) {
      sum += std::abs(std::get<double>(sampler->ask({trial, nullptr}).params[0]) - 0.5);
    }
    return sum;
  };
  EXPECT_GT(deviation(3), 1.5 * deviation(1));
}

TEST(Tpe, BeginsAsRandomDoes) {
  const SearchSpace space({number("x", 0, 1), integer("n", 1, 1000, true)});
  const auto sampler = make_sampler("tpe", {}, space, 7);
  const auto random = make_sampler("random", {}, space, 7);
  for (TrialId trial = 0; trial < 10; ++trial) {
    const Values params = sampler->ask({trial, nullptr}).params;
    EXPECT_EQ(params, random->ask({trial, nullptr}).params);
    sampler->tell(told(trial, params, 1.0));
  }
  EXPECT_NE(sampler->ask({10, nullptr}).params, random->ask({10, nullptr}).params);
  EXPECT_EQ(sampler->ask({10, nullptr}).note, "tpe: candidate 1 of 24, 1 good of 10 results");
}

TEST(Tpe, LooksWhereTheBestAreAndKeepsAwayFromWhatRuns) {
  for (const bool multivariate : {true, false}) {
    Options options;
    options.set("multivariate", multivariate);
    const SearchSpace space({number("x", 0, 1), choice("c", {"good", "bad"})});
    const auto sampler = make_sampler("tpe", options, space, 7);
    for (TrialId trial = 0; trial < 60; ++trial) {
      const double u = static_cast<double>(trial % 20) / 20;
      const char* const word = trial % 3 == 0 ? "good" : "bad";
      sampler->tell(told(trial, {u, std::string(word)}, std::abs(u - 0.2) + (trial % 3 == 0 ? 0 : 1)));
    }
    int near = 0;
    int good = 0;
    for (TrialId trial = 60; trial < 160; ++trial) {
      const Values params = sampler->ask({trial, nullptr}).params;
      near += std::abs(std::get<double>(params[0]) - 0.2) < 0.2 ? 1 : 0;
      good += std::get<std::string>(params[1]) == "good" ? 1 : 0;
    }
    EXPECT_GT(near, 80);
    EXPECT_GT(good, 80);
  }
}

TEST(Tpe, ProposesNothingTwiceWhileAFiniteSpaceHasMore) {
  Parameter grid = number("g", 0, 1);
  grid.step = 0.25;
  Parameter mode = choice("mode", {"a", "b"});
  mode.when = Condition{"c", {std::string("x")}};
  const SearchSpace space({choice("c", {"x", "y"}), grid, integer("n", 1, 4), mode});
  const auto sampler = make_sampler("tpe", {}, space, 7);
  std::set<Values> seen;
  for (TrialId trial = 0; trial < 50; ++trial) {  // of 60 that there are
    const Values params = sampler->ask({trial, nullptr}).params;
    EXPECT_TRUE(seen.insert(params).second) << trial;
    sampler->tell(told(trial, params, std::nullopt));
    sampler->tell(told(trial, params, std::get<double>(params[1])));
  }
  for (TrialId trial = 50; trial < 80; ++trial) {
    const Values params = sampler->ask({trial, nullptr}).params;
    EXPECT_TRUE(space.admits(params));
    sampler->tell(told(trial, params, 1.0));
  }
}

}  // namespace
}  // namespace coppice
