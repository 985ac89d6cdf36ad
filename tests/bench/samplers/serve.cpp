#include "serve.hpp"

#include <cstdint>
#include <istream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>

#include "samplers/catalog.hpp"
#include "space_json.hpp"

namespace coppice::bench {

namespace {

using Json = nlohmann::ordered_json;

/// One optimisation: one trial after the other.
class Session {
 public:
  explicit Session(const Json& first) : space_(space_from(first.at("space"))) {
    SamplerSetup setup;
    setup.max_trials = first.at("trials").get<std::int64_t>();
    sampler_ = make_sampler(first.at("sampler").get<std::string>(), {}, space_,
                            first.at("seed").get<std::uint64_t>(), setup);
  }

  Json ask() {
    Proposal proposal = sampler_->ask({next_, nullptr});
    if (proposal.exhausted) return {{"exhausted", proposal.note}};
    trial_ = {};
    trial_.id = next_++;
    trial_.params = std::move(proposal.params);
    trial_.tag = std::move(proposal.tag);
    trial_.state = TrialState::kRunning;
    sampler_->tell(trial_);
    return {{"params", to_json(space_.named(trial_.params))}, {"note", proposal.note}};
  }

  void tell(const Json& score) {
    if (score.is_null()) {
      trial_.state = TrialState::kFailed;
    } else {
      trial_.curve = {{1, score.get<double>()}};
      trial_.steps = trial_.stands_at = 1;
      trial_.state = TrialState::kComplete;
    }
    sampler_->tell(trial_);
  }

 private:
  SearchSpace space_;
  std::unique_ptr<Sampler> sampler_;
  Trial trial_;
  TrialId next_ = 0;
};

}  // namespace

void serve(std::istream& in, std::ostream& out) {
  std::unique_ptr<Session> session;
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line);
    if (json.contains("space")) {
      session = std::make_unique<Session>(json);
    } else {
      if (!session) throw std::invalid_argument("a result before a space");
      session->tell(json.at("score"));
    }
    out << session->ask().dump() << std::endl;  // the other side waits for the line
  }
}

}  // namespace coppice::bench
