/// What the tests under MPI share: this rank's session and transport, and how a rank other than 0 says what
/// failed.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "ranks.hpp"
#include "transport/mpi.hpp"

namespace coppice::test {

struct MpiWorld {
  MpiSession& session;
  MpiTransport transport;
  std::vector<std::string> gathered;  ///< of each rank: its letter, three times its number
};

MpiWorld& mpi_world();

class FailurePrinter final : public ::testing::EmptyTestEventListener {
 public:
  explicit FailurePrinter(int rank) : rank_(rank) {}
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", rank_, result.file_name() ? result.file_name() : "?",
                 result.line_number(), result.message());
  }

 private:
  int rank_;
};

}  // namespace coppice::test
