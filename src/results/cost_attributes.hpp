/// The root attributes of study.h5 about costs, by name: one list for the writer and the reader. Pure.
#pragma once

#include "results/table.hpp"

namespace coppice {

template <class V>
void cost_attributes(V& v, StudyAttributes& about) {
  v("journal_bytes", about.journal_bytes);
  v("cost_running_s", about.costs.running_s);
  v("cost_record_s", about.costs.record_s);
  v("cost_appends", about.costs.appends);
  v("cost_journal_bytes", about.costs.journal_bytes);
  v("cost_append_s", about.costs.append_s);
  v("cost_commits", about.costs.commits);
  v("cost_commit_s", about.costs.commit_s);
  v("cost_commit_p99_s", about.costs.commit_p99_s);
  v("cost_commit_max_s", about.costs.commit_max_s);
  v("cost_results_writes", about.costs.results_writes);
  v("cost_results_bytes", about.costs.results_bytes);
  v("cost_results_s", about.costs.results_s);
  v("cost_results_copy_s", about.costs.results_copy_s);
  v("checkpoints_written", about.checkpoints_written);
  v("checkpoint_bytes", about.checkpoint_bytes);
  v("checkpoint_write_s", about.checkpoint_write_s);
}

}  // namespace coppice
