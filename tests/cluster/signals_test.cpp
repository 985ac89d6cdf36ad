#include "cluster/signals.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace coppice::test {
namespace {

bool readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

TEST(StopSignals, SilentUntilOneArrives) {
  StopSignals signals;
  EXPECT_FALSE(readable(signals.fd()));
  EXPECT_FALSE(signals.take());
}

TEST(StopSignals, EachIsTakenOnce) {
  StopSignals signals;
  for (const int number : {SIGTERM, SIGUSR1, SIGINT}) {
    raise(number);
    EXPECT_TRUE(readable(signals.fd()));
    EXPECT_EQ(signals.take(), number);
    EXPECT_FALSE(readable(signals.fd()));
    EXPECT_FALSE(signals.take());
  }
}

TEST(StopSignals, SeveralWaitUntilAllAreTaken) {
  StopSignals signals;
  raise(SIGUSR1);
  raise(SIGUSR1);
  raise(SIGTERM);
  EXPECT_EQ(signals.take(), SIGTERM);
  EXPECT_TRUE(readable(signals.fd()));
  EXPECT_EQ(signals.take(), SIGUSR1);
  EXPECT_FALSE(readable(signals.fd()));
  EXPECT_FALSE(signals.take());
}

TEST(StopSignals, OneKeystrokeDeliveredTwiceIsOne) {
  StopSignals signals(3600.0);
  raise(SIGINT);
  raise(SIGINT);
  EXPECT_EQ(signals.take(), SIGINT);
  EXPECT_FALSE(signals.take());
}

TEST(StopSignalsDeathTest, TheSecondInterruptEndsAtOnce) {
  EXPECT_EXIT(
      {
        StopSignals signals(0.0);
        raise(SIGINT);
        if (signals.take() == SIGINT) raise(SIGINT);
        _exit(1);
      },
      ::testing::ExitedWithCode(130), "");
}

TEST(StopSignals, WritingToAProgramThatDiedIsNoDeath) {
  StopSignals signals;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
  EXPECT_FALSE(signals.take());
}

TEST(StopSignals, WritingPastTheLimitOnFileSizesIsNoDeath) {
  StopSignals signals;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1, before.rlim_max};
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_EQ(pwrite(fileno(file), "x", 1, 1), -1);
  EXPECT_EQ(errno, EFBIG);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::fclose(file);
  EXPECT_FALSE(signals.take());
}

TEST(StopSignals, PutsBackWhatWasThere) {
  struct sigaction before {};
  before.sa_handler = SIG_IGN;
  struct sigaction original {};
  ASSERT_EQ(sigaction(SIGUSR1, &before, &original), 0);
  { StopSignals signals; }
  struct sigaction after {};
  sigaction(SIGUSR1, &original, &after);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
  // And a new one begins afresh.
  StopSignals signals;
  EXPECT_FALSE(signals.take());
}

TEST(StopSignalsDeathTest, OnlyOneAtATime) {
  EXPECT_DEATH(
      {
        StopSignals one;
        StopSignals two;
      },
      "two StopSignals");
}

}  // namespace
}  // namespace coppice::test
