#include "problems.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "../../support/parameters.hpp"
#include "failing_problems.hpp"
#include "trainables/functions.hpp"
#include "values.hpp"

namespace coppice::bench {

namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;
using spaces::when;
using std::numbers::pi;

using Function = double (*)(std::span<const double>);

/// The same, but what is told of a value is off by a normal error.
Problem with_noise(Problem problem, double standard_deviation) {
  problem.name += "_noisy";
  problem.noise = standard_deviation;
  return problem;
}

/// A function of `count` floats in [low, high].
Problem continuous(std::string name, int count, double low, double high, double optimum, Function function) {
  std::vector<Parameter> parameters;
  for (int i = 1; i <= count; ++i) parameters.push_back(number("x" + std::to_string(i), low, high));
  return {std::move(name), SearchSpace(std::move(parameters)), optimum,
          [function](const SearchSpace&, const Values& values) {
            std::vector<double> x;
            for (const Value& value : values) x.push_back(std::get<double>(value));
            return function(x);
          }};
}

double ackley(std::span<const double> x) {
  double squares = 0;
  double cosines = 0;
  for (const double v : x) {
    squares += v * v;
    cosines += std::cos(2 * pi * v);
  }
  const auto n = static_cast<double>(x.size());
  return 20 + std::numbers::e - 20 * std::exp(-0.2 * std::sqrt(squares / n)) - std::exp(cosines / n);
}

/// A sphere whose middle lies off the middle of the range, differently in each coordinate.
double shifted_sphere(std::span<const double> x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = x[i] - 0.85 * std::sin(1 + 2.0 * static_cast<double>(i));
    sum += d * d;
  }
  return sum;
}

double shifted_rastrigin(std::span<const double> x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = x[i] - 1.3 * std::cos(2 + 3.0 * static_cast<double>(i));
    sum += d * d - 10 * std::cos(2 * pi * d) + 10;
  }
  return sum;
}

double levy(std::span<const double> x) {
  const auto w = [&](std::size_t i) { return 1 + (x[i] - 1) / 4; };
  const std::size_t last = x.size() - 1;
  double sum = std::pow(std::sin(pi * w(0)), 2) +
               std::pow(w(last) - 1, 2) * (1 + std::pow(std::sin(2 * pi * w(last)), 2));
  for (std::size_t i = 0; i < last; ++i) {
    sum += std::pow(w(i) - 1, 2) * (1 + 10 * std::pow(std::sin(pi * w(i) + 1), 2));
  }
  return sum;
}

double styblinski_tang(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += (v * v * v * v - 16 * v * v + 5 * v) / 2;
  return sum;
}

double michalewicz(std::span<const double> x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum -= std::sin(x[i]) * std::pow(std::sin(static_cast<double>(i + 1) * x[i] * x[i] / pi), 20);
  }
  return sum;
}

/// Like tuning a network: logarithms, ints, choices, two optimizers with parameters of their own, and
/// interactions. Least value 0.
Problem network() {
  SearchSpace space({number("rate", 1e-5, 1, true), number("decay", 1e-8, 1e-1, true),
                     integer("batch", 8, 1024, true), integer("layers", 1, 8),
                     integer("width", 16, 2048, true), number("dropout", 0, 0.8),
                     choice("activation", {"relu", "tanh", "gelu", "elu", "silu"}),
                     choice("optimizer", {"sgd", "adam", "rmsprop"}),
                     when(number("momentum", 0, 0.999), "optimizer", {"sgd"}),
                     when(choice("nesterov", {"yes", "no"}), "optimizer", {"sgd"}),
                     when(number("beta1", 0.5, 0.999), "optimizer", {"adam"}),
                     when(number("beta2", 0.8, 0.9999), "optimizer", {"adam"})});
  return {"network12", std::move(space), 0, [](const SearchSpace& s, const Values& v) {
            const double rate = std::log10(number_of(s, v, "rate", 0));
            const double batch = std::log2(number_of(s, v, "batch", 0));
            const double layers = number_of(s, v, "layers", 0);
            const double width = std::log2(number_of(s, v, "width", 0));
            double loss = 0.1 * square(std::log10(number_of(s, v, "decay", 0)) + 4) +
                          0.05 * square(width - 8) + 0.08 * square(layers - 5) +
                          2 * square(number_of(s, v, "dropout", 0) - 0.25);
            double best_rate = -2 + (batch - 6) * 0.25 - (layers - 5) * 0.1;
            if (chosen(s, v, "optimizer", "sgd")) {
              const double momentum = -std::log10(1 - number_of(s, v, "momentum", 0));
              best_rate += 1.5 - momentum;
              loss += 0.15 * square(momentum - 1.2) + (chosen(s, v, "nesterov", "yes") ? 0.15 : 0.2);
            } else if (chosen(s, v, "optimizer", "adam")) {
              best_rate -= 1;
              loss += square(number_of(s, v, "beta1", 0) - 0.9) +
                      0.1 * square(-std::log10(1 - number_of(s, v, "beta2", 0)) - 2.5);
            } else {
              loss += 0.4;
            }
            loss += 0.5 * square(rate - best_rate) + 0.02 * square(batch - 6);
            if (chosen(s, v, "activation", "tanh")) loss += 0.3;
            if (chosen(s, v, "activation", "elu")) loss += 0.1;
            if (chosen(s, v, "activation", "relu")) loss += 0.05;
            if (chosen(s, v, "activation", "silu")) loss += 0.02;
            return loss;
          }};
}

