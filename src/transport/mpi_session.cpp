#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/check.hpp"
#include "transport/mpi_session_state.hpp"

namespace coppice {

namespace {

constexpr double kCloseLimit_s = 5.0;
constexpr std::chrono::milliseconds kClosePoll{1};

/// Only for start-up, where a failure is the world's and ends the program.
void require_success(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw std::runtime_error(fmt::format("{} failed at start-up: {}", call, text.data()));
}

/// One rank's part of the gathering at start-up: plain bytes.
struct RankRecord {
  std::int32_t leader = -1;  ///< the lowest rank on this node
  std::int32_t local_rank = -1;
  std::array<char, 248> host{};
};

RankRecord own_record(MPI_Comm world) {
  MPI_Comm node = MPI_COMM_NULL;
  int rank = -1;
  RankRecord own;
  require_success(MPI_Comm_rank(world, &rank), "MPI_Comm_rank");
  // What launchers put in the environment is wrong in some combinations; this is right in all that were
  // tried.
  require_success(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node),
                  "MPI_Comm_split_type");
  require_success(MPI_Comm_rank(node, &own.local_rank), "MPI_Comm_rank");
  own.leader = rank;
  require_success(MPI_Bcast(&own.leader, 1, MPI_INT32_T, 0, node), "MPI_Bcast");
  MPI_Comm_free(&node);

  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  require_success(MPI_Get_processor_name(name.data(), &length), "MPI_Get_processor_name");
  std::copy_n(name.begin(), std::min(name.size(), own.host.size()) - 1, own.host.begin());
  return own;
}

std::vector<RankInfo> gather_ranks(MPI_Comm world, int size) {
  const RankRecord own = own_record(world);
  std::vector<RankRecord> records(static_cast<std::size_t>(size));
  require_success(MPI_Allgather(&own, sizeof own, MPI_BYTE, records.data(), sizeof own, MPI_BYTE, world),
                  "MPI_Allgather");

  std::map<std::int32_t, int> node_of_leader;
  std::vector<RankInfo> ranks;
  ranks.reserve(records.size());
  for (const RankRecord& record : records) {
    // A node's lowest rank comes first, so the numbers follow it.
    const int next_node = static_cast<int>(node_of_leader.size());
    const int node = node_of_leader.try_emplace(record.leader, next_node).first->second;
    ranks.push_back({static_cast<int>(ranks.size()), node, record.local_rank, record.host.data()});
  }
  return ranks;
}

}  // namespace

std::string mpi_library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int size = 0;
  if (MPI_Get_library_version(text.data(), &size) != MPI_SUCCESS) return "unknown";
  const std::string version(text.data(), static_cast<std::size_t>(size));
  return version.substr(0, version.find_first_of(std::string("\n\0", 2)));
}

MpiSession::MpiSession(Threads threads) : state_(std::make_unique<State>()) {
  const int wanted = threads == Threads::kMany ? MPI_THREAD_MULTIPLE : MPI_THREAD_SERIALIZED;
  require_success(MPI_Init_thread(nullptr, nullptr, wanted, &state_->provided), "MPI_Init_thread");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  if (state_->provided < MPI_THREAD_SERIALIZED) {
    throw std::runtime_error(
        "this MPI was built without threads: use one that provides MPI_THREAD_SERIALIZED");
  }
  require_success(MPI_Comm_dup(MPI_COMM_WORLD, &state_->world), "MPI_Comm_dup");
  MPI_Comm_set_errhandler(state_->world, MPI_ERRORS_RETURN);
  require_success(MPI_Comm_rank(state_->world, &state_->rank), "MPI_Comm_rank");
  require_success(MPI_Comm_size(state_->world, &state_->size), "MPI_Comm_size");
  ranks_ = gather_ranks(state_->world, state_->size);
}

MpiSession::~MpiSession() {
  close(kCloseLimit_s);
}

int MpiSession::rank() const {
  return state_->rank;
}
int MpiSession::size() const {
  return state_->size;
}
bool MpiSession::multithreaded() const {
  return state_->provided == MPI_THREAD_MULTIPLE;
}

std::vector<std::string> MpiSession::gather(const std::string& own) {
  check(!state_->closed && !state_->had_transport,
        "a collective belongs to the start-up, before the transport");
  const auto size = static_cast<std::size_t>(state_->size);
  const int length = static_cast<int>(own.size());
  std::vector<int> lengths(size);
  std::vector<int> offsets(size);
  require_success(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, state_->world),
                  "MPI_Allgather");
  std::exclusive_scan(lengths.begin(), lengths.end(), offsets.begin(), 0);
  std::string all(static_cast<std::size_t>(offsets.back() + lengths.back()), '\0');
  require_success(MPI_Allgatherv(own.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(),
                                 MPI_CHAR, state_->world),
                  "MPI_Allgatherv");
  std::vector<std::string> texts;
  texts.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    texts.push_back(all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(lengths[i])));
  }
  return texts;
}

bool MpiSession::close(double limit_s) {
  if (state_->closed) return *state_->closed;
  check(!state_->has_transport, "the transport must be destroyed before its session is closed");
  state_->closed = false;
  if (limit_s <= 0) return false;

  MPI_Request everybody_is_here = MPI_REQUEST_NULL;
  if (MPI_Ibarrier(state_->world, &everybody_is_here) != MPI_SUCCESS) return false;
  const double until_s = MPI_Wtime() + limit_s;
  int done = 0;
  while (true) {
    if (MPI_Test(&everybody_is_here, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) return false;
    if (done != 0) break;
    if (MPI_Wtime() >= until_s) return false;
    std::this_thread::sleep_for(kClosePoll);
  }
  state_->closed = MPI_Finalize() == MPI_SUCCESS;
  return *state_->closed;
}

}  // namespace coppice
