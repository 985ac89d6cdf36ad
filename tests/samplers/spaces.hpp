/// Search spaces for samplers to be tested in.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../support/parameters.hpp"
#include "coppice/search_space.hpp"

namespace coppice::spaces {

/// x1 … xd in [0, 1].
inline SearchSpace cube(int d) {
  std::vector<Parameter> parameters;
  for (int i = 1; i <= d; ++i) parameters.push_back(number("x" + std::to_string(i), 0, 1));
  return SearchSpace(std::move(parameters));
}

/// Every kind of parameter, conditions within conditions.
inline SearchSpace mixed() {
  return SearchSpace({
      number("rate", 1e-4, 1, true),
      integer("batch", 16, 256, true),
      integer("layers", 1, 5),
      stepped("drop", 0, 0.5, 0.1),
      choice("optimizer", {text("sgd"), text("adam"), text("lion")}),
      when(number("momentum", 0.5, 0.99), "optimizer", {text("sgd")}),
      when(choice("nesterov", {true, false}), "optimizer", {text("sgd")}),
      when(choice("flavour", {text("a"), text("b"), text("c")}), "optimizer", {text("adam"), text("lion")}),
      when(number("beta", 0, 1), "flavour", {text("b")}),
      when(integer("width", 1, 1000), "layers", {whole(2), whole(3)}),
      choice("size", {whole(32), whole(64), whole(128)}, true),
  });
}

/// Priors on every kind of number, on grids of few and of many points.
inline SearchSpace with_priors() {
  Parameter fine = stepped("fine", 0, 1, 0.001);
  return SearchSpace({
      believed(number("rate", 1e-6, 1, true), 1e-3, 1.1),
      believed(number("momentum", 0, 1), 0.9, 0.2),
      believed(integer("layers", 1, 9), 3, 1),
      believed(integer("width", 1, 2000, true), 100, 1),
      believed(fine, 0.5, 0.1),
      integer("batch", 16, 256, true),
  });
}

/// 12 points.
inline SearchSpace finite() {
  return SearchSpace({integer("n", 1, 4), choice("c", {text("a"), text("b"), text("c")})});
}

}  // namespace coppice::spaces
