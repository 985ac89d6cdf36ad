/// What a journal holds: one header, a start for each incarnation, an entry for each event that was accepted,
/// and at an orderly end what all this has cost. Plain values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/costs.hpp"
#include "core/events.hpp"
#include "wire/fields.hpp"

namespace coppice {

/// The world's failure (a full disk) or damage to the file. The message is one line that names the file.
class JournalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Always the first record: which study this is.
struct JournalHeader {
  std::string name;
  std::uint64_t seed = 0;
  std::string study_text;
  std::vector<std::pair<std::string, std::string>> identity;  ///< StudySpec::identity
  std::string version;                                        ///< of coppice
  std::int64_t created_unix_s = 0;
  std::vector<std::string> overrides;  ///< KEY=VALUE that replaced values of the text
  std::string study_directory;         ///< where the study file was: its relative paths start there
};

/// A process began to write. Descriptive: decisions don't depend on it.
struct JournalStart {
  std::int32_t incarnation = 1;
  std::int64_t unix_s = 0;
  std::string host;
  std::int64_t pid = 0;
  std::string slurm_job;  ///< empty outside Slurm
  std::string version;
  std::string budget;       ///< as text, for people
  std::string checkpoints;  ///< the directory of those on disk
  /// (what, version): MPI, HDF5, the compiler
  std::vector<std::pair<std::string, std::string>> software = {};
  /// (name, value) of the variables that matter, see cluster/recorded_environment.hpp
  std::vector<std::pair<std::string, std::string>> environment = {};
};

/// An accepted event and what came of it.
struct JournalEntry {
  std::uint64_t seq = 0;  ///< dense from 0
  double time_s = 0;      ///< running time, without the gaps between incarnations
  Event event;
  Effects effects;
};

using JournalRecord = std::variant<JournalHeader, JournalStart, JournalEntry, RecordCosts>;

template <class V>
void fields(V& v, JournalHeader& x) {
  v("name", x.name);
  v("seed", x.seed);
  v("study_text", x.study_text);
  v("identity", x.identity);
  v("version", x.version);
  v("created_unix_s", x.created_unix_s);
  v("overrides", x.overrides);
  v("study_directory", x.study_directory);
}
template <class V>
void fields(V& v, JournalStart& x) {
  v("incarnation", x.incarnation);
  v("unix_s", x.unix_s);
  v("host", x.host);
  v("pid", x.pid);
  v("slurm_job", x.slurm_job);
  v("version", x.version);
  v("budget", x.budget);
  v("checkpoints", x.checkpoints);
  v("software", x.software);
  v("environment", x.environment);
}
template <class V>
void fields(V& v, JournalEntry& x) {
  v("seq", x.seq);
  v("time_s", x.time_s);
  v("event", x.event);
  v("effects", x.effects);
}

constexpr std::string_view type_name(const JournalHeader&) {
  return "header";
}
constexpr std::string_view type_name(const JournalStart&) {
  return "start";
}
constexpr std::string_view type_name(const JournalEntry&) {
  return "entry";
}
}  // namespace coppice
