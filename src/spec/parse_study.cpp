#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/repeats.hpp"
#include "spec/parse.hpp"
#include "spec/reader.hpp"
#include "spec/scalars.hpp"
#include "spec/utf8.hpp"

namespace coppice {

namespace {

constexpr std::int64_t kMany = 1'000'000'000'000;  // steps and trials are summed: keep them far from 2^63

const std::vector<std::string>& top_level_keys() {
  static const std::vector<std::string> kKeys = {
      "name",     "objective",   "objectives",  "space",   "sampler",       "scheduler",
      "budget",   "trainable",   "resources",   "seed",    "deterministic", "retries",
      "timeouts", "coordinator", "checkpoints", "repeats", "constraints",   "warm_start",
      "slurm",    "patience",    "preset",      "stoppers"};
  return kKeys;
}

/// The study's name is also that of a folder.
std::string parse_name(const Reader& top, const std::filesystem::path& file) {
  const Node* node = top.find("name");
  const std::string name = node == nullptr ? file.stem().string() : text_of(*node, "name");
  const Place& place = node == nullptr ? top.node().place : node->place;
  if (name.empty() || name == "." || name == "..") fail(place, "name", "'" + name + "' can't name a folder");
  if (name.size() > 100)
    fail(place, "name", "has " + std::to_string(name.size()) + " bytes; 100 is the most");
  if (find_invalid_utf8(name)) fail(place, "name", "is not valid UTF-8");
  for (const char c : name) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fail(place, "name", "must not hold '/' or control characters, as it names a folder");
    }
  }
  return name;
}

BudgetSpec parse_budget(const Node* node) {
  BudgetSpec budget;
  if (node == nullptr) return budget;
  const Reader reader(*node, "budget", {"steps_per_trial", "trials", "wall_time", "target"},
                      "{trials: 100, wall_time: 2h}");
  if (const Node* steps = reader.find("steps_per_trial")) {
    budget.steps_per_trial = integer_of(*steps, "budget.steps_per_trial", 1, kMany);
  }
  if (const Node* trials = reader.find("trials"))
    budget.trials = integer_of(*trials, "budget.trials", 1, kMany);
  if (const Node* wall = reader.find("wall_time"))
    budget.wall_time_s = duration_of(*wall, "budget.wall_time");
  if (const Node* target = reader.find("target")) budget.target = number_of(*target, "budget.target");
  return budget;
}

/// `patience: 20` or `{trials: 20, min_delta: 0.01}`. It ends a study that has found what there is, and is no
/// budget by itself: where every trial fails it never runs out.
Patience parse_patience(const Node* node, bool deterministic) {
  Patience patience;
  if (node == nullptr) return patience;
  constexpr const char* kForm = "{trials: 20, min_delta: 0.01}";
  if (deterministic) {
    fail(node->place, "patience",
         "ends a study at a moment that depends on timing; remove it or deterministic");
  }
  if (node->kind == NodeKind::kScalar) {
    patience.trials = integer_of(*node, "patience", 1, kMany);
    return patience;
  }
  const Reader reader(*node, "patience", {"trials", "steps", "min_delta"}, kForm);
  if (const Node* trials = reader.find("trials"))
    patience.trials = integer_of(*trials, "patience.trials", 1, kMany);
  if (const Node* steps = reader.find("steps"))
    patience.steps = integer_of(*steps, "patience.steps", 1, kMany);
  if (!patience.trials && !patience.steps) {
    fail(node->place, "patience", std::string("says neither trials nor steps; write ") + kForm);
  }
  if (const Node* delta = reader.find("min_delta"))
    patience.min_delta = number_of(*delta, "patience.min_delta", 0, std::numeric_limits<double>::max());
  return patience;
}

bool is_auto(const Node& node) {
  return node.kind == NodeKind::kScalar && node.text == "auto";
}

bool is_word(const Node& node) {
  return node.kind == NodeKind::kScalar && !node.text.empty() &&
         std::isalpha(static_cast<unsigned char>(node.text[0]));
}

