// Mistakes in the search space and its conditions.
#include <gtest/gtest.h>

#include <string>

#include "bad_study.hpp"

namespace coppice {
namespace {

TEST(BadStudy, Space) {
  expect_all_refused(
      {{kNoSpace, 1, 1, {"space: is missing"}},
       {kNoSpace + "space: {}\n", 3, 8, {"at least one parameter"}},
       {kNoSpace + "space: {x: [0, 1]}\n", 3, 12, {"space.x", "a list"}},
       {kNoSpace + "space: {x: {low: 0, high: 1}}\n", 3, 12, {"space.x.type: is missing"}},
       {kNoSpace + "space: {x: {type: flaot, low: 0, high: 1}}\n", 3, 19, {"did you mean 'float'"}},
       {kNoSpace + "space: {x: {type: float, low: 0}}\n", 3, 12, {"space.x.high: is missing"}},
       {kNoSpace + "space: {x: {type: float, low: 0, hihg: 1}}\n", 3, 34, {"did you mean 'high'"}},
       {kNoSpace + "space: {x: {type: float, low: 0, high: 1, choices: [1]}}\n",
        3,
        43,
        {"unknown key 'choices'"}},
       {kNoSpace + "space:\n  x: {type: float, low: 2, high: 1}\n", 4, 25, {"empty range", "swap"}},
       {kNoSpace + "space:\n  x: {type: float, low: 1, high: 1}\n", 4, 25, {"empty range", "widen"}},
       {kNoSpace + "space:\n  x: {type: float, low: '0', high: 1}\n", 4, 25, {"expected a number"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: .inf}\n", 4, 34, {"expected a number"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1e999}\n", 4, 34, {"out of the range"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, log: true}\n", 4, 25, {"log needs low > 0"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, log: on}\n", 4, 42, {"true or false"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, step: 0}\n", 4, 43, {"greater than 0"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, step: 2}\n",
        4,
        43,
        {"larger than the range"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1e300, step: 1e-9}\n", 4, 3, {"too small"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: normal}\n", 4, 44, {"{mean: 0.9"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: {mean: 0.5}}\n",
        4,
        44,
        {"space.x.prior.deviation: is missing"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: {mean: 0.5, factor: 2}}\n",
        4,
        56,
        {"without log", "deviation: 0.05"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: {mean: 2, deviation: 1}}\n",
        4,
        3,
        {"space.x", "between low and high"}},
       {kNoSpace + "space:\n  x: {type: float, low: 1, high: 9, log: true, prior: {mean: 2, factor: 1}}\n",
        4,
        73,
        {"greater than 1"}},
       {kNoSpace + "space:\n  x: {type: int, low: 0.5, high: 3}\n", 4, 23, {"expected an integer"}},
       {kNoSpace + "space:\n  x: {type: int, low: 0, high: 1e17}\n", 4, 32, {"at most"}},
       {kNoSpace + "space:\n  x: {type: categorical}\n", 4, 6, {"choices: is missing"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: []}\n", 4, 35, {"empty"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [a, b, a]}\n", 4, 42, {"'a' is there twice"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [1, 1.0]}\n", 4, 39, {"twice"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [~, a]}\n", 4, 36, {"nothing"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [[1]]}\n", 4, 36, {"a list"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [a], log: true}\n",
        4,
        40,
        {"unknown key 'log'"}},
       {kNoSpace + "space:\n  steps: {type: float, low: 0, high: 1}\n", 4, 3, {"column of study.h5"}},
       {kNoSpace + "space:\n  a/b: {type: float, low: 0, high: 1}\n", 4, 3, {"'/'"}},
       {kNoSpace + "space:\n  '': {type: float, low: 0, high: 1}\n", 4, 3, {"empty"}},
       {kNoSpace + "space:\n  " + std::string(61, 'x') + ": {type: float, low: 0, high: 1}\n",
        4,
        3,
        {"61 bytes"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1}\n  x: {type: float, low: 0, high: 2}\n",
        5,
        3,
        {"twice", "line 4"}}});
}

const std::string kParent =
    kNoSpace +
    "space:\n  opt: {type: categorical, choices: [sgd, adam]}\n  y: {type: float, low: 0, high: 1}\n";

TEST(BadStudy, When) {
  expect_all_refused(
      {{kParent + "  x: {type: int, low: 0, high: 9, when: {pot: sgd}}\n",
        6,
        42,
        {"unknown parameter 'pot'", "did you mean 'opt'"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {opt: sdg}}\n",
        6,
        47,
        {"opt has no choice 'sdg'", "did you mean 'sgd'"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {y: 0.5}}\n", 6, 42, {"is a float"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: opt}\n", 6, 41, {"{optimizer: sgd}"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {opt: []}}\n", 6, 47, {"at least one value"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {opt: sgd, y: 1}}\n", 6, 41, {"one parameter"}},
       {kParent + "  x: {type: int, low: 0, high: 9}\n  z: {type: int, low: 0, high: 9, when: {x: 10}}\n",
        7,
        45,
        {"x can't be 10"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {z: 1}}\n  z: {type: int, low: 0, high: "
                  "9, when: {x: 1}}\n",
        6,
        3,
        {"leads back to itself"}}});
}

}  // namespace
}  // namespace coppice
