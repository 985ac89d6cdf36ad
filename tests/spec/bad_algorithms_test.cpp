// Mistakes in the choice of scheduler, sampler, explorer and stoppers.
#include <gtest/gtest.h>

#include <string>

#include "bad_study.hpp"

namespace coppice {
namespace {

TEST(BadStudy, Algorithms) {
  expect_all_refused(
      {{kBase + "scheduler: ahsa\n",
        4,
        12,
        {"unknown scheduler 'ahsa'", "did you mean 'asha'", "fifo, asha, pbt"}},
       {kBase + "sampler: {name: tep}\n", 4, 17, {"did you mean 'tpe'"}},
       {kBase + "sampler: {candidates: 3}\n", 4, 10, {"sampler.name: is missing"}},
       {kBase + "sampler: [tpe]\n", 4, 10, {"a list"}},
       {kBase + "sampler: {name: tpe, candidate: 3}\n",
        4,
        22,
        {"unknown option 'candidate' of sampler tpe", "did you mean 'candidates'"}},
       {kBase + "sampler: {name: tpe, candidates: 0}\n", 4, 34, {"sampler.candidates", "at least 1"}},
       {kBase + "sampler: {name: tpe, candidates: 2.5}\n", 4, 34, {"expected an integer"}},
       {kBase + "sampler: {name: tpe, gamma: 1.5}\n", 4, 29, {"at most 1"}},
       {kBase + "sampler: {name: tpe, multivariate: off}\n", 4, 36, {"true or false"}},
       {kBase + "scheduler: pbt\n", 4, 12, {"scheduler.population: is missing", "members"}},
       {kBase + "scheduler: {name: pbt, population: 4, factors: 0.8}\n", 4, 48, {"list of numbers"}},
       {kBase + "scheduler: {name: pbt, population: 4, factors: [0.8, 0]}\n", 4, 54, {"at least 0.01"}},
       {kBase + "budget: {steps_per_trial: 9}\nscheduler: {name: asha, type: promote}\n",
        5,
        31,
        {"did you mean 'promotion'"}},
       {kBase + "scheduler: asha\n", 4, 12, {"budget.steps_per_trial: asha needs it"}},
       {kBase + "budget: {trials: 4}\nscheduler: asha\n", 4, 9, {"budget.steps_per_trial: asha needs it"}},
       {kBase + "deterministic: true\nscheduler: {name: pbt, population: 5}\n", 5, 36, {"must be even"}}});
}

TEST(BadStudy, ProgramsThatExplore) {
  const std::string pbt = kBase + "scheduler: {name: pbt, population: 4, explore: ";
  expect_all_refused(
      {{pbt + "prturb}\n", 4, 48, {"scheduler.explore", "did you mean 'perturb'"}},
       {pbt + "[python3, explore.py]}\n", 4, 48, {"scheduler.explore"}},
       {pbt + "{}}\n", 4, 48, {"scheduler.explore: expected {command: "}},
       {pbt + "{comand: [a]}}\n", 4, 49, {"did you mean 'command'"}},
       {pbt + "{command: [a], plugin: b}}\n", 4, 48, {"keep one"}},
       {pbt + "{command: a}}\n", 4, 58, {"scheduler.explore.command: expected a list"}},
       {pbt + "{command: [python3, explore.py]}}\n", 4, 68, {"no file", "explore.py", "relative to the"}},
       {pbt + "{command: [./study.yaml]}}\n", 4, 59, {"not executable"}},
       {pbt + "{plugin: ./libexplore.so}}\n", 4, 57, {"scheduler.explore.plugin: no file"}},
       {kBase + "sampler: {name: tpe, gamma: {command: [a]}}\n", 4, 29, {"sampler.gamma"}}});
}

TEST(BadStudy, Stoppers) {
  expect_all_refused(
      {{kBase + "stoppers: threshold\n", 4, 11, {"stoppers: expected a list", "found 'threshold'"}},
       {kBase + "stoppers: [treshold]\n", 4, 12, {"unknown stopper 'treshold'", "did you mean 'threshold'"}},
       {kBase + "stoppers: [{upper: 3}]\n", 4, 12, {"stopper.name: is missing"}},
       {kBase + "stoppers: [{name: threshold, uper: 3}]\n",
        4,
        30,
        {"unknown option 'uper' of stopper threshold", "did you mean 'upper'"}},
       {kBase + "stoppers: [threshold]\n", 4, 12, {"stopper threshold: threshold needs threshold.upper"}},
       {kBase + "stoppers: [patience]\n", 4, 12, {"stopper.steps: is missing"}},
       {kBase + "deterministic: true\nstoppers: [{name: threshold, upper: 3}]\n",
        5,
        37,
        {"not where deterministic"}},
       {kBase + "scheduler: {name: pbt, population: 4}\nstoppers: [{name: threshold, upper: 3}]\n",
        5,
        1,
        {"stoppers: scheduler pbt takes none beside it; drop them, or use one of fifo"}}});
}

}  // namespace
}  // namespace coppice
