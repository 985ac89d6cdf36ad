/// The one field list of everything that is written to the journal or sent between ranks. Bytes, JSON and the
/// tests' comparisons are all made from it: see bytes.hpp and json.hpp.
///
/// A struct of another header gets a `fields` overload beside it, in its own namespace, and is then written
/// and read as well:
///   template <class V> void fields(V& v, Chunk& x) { v("offset", x.offset); v("bytes", x.bytes); }
/// The order of the fields is the format. `type_name` is the word that JSON uses for an alternative of a
/// variant; an enum whose to_text is empty for a value that it doesn't have is checked when it is read.
/// Stateless; any thread.
#pragma once

#include <string_view>

#include "core/costs.hpp"
#include "core/events.hpp"
#include "core/ids.hpp"

namespace coppice {

template <class V>
void fields(V& v, CheckpointId& x) {
  v("trial", x.trial);
  v("step", x.step);
  v("segment", x.segment);
}

// ---- events ----

template <class V>
void fields(V& v, Patience& x) {
  v("trials", x.trials);
  v("steps", x.steps);
  v("min_delta", x.min_delta);
}
template <class V>
void fields(V& v, Begun& x) {
  v("incarnation", x.incarnation);
  v("max_trials", x.max_trials);
  v("target", x.target);
  v("endless", x.endless);
  v("retries", x.retries);
  v("keep", x.keep);
  v("time_left_s", x.time_left_s);
  v("patience", x.patience);
}
template <class V>
void fields(V& v, WorkerUp& x) {
  v("worker", x.worker);
  v("rank", x.rank);
  v("host", x.host);
  v("device_uuid", x.device_uuid);
  v("device_name", x.device_name);
}
template <class V>
void fields(V& v, WorkerLost& x) {
  v("worker", x.worker);
  v("reason", x.reason);
}
template <class V>
void fields(V& v, Proposed& x) {
  v("request", x.request);
  v("params", x.params);
  v("note", x.note);
  v("tag", x.tag);
  v("exhausted", x.exhausted);
}
template <class V>
void fields(V& v, Reported& x) {
  v("segment", x.segment);
  v("trial", x.trial);
  v("worker", x.worker);
  v("step", x.step);
  v("metrics", x.metrics);
  v("step_s", x.step_s);
}
template <class V>
void fields(V& v, Saved& x) {
  v("checkpoint", x.checkpoint);
  v("place", x.place);
  v("size_bytes", x.size_bytes);
  v("write_s", x.write_s);
}
template <class V>
void fields(V& v, CheckpointLost& x) {
  v("checkpoint", x.checkpoint);
  v("place", x.place);
}
template <class V>
void fields(V& v, SegmentTimes& x) {
  v("startup_s", x.startup_s);
  v("load_s", x.load_s);
  v("train_s", x.train_s);
  v("save_s", x.save_s);
  v("transfer_s", x.transfer_s);
  v("wait_s", x.wait_s);
  v("failed_s", x.failed_s);
  v("transfer_bytes", x.transfer_bytes);
  v("steps", x.steps);
}
template <class V>
void fields(V& v, SegmentEnded& x) {
  v("segment", x.segment);
  v("trial", x.trial);
  v("worker", x.worker);
  v("step", x.step);
  v("done", x.done);
  v("times", x.times);
}
template <class V>
void fields(V& v, SegmentFailed& x) {
  v("segment", x.segment);
  v("trial", x.trial);
  v("worker", x.worker);
  v("step", x.step);
  v("error", x.error);
  v("times", x.times);
  v("no_state", x.no_state);
}
template <class V>
void fields(V& v, StopRequested& x) {
  v("cause", x.cause);
  v("reason", x.reason);
}
template <class V>
void fields(V& v, BackedOff& x) {
  v("trial", x.trial);
}
template <class V>
void fields(V& v, TimeLeft& x) {
  v("seconds", x.seconds);
}
template <class V>
void fields(V& v, GivenUp& x) {
  v("reason", x.reason);
}

constexpr std::string_view type_name(const Begun&) {
  return "begun";
}
constexpr std::string_view type_name(const WorkerUp&) {
  return "worker_up";
}
constexpr std::string_view type_name(const WorkerLost&) {
  return "worker_lost";
}
constexpr std::string_view type_name(const Proposed&) {
  return "proposed";
}
constexpr std::string_view type_name(const Reported&) {
  return "reported";
}
constexpr std::string_view type_name(const Saved&) {
  return "saved";
}
constexpr std::string_view type_name(const CheckpointLost&) {
  return "checkpoint_lost";
}
constexpr std::string_view type_name(const SegmentEnded&) {
  return "segment_ended";
}
constexpr std::string_view type_name(const SegmentFailed&) {
  return "segment_failed";
}
constexpr std::string_view type_name(const StopRequested&) {
  return "stop_requested";
}
constexpr std::string_view type_name(const BackedOff&) {
  return "backed_off";
}
constexpr std::string_view type_name(const TimeLeft&) {
  return "time_left";
}
constexpr std::string_view type_name(const GivenUp&) {
  return "given_up";
}

// ---- commands ----

template <class V>
void fields(V& v, Propose& x) {
  v("request", x.request);
  v("trial", x.trial);
  v("base", x.base);
}
template <class V>
void fields(V& v, Source& x) {
  v("checkpoint", x.checkpoint);
  v("places", x.places);
}
template <class V>
void fields(V& v, Run& x) {
  v("worker", x.worker);
  v("segment", x.segment);
  v("trial", x.trial);
  v("params", x.params);
  v("trial_seed", x.trial_seed);
  v("from", x.from);
  v("until", x.until);
  v("report_after", x.report_after);
}
template <class V>
void fields(V& v, Stop& x) {
  v("worker", x.worker);
  v("segment", x.segment);
}
template <class V>
void fields(V& v, Drop& x) {
  v("checkpoint", x.checkpoint);
  v("places", x.places);
}
template <class V>
void fields(V& v, Finish& x) {
  v("outcome", x.outcome);
  v("reason", x.reason);
}
template <class V>
void fields(V& v, BackOff& x) {
  v("trial", x.trial);
  v("seconds", x.seconds);
}

constexpr std::string_view type_name(const Propose&) {
  return "propose";
}
constexpr std::string_view type_name(const Run&) {
  return "run";
}
constexpr std::string_view type_name(const Stop&) {
  return "stop";
}
constexpr std::string_view type_name(const Drop&) {
  return "drop";
}
constexpr std::string_view type_name(const Finish&) {
  return "finish";
}
constexpr std::string_view type_name(const BackOff&) {
  return "back_off";
}

// ---- effects ----

template <class V>
void fields(V& v, Decision& x) {
  v("kind", x.kind);
  v("trial", x.trial);
  v("other_trial", x.other_trial);
  v("step", x.step);
  v("reason", x.reason);
  v("member", x.member);
}
template <class V>
void fields(V& v, Effects& x) {
  v("accepted", x.accepted);
  v("commands", x.commands);
  v("decisions", x.decisions);
}

// ---- costs ----

template <class V>
void fields(V& v, RecordCosts& x) {
  v("running_s", x.running_s);
  v("record_s", x.record_s);
  v("appends", x.appends);
  v("journal_bytes", x.journal_bytes);
  v("append_s", x.append_s);
  v("commits", x.commits);
  v("commit_s", x.commit_s);
  v("commit_p99_s", x.commit_p99_s);
  v("commit_max_s", x.commit_max_s);
  v("results_writes", x.results_writes);
  v("results_bytes", x.results_bytes);
  v("results_s", x.results_s);
  v("results_copy_s", x.results_copy_s);
}
constexpr std::string_view type_name(const RecordCosts&) {
  return "costs";
}

}  // namespace coppice