ResourceSpec parse_resources(const Node* node) {
  ResourceSpec resources;
  if (node == nullptr) return resources;
  const Reader reader(
      *node, "resources",
      {"gpus_per_worker", "ranks_per_trial", "cpus_per_worker", "memory_per_worker", "gpu_memory"},
      "{gpus_per_worker: auto}");
  if (const Node* gpus = reader.find("gpus_per_worker"); gpus != nullptr && !is_auto(*gpus)) {
    const std::string what = "resources.gpus_per_worker";
    if (is_word(*gpus)) {
      fail(gpus->place, what, "expected auto, 0, 1, 2, … or a fraction, found " + describe(*gpus));
    }
    const double count = number_of(*gpus, what, 0, 1024);
    if (count > 1 && std::trunc(count) != count) {
      fail(gpus->place, what, "more than one must be a whole number of GPUs, is " + gpus->text);
    }
    resources.gpus_per_worker = count;
  }
  if (const Node* ranks = reader.find("ranks_per_trial")) {
    resources.ranks_per_trial =
        static_cast<int>(integer_of(*ranks, "resources.ranks_per_trial", 1, 1'000'000));
    if (resources.ranks_per_trial > 1)
      fail(ranks->place, "resources.ranks_per_trial", "more than one rank for a trial is not supported yet");
  }
  if (const Node* cpus = reader.find("cpus_per_worker"); cpus != nullptr && !is_auto(*cpus)) {
    const std::string what = "resources.cpus_per_worker";
    if (is_word(*cpus)) fail(cpus->place, what, "expected auto, 1, 2, …, found " + describe(*cpus));
    resources.cpus_per_worker = static_cast<int>(integer_of(*cpus, what, 1, 1'000'000));
  }
  if (const Node* memory = reader.find("memory_per_worker"))
    resources.memory_per_worker_bytes = bytes_of(*memory, "resources.memory_per_worker");
  if (const Node* memory = reader.find("gpu_memory"))
    resources.gpu_memory_bytes = bytes_of(*memory, "resources.gpu_memory");
  return resources;
}

std::uint64_t parse_seed(const Node& node) {
  // Up to 2^64 - 1, which integer_of can't hold.
  std::uint64_t seed = 0;
  if (node.kind == NodeKind::kScalar && !node.quoted) {
    const char* const end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(node.text.data(), end, seed);
    if (error == std::errc() && stop == end) return seed;
  }
  fail(node.place, "seed", "expected an integer from 0 to 18446744073709551615, found " + describe(node));
}

DeterministicSpec parse_deterministic(const Node* node) {
  if (node == nullptr) return {};
  if (node->kind != NodeKind::kMap) {
    if (node->kind != NodeKind::kScalar) {
      fail(node->place, "deterministic", "expected true or false, found " + describe(*node));
    }
    return {flag_of(*node, "deterministic"), std::nullopt};
  }
  const Reader reader(*node, "deterministic", {"lag"}, "true");
  const Node* lag = reader.find("lag");
  if (lag == nullptr) fail(node->place, "deterministic", "expected true or false, found an empty mapping");
  return {true, integer_of(*lag, "deterministic.lag", 1, kMany)};
}

TimeoutSpec parse_timeouts(const Node* node) {
  TimeoutSpec timeouts;
  if (node == nullptr) return timeouts;
  constexpr double kShortestSilence_s = 1;
  const Reader reader(*node, "timeouts", {"startup", "segment", "stop", "worker"},
                      "{startup: 120s, segment: 30m, worker: 60s}");
  if (const Node* startup = reader.find("startup"))
    timeouts.startup_s = duration_of(*startup, "timeouts.startup");
  if (const Node* segment = reader.find("segment"))
    timeouts.segment_s = duration_of(*segment, "timeouts.segment");
  if (const Node* stop = reader.find("stop")) timeouts.stop_s = duration_of(*stop, "timeouts.stop");
  if (const Node* worker = reader.find("worker")) {
    timeouts.worker_s = duration_of(*worker, "timeouts.worker");
    if (timeouts.worker_s < kShortestSilence_s) {
      fail(worker->place, "timeouts.worker",
           "expected at least 1s, found " + describe(*worker) +
               ": a busy machine's worker may be silent longer");
    }
  }
  return timeouts;
}

CheckpointSpec parse_checkpoints(const Node* node, const std::filesystem::path& study_directory) {
  CheckpointSpec checkpoints;
  if (node == nullptr) return checkpoints;
  const Reader reader(*node, "checkpoints", {"every", "keep", "directory"}, "{every: 60s, keep: 2}");
  if (const Node* every = reader.find("every")) {
    checkpoints.every_s = duration_of(*every, "checkpoints.every", true);
  }
  if (const Node* keep = reader.find("keep")) {
    checkpoints.keep = static_cast<int>(integer_of(*keep, "checkpoints.keep", 1, 1'000'000));
  }
  if (const Node* directory = reader.find("directory")) {
    const std::string text = text_of(*directory, "checkpoints.directory");
    if (text.empty())
      fail(directory->place, "checkpoints.directory", "is empty; leave it out for the results'");
    checkpoints.directory = (study_directory / text).lexically_normal();
  }
  return checkpoints;
}

std::vector<std::string> lines_of(const Node& node, const std::string& what) {
  if (node.kind != NodeKind::kList) {
    fail(node.place, what, "expected a list of texts, found " + describe(node));
  }
  std::vector<std::string> lines;
  for (const Node& item : node.items) lines.push_back(text_of(item, what));
  return lines;
}

