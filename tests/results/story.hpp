/// A short study as its journal would tell it: two members, an exploit, a worker that is lost, a resume.
#pragma once

#include <cmath>
#include <limits>

#include "../support/parameters.hpp"
#include "results/recorder.hpp"

namespace coppice::story {

inline RecordedStudy study() {
  using namespace spaces;
  RecordedStudy study;
  study.name = "digits-pbt";
  study.space = SearchSpace({number("learning_rate", 1e-4, 1), integer("units", 1, 512),
                             choice("optimizer", {"sgd", "größe"}), choice("bias", {true, false}),
                             when(number("momentum", 0, 1), "optimizer", {"sgd"})});
  study.metric = "loss";
  study.seed = std::numeric_limits<std::uint64_t>::max();
  study.text = "name: digits-pbt\n# größe\n";
  study.version = "0.1.0";
  return study;
}

/// Everything up to the loss of worker 1, before the study was resumed.
inline void first_start(Recorder& recorder) {
  const Values a{0.1, std::int64_t{64}, std::string("sgd"), true, 0.9};
  const Values b{0.01, std::int64_t{128}, std::string("größe"), false, std::monostate()};
  const Values c{0.12, std::int64_t{80}, std::string("sgd"), true, 0.8};
  recorder.start(1700000000, "4711");
  recorder.apply(0, Begun{1, {}, {}}, {});
  recorder.apply(1, WorkerUp{0, 0, "node1", "GPU-5f", "H200"},
                 {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, "member 0", 0}}});
  recorder.apply(1.5, WorkerUp{1, 1, "node2", "", ""},
                 {true, {Propose{1, 1, {}}}, {{DecisionKind::kStart, 1, kNoTrial, 0, "member 1", 1}}});
  recorder.apply(2, Proposed{0, a, ""}, {true, {Run{0, 11, 0, a, 5, {}, 2, 0}}, {}});
  recorder.apply(2.5, Proposed{1, b, ""}, {true, {Run{1, 12, 1, b, 6, {}, 2, 0}}, {}});
  recorder.apply(3, Reported{11, 0, 0, 1, {{"loss", 0.9}}},
                 {true, {}, {{DecisionKind::kIncumbent, 0, kNoTrial, 1, "loss 0.9"}}});
  recorder.apply(4, Reported{12, 1, 1, 1, {{"loss", 0.5}, {"accuracy", 0.75}}},
                 {true, {}, {{DecisionKind::kIncumbent, 1, kNoTrial, 1, "loss 0.5"}}});
  recorder.apply(5, Reported{11, 0, 0, 2, {{"loss", std::nan("")}, {"accuracy", 0.25}, {"step", 7}}}, {});
  recorder.apply(6, SegmentEnded{11, 0, 0, 2, false, {0.25, 0, 3, 0.125, 0, 1, 0, 0}}, {});
  recorder.apply(7, Reported{12, 1, 1, 2, {{"loss", 0.25}}},
                 {true, {}, {{DecisionKind::kIncumbent, 1, kNoTrial, 2, "loss 0.25"}}});
  recorder.apply(8, SegmentEnded{12, 1, 1, 2, false, {0, 0, 4, 0, 0, 0, 0, 0}},
                 {true,
                  {Propose{2, 2, 1}},
                  {{DecisionKind::kStop, 0, 1, 2, "nan > 0.25, the worst quarter"},
                   {DecisionKind::kExploit, 2, 1, 2, "member 0 takes trial 1", 0},
                   {DecisionKind::kContinue, 1, kNoTrial, 2, ""}}});
  recorder.apply(8.5, Proposed{2, c, "perturbed"},
                 {true, {Run{1, 13, 2, c, 7, Source{{1, 2, 12}, {1}}, 4, 2}}, {}});
  recorder.apply(9, Reported{13, 2, 1, 3, {{"loss", 0.2}}},
                 {true, {}, {{DecisionKind::kIncumbent, 2, kNoTrial, 3, "loss 0.2"}}});
  recorder.apply(10, WorkerLost{1, "no beat for 30 s"}, {});
}

inline void second_start(Recorder& recorder) {
  const Values c{0.12, std::int64_t{80}, std::string("sgd"), true, 0.8};
  recorder.start(1700003600, "4712", {{"mpi", "Open MPI v4.1.4"}, {"hdf5", "1.10.8"}},
                 {{"OMP_NUM_THREADS", "4"}, {"PATH", "/bin:/a b\nc"}});
  recorder.apply(10, Begun{2, {}, {}}, {});
  recorder.apply(11, WorkerUp{2, 0, "node1", "GPU-5f", "H200"},
                 {true, {Run{2, 21, 2, c, 7, Source{{1, 2, 12}, {kDisk}}, 4, 3}}, {}});
  recorder.apply(14, Reported{21, 2, 2, 4, {{"loss", 0.3}}}, {});
  recorder.apply(15, SegmentEnded{21, 2, 2, 4, true, {1, 0.5, 2, 0, 0, 0, 0, 0}},
                 {true,
                  {Finish{Outcome::kFinished, "nothing more to train"}},
                  {{DecisionKind::kComplete, 2, kNoTrial, 4, "trained all its steps"}}});
}

}  // namespace coppice::story
