#include "cli/user_explorer.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/clock.hpp"
#include "cli/first_host.hpp"
#include "cli/stopped_early.hpp"
#include "core/check.hpp"
#include "samplers/catalog.hpp"

namespace coppice {
namespace {

/// As long as a sampler may take.
constexpr double kAnswer_s = 10;
constexpr int kTurn_ms = 100;

std::vector<std::string> command_line(const UserProgram& program) {
  if (program.plugin.empty()) return program.command;
  return {own_executable(), "serve-explorer", program.plugin};
}

ExploreLaunch launch_of(const StudySpec& spec, const std::filesystem::path& log) {
  const UserProgram* program = spec.scheduler.options.program("explore");
  check(program != nullptr, "the study names a program that explores");
  ExploreLaunch launch{command_line(*program), spec.directory, log, spec.timeouts.startup_s, kAnswer_s};
  // What it answers must not be a matter of time there.
  if (spec.deterministic.enabled) launch.answer_s.reset();
  return launch;
}

void wait_for(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  ::poll(&waiting, 1, kTurn_ms);
}

}  // namespace

UserExplorer::UserExplorer(const StudySpec& spec, std::unique_ptr<Sampler> instead, Spawner& spawner,
                           const std::filesystem::path& log)
    : hook_(spec.space, spec.seed, spec.objectives.front().minimize, std::move(instead)),
      host_(spawner, launch_of(spec, log)) {}

std::string UserExplorer::await_start(const std::function<void(double)>& look_around) {
  for (;;) {
    host_.poll(steady_s());
    if (host_.ready()) return "";
    if (!host_.trouble().empty()) {
      look_around(kSignalPatience_s);
      if (!host_.last_output().empty()) fmt::print(stderr, "{}\n", host_.last_output());
      const bool silent = host_.trouble() == "exit status 0";
      return host_.trouble() +
             (silent ? "; it ended without a word: end it with coppice.serve_explorer(...)" : "");
    }
    look_around(0);
    wait_for(host_.fd());
  }
}

std::string UserExplorer::try_out(const StudySpec& spec) {
  const Options& options = spec.scheduler.options;
  ExploreHook hook(spec.space, spec.seed, spec.objectives.front().minimize,
                   make_explorer(options, spec.space, spec.seed));
  const auto random = make_sampler("random", {}, spec.space, spec.seed);
  const Step step = options.integer("interval", 1);
  const auto members = std::clamp<TrialId>(options.integer("population", 2), 2, ExploreHook::kStandings);
  Values base;
  for (TrialId id = 0; id < members; ++id) {
    Trial trial;
    trial.id = id;
    trial.params = random->ask({id}).params;
    trial.curve = {{step, static_cast<Score>(id)}};
    hook.tell(trial);
    if (id == 0) base = trial.params;
  }
  const auto question = hook.question({members, &base, nullptr, Origin{0, step}});
  const auto wrong = [this](std::string why) {
    if (!host_.last_output().empty()) fmt::print(stderr, "{}\n", host_.last_output());
    return why;
  };
  const double asked_s = steady_s();
  host_.ask(0, question.request, asked_s);
  for (;;) {
    for (const ExploreAnswer& answer : host_.poll(steady_s())) {
      Proposal proposal;
      const std::string why =
          answer.parameters ? hook.take(question, *answer.parameters, proposal) : answer.error;
      return why.empty() ? why : wrong(why);
    }
    if (spec.deterministic.enabled && steady_s() - asked_s > spec.timeouts.startup_s) {
      return wrong(fmt::format("had no answer within {:g} s (timeouts.startup)", spec.timeouts.startup_s));
    }
    wait_for(host_.fd());
  }
}

void UserExplorer::await_exit(double until_s) {
  for (;;) {
    host_.poll(steady_s());
    if (host_.ended() || steady_s() >= until_s) return;
    wait_for(host_.fd());
  }
}

void UserExplorer::ask(RequestId request, const SampleRequest& sample, double now_s) {
  ExploreHook::Question question = hook_.question(sample);
  host_.ask(request, question.request, now_s);
  open_.emplace(request, std::move(question));
}

std::vector<Proposed> UserExplorer::poll(double now_s) {
  std::vector<Proposed> result;
  for (const ExploreAnswer& answer : host_.poll(now_s)) {
    const auto found = open_.find(answer.number);
    check(found != open_.end(), "an answer to what was asked");
    Proposal proposal = proposal_of(found->second, answer);
    result.push_back({answer.number, std::move(proposal.params), std::move(proposal.note), {}, false});
    open_.erase(found);
  }
  return result;
}

Proposal UserExplorer::proposal_of(const ExploreHook::Question& question, const ExploreAnswer& answer) {
  Proposal proposal;
  const std::string why =
      answer.parameters ? hook_.take(question, *answer.parameters, proposal) : answer.error;
  if (why.empty()) return proposal;
  tell_of(question.request.trial, why);
  return ExploreHook::instead(question, why);
}

void UserExplorer::tell_of(TrialId trial, const std::string& why) {
  if (!told_first_) {
    fmt::print(stderr,
               "coppice: scheduler.explore has no answer for trial {}: {}; perturb answers instead, now and "
               "whenever that happens (see the notes in coppice replay --json)\n",
               trial, why);
    told_first_ = true;
  }
  if (host_.given_up() && !told_end_) {
    fmt::print(stderr, "coppice: scheduler.explore ended {} times in a row: perturb goes on alone\n",
               ExploreHost::kMaxFailures);
    told_end_ = true;
  }
}

}  // namespace coppice
