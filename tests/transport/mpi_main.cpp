// Runs the tests on all ranks at once, in the same order. A rank that fails stops at once with a non-zero
// status, which makes mpirun end the others.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "mpi_world.hpp"

namespace coppice::test {
namespace {
MpiWorld* current = nullptr;
}

MpiWorld& mpi_world() {
  return *current;
}

void in_each_world(const std::function<void(const std::vector<Transport*>& mine)>& body) {
  body({&mpi_world().transport});
}

}  // namespace coppice::test

int main(int argc, char** argv) {
  using coppice::test::current;
  ::testing::InitGoogleTest(&argc, argv);
  // Forking is not for MPI programs; the rules about preconditions are tested over loopback.
  GTEST_FLAG_SET(filter, "-*DeathTest*");
  GTEST_FLAG_SET(fail_fast, true);

  coppice::MpiSession session;
  const std::string own(static_cast<std::size_t>(session.rank()) * 3,
                        static_cast<char>('a' + session.rank()));
  std::vector<std::string> gathered = session.gather(own);
  int status = 1;
  {
    coppice::test::MpiWorld world{session, coppice::MpiTransport(session), std::move(gathered)};
    current = &world;
    if (session.rank() != 0) {
      auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
      delete listeners.Release(listeners.default_result_printer());
      listeners.Append(new coppice::test::FailurePrinter(session.rank()));
    }
    status = RUN_ALL_TESTS();
    if (world.transport.lost_messages() != 0) status = 1;
  }
  if (status != 0) return status;
  if (!session.close(60.0)) {
    std::fprintf(stderr, "rank %d: not everybody came to the end\n", session.rank());
    return 1;
  }
  // A second call tells the same.
  return session.close(0.0) ? 0 : 1;
}
