// Runs methods on problems of a program in another language, which trains what is asked for: JSON lines.
//
// The first line read is {"method", "seed", "workers", "steps", "space": […]} (see
// bridge/space_json.hpp). Then each line written is {"trial", "params", "step"}: train that trial up to this
// step. The answers are {"value": NUMBER}, {"failed": WHY}, or {"spent": true}; after that one, {"trials":
// COUNT} is written, and the next first line read.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "method.hpp"
#include "space_json.hpp"

namespace coppice::bench {

namespace {

using Json = nlohmann::ordered_json;

void write(const Json& json) {
  std::cout << json.dump() << std::endl;  // the other side waits for the line
}

Json read() {
  std::string line;
  if (!std::getline(std::cin, line)) throw std::runtime_error("the input ended within a run");
  return Json::parse(line);
}

class RemoteProblem final : public CurveProblem {
 public:
  RemoteProblem(const Json& space, Step steps, std::vector<Step> measured)
      : space_(space_from(space)), steps_(steps), measured_(std::move(measured)) {}

  const SearchSpace& space() const override { return space_; }
  Step steps() const override { return steps_; }

  std::optional<double> train(TrialId trial, const Parameters& params, Step step) override {
    if (std::find(measured_.begin(), measured_.end(), step) == measured_.end()) return std::nullopt;
    write({{"trial", trial}, {"params", to_json(params)}, {"step", step}});
    const Json answer = read();
    if (answer.contains("spent")) throw BudgetSpent();
    if (answer.contains("failed")) throw std::runtime_error(answer.at("failed").get<std::string>());
    return answer.at("value").get<double>();
  }

 private:
  SearchSpace space_;
  Step steps_;
  std::vector<Step> measured_;
};

void serve() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json first = Json::parse(line);
    const Step steps = first.at("steps");
    const Method method = method_of(first.at("method").get<std::string>(), steps);
    RemoteProblem problem(first.at("space"), steps, method.measured);
    write({{"trials", run(method, problem, first.at("workers"), first.at("seed").get<std::uint64_t>())}});
  }
}

}  // namespace

}  // namespace coppice::bench

int main() {
  try {
    coppice::bench::serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "curves: %s\n", error.what());
    return 1;
  }
}
