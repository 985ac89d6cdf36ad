/// What MpiSession and its MpiTransport share. Internal to both.
#pragma once

#include <mpi.h>

#include <optional>

#include "transport/mpi.hpp"

namespace coppice {

struct MpiSession::State {
  MPI_Comm world = MPI_COMM_NULL;  ///< our own duplicate: no message of user code can be taken for ours
  int rank = -1;
  int size = 0;
  int provided = MPI_THREAD_SINGLE;
  bool has_transport = false;
  bool had_transport = false;
  std::optional<bool> closed;
};

}  // namespace coppice