/// Ints only: a quadratic valley off the axes. Least value 0.
Problem integers() {
  std::vector<Parameter> parameters;
  for (int i = 1; i <= 6; ++i) parameters.push_back(integer("n" + std::to_string(i), 0, 15));
  return {"integers6", SearchSpace(std::move(parameters)), 0, [](const SearchSpace&, const Values& values) {
            double sum = 0;
            double previous = 0;
            for (std::size_t i = 0; i < values.size(); ++i) {
              const double d = static_cast<double>(std::get<std::int64_t>(values[i])) -
                               std::fmod(4.0 * static_cast<double>(i) + 3, 13);
              sum += square(d - 0.5 * previous);
              previous = d;
            }
            return sum;
          }};
}

/// Choices only: each has a cost by itself, and neighbours like to be equal. Least value 0.
Problem choices() {
  std::vector<Parameter> parameters;
  for (int i = 1; i <= 8; ++i)
    parameters.push_back(choice("c" + std::to_string(i), {"a", "b", "c", "d", "e"}));
  return {"choices8", SearchSpace(std::move(parameters)), 0, [](const SearchSpace&, const Values& values) {
            double sum = 0;
            int previous = 0;
            for (std::size_t i = 0; i < values.size(); ++i) {
              const int at = std::get<std::string>(values[i])[0] - 'a';
              const int wanted = static_cast<int>(i * i + 1) % 5;
              const int off = (at - wanted + 5) % 5;
              sum += off == 0 ? 0 : 1 + 0.1 * off;
              sum += off != previous ? 0.5 : 0;
              previous = off;
            }
            return sum;
          }};
}

std::vector<Problem> make_problems() {
  std::vector<Problem> all;
  SearchSpace plane({number("x1", -5, 10), number("x2", 0, 15)});
  all.push_back({"branin", std::move(plane), 0.39788735772973816, [](const SearchSpace&, const Values& v) {
                   return branin(std::get<double>(v[0]), std::get<double>(v[1]));
                 }});
  all.push_back(continuous("hartmann6", 6, 0, 1, -3.3223680114155152,
                           [](std::span<const double> x) { return hartmann6(x); }));
  all.push_back(continuous("rosenbrock5", 5, -2.048, 2.048, 0,
                           [](std::span<const double> x) { return rosenbrock(x); }));
  all.push_back(continuous("ackley10", 10, -30, 20, 0, ackley));
  all.push_back(continuous("sphere8", 8, -1, 1, 0, shifted_sphere));
  all.push_back(continuous("rastrigin4", 4, -5.12, 5.12, 0, shifted_rastrigin));
  all.push_back(continuous("levy6", 6, -10, 10, 0, levy));
  all.push_back(continuous("styblinski5", 5, -5, 5, 5 * -39.16616570377142, styblinski_tang));
  all.push_back(continuous("michalewicz5", 5, 0, pi, -4.687658179, michalewicz));
  all.push_back(network());
  all.push_back(integers());
  all.push_back(choices());
  all.push_back(continuous("levy20", 20, -10, 10, 0, levy));
  for (const auto& [name, noise] : {std::pair{"branin", 2.0}, {"hartmann6", 0.2}, {"network12", 0.1}}) {
    all.push_back(with_noise(*std::ranges::find(all, name, &Problem::name), noise));
  }
  for (Problem& problem : failing_problems()) all.push_back(std::move(problem));
  return all;
}

}  // namespace

const std::vector<Problem>& problems() {
  static const std::vector<Problem> all = make_problems();
  return all;
}

const Problem* find_problem(std::string_view name) {
  const auto found = std::find_if(problems().begin(), problems().end(),
                                  [name](const Problem& problem) { return problem.name == name; });
  return found == problems().end() ? nullptr : &*found;
}

}  // namespace coppice::bench
