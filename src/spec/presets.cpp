#include "spec/presets.hpp"

#include <algorithm>
#include <array>

#include "core/nearest.hpp"
#include "spec/scalars.hpp"
#include "spec/yaml.hpp"

namespace coppice {

namespace {

Node scalar(std::string_view text, const Place& place) {
  Node node;
  node.kind = NodeKind::kScalar;
  node.text = text;
  node.place = place;
  return node;
}

Node value_of(std::string_view yaml, const Place& place) {
  Node node = read_yaml_value(std::string(yaml), "preset");
  node.place = place;
  for (Node& item : node.items) item.place = place;
  return node;
}

void expand_role(Node& study, const std::string& role, const Preset& preset, std::string_view name,
                 const Preset::Options& options, const Place& place) {
  if (name.empty()) return;
  Entry* entry = find_entry(study, role);
  if (entry == nullptr) {
    entry = &study.entries.emplace_back(Entry{role, place, {}});
    entry->value.place = place;
  }
  Node& node = entry->value;
  if (node.kind == NodeKind::kNull) node.kind = NodeKind::kMap;
  if (node.kind == NodeKind::kScalar) {
    Node map;
    map.kind = NodeKind::kMap;
    map.place = node.place;
    map.entries.push_back({"name", node.place, std::move(node)});
    node = std::move(map);
  }
  if (node.kind != NodeKind::kMap) return;  // to be refused where it is read
  if (const Entry* given = find_entry(node, "name"); given == nullptr) {
    node.entries.insert(node.entries.begin(), {"name", place, scalar(name, place)});
  } else if (given->value.text != name) {
    fail(given->value.place, role + ".name",
         "preset " + std::string(preset.name) + " has " + role + " " + std::string(name) + ", not " +
             describe(given->value) + "; drop one of the two");
  }
  for (const auto& [option, value] : options) {
    if (find_entry(node, option) != nullptr) continue;
    node.entries.push_back({std::string(option), place, value_of(value, place)});
  }
}

}  // namespace

std::span<const Preset> presets() {
  static const std::array entries = {
      // Golovin et al., KDD 2017, section 3.5.1; how many others it takes is coppice's own.
      Preset{"median", "median", {{"startup_trials", "5"}, {"grace_steps", "0"}, {"interval", "1"}}, "", {}},
      // Li et al., MLSys 2020: section 4 has eta 4 and one bracket.
      Preset{"asha", "asha", {{"eta", "4"}, {"brackets", "1"}}, "", {}},
      // Li et al., JMLR 2018.
      Preset{"hyperband", "hyperband", {{"eta", "3"}, {"sizes", "formula"}}, "", {}},
      // Falkner et al., ICML 2018, and the authors' HpBandSter, which has the brackets of the table.
      Preset{"bohb",
             "hyperband",
             {{"eta", "3"}, {"sizes", "table"}},
             "tpe",
             {{"multivariate", "true"},
              {"gamma", "0.15"},
              {"candidates", "64"},
              {"spread", "3"},
              {"random_share", "0.333"}}},
      // Jaderberg et al. 2017, section 4.1.1: truncation of 20 %, both ways; the population is theirs, too.
      Preset{"pbt",
             "pbt",
             {{"population", "40"},
              {"exploit", "truncation"},
              {"quantile", "0.2"},
              {"explore", "perturb"},
              {"resample_probability", "0.25"}},
             "",
             {}},
      // Parker-Holder et al., NeurIPS 2020: a few members, the worst quarter copies the best.
      Preset{"pb2",
             "pbt",
             {{"population", "8"}, {"exploit", "truncation"}, {"quantile", "0.25"}, {"explore", "pb2"}},
             "",
             {}},
      // Doulazmi et al. 2025: four groups by how often they are compared, here of eight members each.
      Preset{"mf-pbt",
             "pbt",
             {{"population", "32"},
              {"frequencies", "[1, 10, 25, 50]"},
              {"exploit", "truncation"},
              {"quantile", "0.25"},
              {"explore", "perturb"},
              {"factors", "[0.8, 1.25]"},
              {"resample_probability", "0"}},
             "",
             {}},
      // "Iterated PBT", 2025: its explorer is a Gaussian process of changes, as pb2's is.
      Preset{"ipbt",
             "ipbt",
             {{"population", "8"}, {"quantile", "0.25"}, {"explore", "pb2"}, {"fresh", "0.5"}},
             "",
             {}},
  };
  return entries;
}

void expand_preset(Node& study) {
  const Entry* entry = find_entry(study, "preset");
  if (entry == nullptr) return;
  const Place place = entry->value.place;
  const std::string name = text_of(entry->value, "preset");
  const auto known = presets();
  const auto preset =
      std::find_if(known.begin(), known.end(), [&](const Preset& each) { return each.name == name; });
  if (preset == known.end()) {
    std::vector<std::string> names;
    for (const Preset& each : known) names.emplace_back(each.name);
    throw SpecError(place, "unknown preset '" + name + "'" + suggest(name, names));
  }
  expand_role(study, "scheduler", *preset, preset->scheduler, preset->scheduler_options, place);
  expand_role(study, "sampler", *preset, preset->sampler, preset->sampler_options, place);
}

}  // namespace coppice
