/// What study.h5 holds, as plain columns: the recorder makes them, the writer writes them, the reader gives
/// them back. Values. Ownership, threads: as for any value. The columns are described in README.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/costs.hpp"

namespace coppice {

/// An absent int; an absent number is NaN, an absent text is empty.
inline constexpr std::int64_t kMissingInt = std::numeric_limits<std::int64_t>::min();

/// In /reports, where trials have repeats: the row of their means.
inline constexpr std::int64_t kMeanOfRepeats = -1;

using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;
using Texts = std::vector<std::string>;

struct Column {
  std::string name;
  std::variant<Ints, Doubles, Texts> values;
};

struct Table {
  std::string name;
  std::vector<Column> columns;  ///< all of one length; at least one

  std::size_t rows() const;
  /// Null where there is none of that name.
  const Column* find(std::string_view column) const;
};

struct StudyAttributes {
  std::string name;
  std::string version;      ///< of coppice
  std::int64_t schema = 1;  ///< of study.h5
  std::uint64_t seed = 0;
  std::string objective;      ///< name of the metric
  std::string direction;      ///< minimize | maximize
  std::string study;          ///< the study file's text
  std::string slurm_job_ids;  ///< in the order of the starts, with spaces between
  std::string software;       ///< of the last start: lines NAME=VERSION
  std::string environment;    ///< of the last start: lines NAME=VALUE
  std::string started;        ///< ISO 8601, UTC
  std::string ended;          ///< empty unless the last start came to an orderly end
  std::string state;          ///< running | finished | stopped | failed
  std::int64_t incarnations = 0;
  double running_time_s = 0;          ///< without the gaps between incarnations
  std::int64_t metrics_left_out = 0;  ///< reported, but too many for /reports
  std::int64_t journal_bytes = 0;     ///< of the journal, from which this was made
  RecordCosts costs;                  ///< of the starts that came to an orderly end
  std::int64_t checkpoints_written = 0;
  std::int64_t checkpoint_bytes = 0;
  double checkpoint_write_s = 0;  ///< from saved to on disk, beside the training
};

inline constexpr std::array<std::string_view, 6> kTableNames{"trials",    "reports", "segments",
                                                             "decisions", "workers", "incumbent"};

struct Tables {
  StudyAttributes attributes;
  Table trials;
  Table reports;
  Table segments;
  Table decisions;
  Table workers;
  Table incumbent;

  /// In the order of kTableNames.
  std::array<const Table*, 6> all() const {
    return {&trials, &reports, &segments, &decisions, &workers, &incumbent};
  }
};

}  // namespace coppice
