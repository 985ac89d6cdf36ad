#include <mpi.h>
#if defined(OPEN_MPI) && __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/check.hpp"
#include "transport/mpi_session_state.hpp"

namespace coppice {

namespace {

constexpr double kShortPoll_s = 100e-6;
constexpr double kLongPoll_s = 1e-3;
constexpr double kPollPerSilence = 0.2;
constexpr double kUnderWayPatience_s = 1.0;
constexpr int kProbesPerReceive = 8;

}  // namespace

/// What is under way. A buffer belongs to MPI until its request is complete, so it stays beside it.
struct MpiTransport::Queues {
  static constexpr int kDone = -1;  ///< in `Outgoing::to`: to be removed
  struct Outgoing {
    int to = kDone;
    std::vector<std::byte> body;
  };
  struct Incoming {
    Message message;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  struct Buried {
    std::vector<Outgoing> outgoing;
    std::vector<Incoming> incoming;
  };

  explicit Queues(MpiSession::State& state)
      : session(state), unsent(static_cast<std::size_t>(state.size)), last_activity_s(MPI_Wtime()) {}

  void lose_message(int peer);
  void ask_for_failed();
  void finish_sends();
  void bury_sends(int rank);
  void remove_done_sends();
  bool accept_one();
  std::optional<Message> arrived();
  std::optional<Message> from_self();
  void note_activity() { last_activity_s = MPI_Wtime(); }

  static Buried& graveyard();

  MpiSession::State& session;
  std::vector<std::size_t> unsent;  ///< by rank

  // Three parallel arrays, as MPI wants the requests side by side.
  std::vector<MPI_Request> requests;
  std::vector<Outgoing> outgoing;
  std::vector<int> completed;
  std::vector<MPI_Status> statuses;

  // By source, oldest first. Only the head may be handed out: a short message can be complete before a long
  // one that was sent earlier.
  std::map<int, std::deque<Incoming>> incoming;
  int last_source = -1;

  std::deque<Message> own;
  bool own_first = false;

  double last_activity_s;
  std::int64_t lost = 0;
  std::set<int> failed;        ///< not asked for yet
  std::set<int> acknowledged;  ///< that ULFM has told
};

/// Abandoned buffers stay reachable for ever: MPI may still write to them, and a leak checker knows that they
/// are meant.
MpiTransport::Queues::Buried& MpiTransport::Queues::graveyard() {
  static auto* const buried = new Buried;
  return *buried;
}

void MpiTransport::Queues::lose_message(int peer) {
  ++lost;
  failed.insert(peer);
}

/// Without ULFM nothing: then errors of single messages and the owner's own time limits must do.
void MpiTransport::Queues::ask_for_failed() {
#if defined(OMPI_HAVE_MPI_EXT_FTMPI)
  MPI_Group dead = MPI_GROUP_NULL;
  MPI_Group everybody = MPI_GROUP_NULL;
  int count = 0;
  // Unless acknowledged, a dead rank makes every probe for any source fail.
  if (MPIX_Comm_failure_ack(session.world) != MPI_SUCCESS ||
      MPIX_Comm_failure_get_acked(session.world, &dead) != MPI_SUCCESS)
    return;
  MPI_Group_size(dead, &count);
  MPI_Comm_group(session.world, &everybody);
  for (int i = 0; i < count; ++i) {
    int rank = MPI_UNDEFINED;
    MPI_Group_translate_ranks(dead, 1, &i, everybody, &rank);
    if (rank != MPI_UNDEFINED && acknowledged.insert(rank).second) failed.insert(rank);
  }
  MPI_Group_free(&everybody);
  MPI_Group_free(&dead);
#endif
}

void MpiTransport::Queues::finish_sends() {
  if (requests.empty()) return;
  int count = 0;
  completed.resize(requests.size());
  statuses.resize(requests.size());
  const int code = MPI_Testsome(static_cast<int>(requests.size()), requests.data(), &count, completed.data(),
                                statuses.data());
  // With an error in some of them, `completed` still lists what is over, one way or the other.
  if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS) return;
  if (count == MPI_UNDEFINED || count == 0) return;
  note_activity();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    Outgoing& sent = outgoing[static_cast<std::size_t>(completed[i])];
    if (code == MPI_ERR_IN_STATUS && statuses[i].MPI_ERROR != MPI_SUCCESS) lose_message(sent.to);
    unsent[static_cast<std::size_t>(sent.to)] -= sent.body.size() + kMessageOverheadBytes;
    sent.to = kDone;
  }
  remove_done_sends();
}

void MpiTransport::Queues::bury_sends(int rank) {
  for (Outgoing& stuck : outgoing) {
    if (stuck.to != rank) continue;
    graveyard().outgoing.push_back(std::move(stuck));
    stuck.to = kDone;
  }
  remove_done_sends();
  unsent[static_cast<std::size_t>(rank)] = 0;
}

void MpiTransport::Queues::remove_done_sends() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < outgoing.size(); ++i) {
    if (outgoing[i].to == kDone) continue;
    if (kept != i) {
      outgoing[kept] = std::move(outgoing[i]);
      requests[kept] = requests[i];
    }
    ++kept;
  }
  outgoing.resize(kept);
  requests.resize(kept);
}

