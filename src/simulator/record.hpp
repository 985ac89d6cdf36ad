/// What a study was told and what it answered: a journal in memory.
/// Values; one thread.
#pragma once

#include <vector>

#include "core/study.hpp"

namespace coppice {

struct RecordEntry {
  Event event;
  Effects effects;
};
using Record = std::vector<RecordEntry>;  ///< accepted events only, as in the journal

/// Tells the events to `study`, which must be fresh. Throws std::logic_error that names the first entry with
/// other effects than recorded.
void replay(const Record& record, Study& study);

}  // namespace coppice
