/// A small journal of a whole study with every kind of record and event: population-based training in a world
/// with losses, failures and restarts. For tests that damage it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "../contract/toy.hpp"
#include "cli/assemble.hpp"
#include "cli/catalogs.hpp"
#include "journal/reader.hpp"
#include "journal/writer.hpp"
#include "spec/load_study.hpp"
#include "wire/bytes.hpp"

namespace coppice {

inline constexpr const char* kSmallStudy = R"(name: small
objective: {metric: loss, direction: minimize}
space:
  x: {type: float, low: 0, high: 1}
  rate: {type: float, low: 0.01, high: 1, log: true}
  width: {type: int, low: 1, high: 8}
  method: {type: categorical, choices: [plain, momentum]}
  momentum: {type: float, low: 0, high: 1, when: {method: momentum}}
  layout: {type: int, low: 1, high: 8, fixed: true}
scheduler: {name: pbt, population: 3, interval: 3}
budget: {steps_per_trial: 9}
trainable: {command: [train]}
seed: 5
)";

struct SmallJournal {
  std::string bytes;
  std::vector<std::uint64_t> offsets;  ///< where each record begins; then the end
  std::vector<std::uint64_t> durable;  ///< what was, when each was written
  std::vector<std::vector<std::byte>> records;

  std::size_t size() const { return records.size(); }
  /// The record that the byte belongs to; 0 for those of the file's header too.
  std::size_t record_at(std::uint64_t byte) const {
    std::size_t record = 0;
    while (record + 1 < size() && offsets[record + 1] <= byte) ++record;
    return record;
  }
  std::string piece(std::size_t record) const {
    return bytes.substr(offsets[record], offsets[record + 1] - offsets[record]);
  }
};

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void write_whole(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline bool has_all_kinds(const Record& record) {
  std::set<std::string_view> kinds;
  int starts = 0;
  for (const RecordEntry& entry : record) {
    kinds.insert(std::visit([](const auto& event) { return type_name(event); }, entry.event));
    starts += std::holds_alternative<Begun>(entry.event) ? 1 : 0;
  }
  for (const char* kind : {"worker_up", "worker_lost", "proposed", "reported", "saved", "segment_ended",
                           "segment_failed", "stop_requested"}) {
    if (!kinds.contains(kind)) return false;
  }
  return starts > 1;
}

/// The events of a seeded world, written as a run would: durable now and then.
inline SmallJournal make_small_journal(const std::filesystem::path& path) {
  const StudySpec spec = parse_study_text(kSmallStudy, path.parent_path() / "study.yaml", path.parent_path(),
                                          {}, {}, make_catalogs());
  StudyPlan plan;
  plan.settings = assemble(spec).study->settings();
  plan.make_scheduler = [&spec] {
    return find_scheduler(spec.scheduler.name)
        ->make(spec.scheduler.options,
               {spec.budget.trials, spec.budget.steps_per_trial, false, false, false});
  };
  plan.make_sampler = [&spec] {
    return make_sampler(spec.sampler.name, spec.sampler.options, spec.space, spec.seed);
  };
  plan.make_explorer = [&spec] { return make_explorer(spec.scheduler.options, spec.space, spec.seed); };
  plan.make_trainable = [] { return std::make_unique<Toy>(); };
  WorldOptions options;
  options.workers = 2;
  options.spread = 0.5;
  options.worker_loss = 0.05;
  options.segment_failure = 0.05;
  options.mid_save = 0.3;
  options.restart = 0.02;
  options.max_restarts = 2;
  options.disk = true;
  Record events;
  while (!has_all_kinds(events) ||
         events.size() > 250) {  // the first small world in which everything happens
    ++options.seed;
    World world(plan, options);
    world.run();
    events = world.record();
  }

  SmallJournal journal;
  JournalHeader header;
  header.name = spec.name;
  header.seed = spec.seed;
  header.study_text = spec.text;
  header.identity = spec.identity;
  header.version = "0.1.0";
  header.study_directory = path.parent_path().string();
  std::uint64_t durable = 0;
  std::uint64_t seq = 0;
  const auto writer = JournalWriter::create(path, kDecisionVersion, header, 3600);
  journal.offsets.push_back(20);
  journal.durable.push_back(0);
  journal.records.push_back(to_bytes(JournalRecord(header)));
  durable = writer->size_bytes();
  const auto append = [&](const JournalRecord& record) {
    journal.offsets.push_back(writer->size_bytes());
    journal.durable.push_back(durable);
    journal.records.push_back(to_bytes(record));
    writer->append(record);
    if (journal.size() % 9 == 0) {
      writer->sync();
      durable = writer->size_bytes();
    }
  };
  for (const RecordEntry& entry : events) {
    const double time_s = 0.25 * static_cast<double>(seq);
    if (const auto* begun = std::get_if<Begun>(&entry.event))
      append(
          JournalStart{begun->incarnation, 1700000000 + begun->incarnation, "node", 7, "", "0.1.0", "", ""});
    append(JournalEntry{seq++, time_s, entry.event, entry.effects});
  }
  append(RecordCosts{.running_s = 9, .commits = 3});
  journal.offsets.push_back(writer->size_bytes());
  journal.bytes = read_whole(path);
  return journal;
}

}  // namespace coppice