/// Posts the receive of one announced message. Never a blocking one: a sender that died after the
/// announcement would hold us for ever. No matched probe: it breaks on some fabrics, and with one thread
/// nobody can come between.
bool MpiTransport::Queues::accept_one() {
  int announced = 0;
  MPI_Status status;
  if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, session.world, &announced, &status) != MPI_SUCCESS)
    return false;
  if (announced == 0) return false;
  int count = 0;
  if (MPI_Get_count(&status, MPI_BYTE, &count) != MPI_SUCCESS || count == MPI_UNDEFINED) return false;

  Incoming accepted;
  accepted.message.from = status.MPI_SOURCE;
  accepted.message.type = static_cast<std::uint32_t>(status.MPI_TAG);
  accepted.message.body.resize(static_cast<std::size_t>(count));
  if (MPI_Irecv(accepted.message.body.data(), count, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG,
                session.world, &accepted.request) != MPI_SUCCESS) {
    lose_message(status.MPI_SOURCE);
    return false;
  }
  incoming[status.MPI_SOURCE].push_back(std::move(accepted));
  return true;
}

/// The first complete message of some source, beginning after the source that was last served.
std::optional<Message> MpiTransport::Queues::arrived() {
  const std::size_t sources = incoming.size();
  auto source = incoming.upper_bound(last_source);
  for (std::size_t i = 0; i < sources; ++i) {
    if (source == incoming.end()) source = incoming.begin();
    Incoming& head = source->second.front();
    int done = 0;
    const int code = MPI_Test(&head.request, &done, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS && done == 0) {
      ++source;
      continue;
    }
    Message message = std::move(head.message);
    source->second.pop_front();
    source = source->second.empty() ? incoming.erase(source) : std::next(source);
    note_activity();
    if (code == MPI_SUCCESS) {
      last_source = message.from;
      return message;
    }
    lose_message(message.from);
    if (incoming.empty()) break;
  }
  return std::nullopt;
}

std::optional<Message> MpiTransport::Queues::from_self() {
  if (own.empty()) return std::nullopt;
  Message message = std::move(own.front());
  own.pop_front();
  note_activity();
  return message;
}

MpiTransport::MpiTransport(MpiSession& session) : Transport(session.rank(), session.size()) {
  check(!session.state_->closed && !session.state_->has_transport, "an MPI session has one transport");
  session.state_->has_transport = true;
  session.state_->had_transport = true;
  queues_ = std::make_unique<Queues>(*session.state_);
}

MpiTransport::~MpiTransport() {
  for (int other = 0; other < size(); ++other) abandon(other);
  queues_->session.has_transport = false;
}

void MpiTransport::send(int to, std::uint32_t type, std::vector<std::byte> body) {
  check_sendable(to, type, body.size());
  Queues& queues = *queues_;
  queues.note_activity();
  if (to == rank()) {
    queues.own.push_back({to, type, std::move(body)});
    return;
  }
  MPI_Request request = MPI_REQUEST_NULL;
  if (MPI_Isend(body.data(), static_cast<int>(body.size()), MPI_BYTE, to, static_cast<int>(type),
                queues.session.world, &request) != MPI_SUCCESS) {
    queues.lose_message(to);
    return;
  }
  queues.unsent[static_cast<std::size_t>(to)] += body.size() + kMessageOverheadBytes;
  queues.requests.push_back(request);
  queues.outgoing.push_back({to, std::move(body)});
}

std::optional<Message> MpiTransport::receive() {
  Queues& queues = *queues_;
  queues.finish_sends();
  // In turns, so that neither a flood from outside nor one from here starves the other.
  queues.own_first = !queues.own_first;
  if (queues.own_first) {
    if (auto message = queues.from_self()) return message;
  }
  if (auto message = queues.arrived()) return message;
  // Nothing more is accepted while something waits to be handed out, so the sender's queue fills, not our
  // memory.
  for (int probe = 0; probe < kProbesPerReceive && queues.accept_one(); ++probe) {
  }
  if (auto message = queues.arrived()) return message;
  return queues.from_self();
}

std::size_t MpiTransport::unsent_bytes(int to) const {
  check(to >= 0 && to < size(), "no such rank");
  return queues_->unsent[static_cast<std::size_t>(to)];
}

void MpiTransport::abandon(int rank) {
  check(rank >= 0 && rank < size(), "no such rank");
  queues_->bury_sends(rank);
  const auto source = queues_->incoming.find(rank);
  if (source == queues_->incoming.end()) return;
  for (Queues::Incoming& received : source->second)
    Queues::graveyard().incoming.push_back(std::move(received));
  queues_->incoming.erase(source);
}

std::vector<int> MpiTransport::take_failed() {
  queues_->ask_for_failed();
  std::vector<int> failed(queues_->failed.begin(), queues_->failed.end());
  queues_->failed.clear();
  return failed;
}

double MpiTransport::poll_interval_s() const {
  if (!queues_->own.empty()) return 0.0;
  const double silence_s = MPI_Wtime() - queues_->last_activity_s;
  // A long message moves only while both sides poll, in pieces that aren't visible from here.
  const bool under_way = !queues_->requests.empty() || !queues_->incoming.empty();
  if (under_way && silence_s < kUnderWayPatience_s) return kShortPoll_s;
  return std::clamp(silence_s * kPollPerSilence, kShortPoll_s, kLongPoll_s);
}

std::int64_t MpiTransport::lost_messages() const {
  return queues_->lost;
}

}  // namespace coppice
