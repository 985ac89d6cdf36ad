#include <algorithm>

#include "spec/parse.hpp"
#include "spec/reader.hpp"
#include "spec/scalars.hpp"

namespace coppice {

namespace {

constexpr const char* kExample = "{metric: val_loss, direction: minimize}";

/// Columns of /trials and /reports in study.h5 that are there already.
const std::vector<std::string>& reserved_metrics() {
  static const std::vector<std::string> kNames = {"trial",       "member", "state", "origin_trial",
                                                  "origin_step", "steps",  "step",  "created_s",
                                                  "ended_s",     "time_s", "worker"};
  return kNames;
}

ObjectiveSpec parse_objective(const Node& node, const std::string& path) {
  const Reader reader(node, path, {"metric", "direction"}, kExample);
  const Node& metric = reader.require("metric", "metric: NAME");
  ObjectiveSpec objective;
  objective.metric = text_of(metric, reader.path("metric"));
  check_column_name(objective.metric, metric.place, reader.path("metric"));
  const auto& reserved = reserved_metrics();
  if (std::find(reserved.begin(), reserved.end(), objective.metric) != reserved.end()) {
    fail(metric.place, reader.path("metric"),
         "'" + objective.metric + "' is a column of study.h5 already; report it under another name");
  }
  if (const Node* direction = reader.find("direction")) {
    objective.minimize =
        word_of(*direction, reader.path("direction"), {"minimize", "maximize"}) == "minimize";
  }
  return objective;
}

}  // namespace

std::vector<ObjectiveSpec> parse_objectives(const Node& root) {
  const Entry* single = find_entry(root, "objective");
  const Entry* several = find_entry(root, "objectives");
  if (single != nullptr && several != nullptr) {
    fail(several->key_place, "objectives", "objective is there too; keep one of them");
  }
  if (single != nullptr) return {parse_objective(single->value, "objective")};
  if (several == nullptr) {
    fail(root.place, "objective", std::string("is missing; add objective: ") + kExample);
  }
  const Node& list = several->value;
  if (list.kind != NodeKind::kList || list.items.empty()) {
    fail(list.place, "objectives",
         std::string("expected a list such as [") + kExample + "], found " + describe(list));
  }
  if (list.items.size() > 1) {
    fail(list.items[1].place, "objectives", "several objectives are not supported yet; keep one");
  }
  return {parse_objective(list.items[0], "objectives")};
}

}  // namespace coppice