SlurmSpec parse_slurm(const Node* node) {
  SlurmSpec slurm;
  if (node == nullptr) return slurm;
  const Reader reader(*node, "slurm", {"prologue", "extra"}, "{prologue: [module load cuda]}");
  if (const Node* prologue = reader.find("prologue")) slurm.prologue = lines_of(*prologue, "slurm.prologue");
  if (const Node* extra = reader.find("extra")) {
    slurm.extra = lines_of(*extra, "slurm.extra");
    for (std::size_t i = 0; i < slurm.extra.size(); ++i) {
      std::string_view line = slurm.extra[i];
      if (line.starts_with("#SBATCH ")) line.remove_prefix(8);
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      if (line.starts_with('-') && line.find('\n') == std::string_view::npos) continue;
      fail(extra->items[i].place, "slurm.extra", "expected an option of sbatch, such as --constraint=gpu");
    }
  }
  return slurm;
}

void refuse_unsupported(const Node& root) {
  for (const char* key : {"constraints", "warm_start"}) {
    if (const Entry* entry = find_entry(root, key)) {
      fail(entry->key_place, key, "is not supported yet; drop it");
    }
  }
}

/// `study` has its objectives and its scheduler already.
int parse_repeats(const Node* node, const StudySpec& study, const Catalogs& catalogs) {
  if (node == nullptr) return 1;
  const auto repeats = static_cast<int>(integer_of(*node, "repeats", 1, kMaxRepeats));
  if (repeats == 1) return repeats;
  for (const AlgorithmInfo& scheduler : catalogs.schedulers) {
    if (scheduler.name != study.scheduler.name || !scheduler.clones) continue;
    fail(node->place, "repeats",
         "scheduler " + scheduler.name + " clones single states, not the " + std::to_string(repeats) +
             " of a trial with repeats; drop repeats, or take another scheduler, such as asha");
  }
  for (const ObjectiveSpec& objective : study.objectives) {
    if (objective.metric != "repeat") continue;
    fail(node->place, "repeats",
         "the objective's metric is called 'repeat', which is a column of study.h5 with repeats; report it "
         "under another name");
  }
  return repeats;
}

/// An objective has a column in /trials, as every parameter has.
void check_collisions(const Node& root, const StudySpec& study) {
  for (const ObjectiveSpec& objective : study.objectives) {
    if (study.space.index_of(objective.metric) == study.space.size()) continue;
    const Entry* entry = find_entry(find_entry(root, "space")->value, objective.metric);
    fail(entry->key_place, "space",
         "'" + objective.metric +
             "' is the objective's metric too, and both are columns of study.h5; rename one");
  }
}

}  // namespace

StudySpec parse_study(const Node& root, const std::filesystem::path& file,
                      const std::filesystem::path& directory, const Catalogs& catalogs) {
  if (root.kind == NodeKind::kNull) {
    throw SpecError(root.place, "the file is empty; a study has at least objective, space and trainable");
  }
  const Reader top(root, "", top_level_keys(), "name: …, objective: …, space: …, trainable: …");
  StudySpec study;
  study.directory = directory;
  study.name = parse_name(top, file);
  study.objectives = parse_objectives(root);
  study.space = parse_space(top.require("space", "space: {x: {type: float, low: 0, high: 1}}"));
  check_collisions(root, study);
  refuse_unsupported(root);
  study.budget = parse_budget(top.find("budget"));
  study.deterministic = parse_deterministic(top.find("deterministic"));
  study.patience = parse_patience(top.find("patience"), study.deterministic.enabled);
  const AlgorithmContext context{root,        study.budget, study.deterministic.enabled,
                                 study.space, directory,    catalogs.check_files};
  study.sampler = parse_algorithm(context, "sampler", study.sampler.name, catalogs.samplers);
  study.scheduler = parse_algorithm(context, "scheduler", study.scheduler.name, catalogs.schedulers);
  study.stoppers = parse_stoppers(context, study.scheduler, catalogs);
  study.repeats = parse_repeats(top.find("repeats"), study, catalogs);
  study.trainable = parse_trainable(root, study, catalogs);
  study.resources = parse_resources(top.find("resources"));
  study.timeouts = parse_timeouts(top.find("timeouts"));
  study.checkpoints = parse_checkpoints(top.find("checkpoints"), directory);
  if (catalogs.check_files) study.slurm = parse_slurm(top.find("slurm"));
  if (const Node* retries = top.find("retries")) {
    study.retries = static_cast<int>(integer_of(*retries, "retries", 0, 1'000'000));
  }
  if (const Node* coordinator = top.find("coordinator")) {
    study.dedicated_coordinator =
        word_of(*coordinator, "coordinator", {"shared", "dedicated"}) == "dedicated";
  }
  if (const Node* seed = top.find("seed")) study.seed = parse_seed(*seed);
  return study;
}

}  // namespace coppice
