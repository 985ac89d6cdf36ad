/// The process itself: how it starts, what it inherits, and that nothing of it outlives its owner.
#include <sys/wait.h>

#include <sstream>

#include "host_fixture.hpp"
#include "worker/host_process.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;
using testing::Not;

// Shell: starts a process that has left the host's group, session and family, and prints its number.
#define ESCAPES "(setsid sh -c 'echo $$; exec sleep 1000' &) ; "

pid_t parent_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(status, text);
  return std::atoi(text.c_str() + text.rfind(')') + 4);
}

class HostProcess : public HostTest {
 protected:
  /// The first lines that it prints, which are pids; waited for.
  static std::vector<pid_t> printed_pids(const TrialHost& host, std::size_t count) {
    std::vector<pid_t> pids;
    for (int waited_ms = 0; waited_ms < kHang_ms; waited_ms += 10) {
      std::istringstream lines(host.last_output());
      pids.clear();
      for (pid_t pid = 0; lines >> pid;) pids.push_back(pid);
      if (pids.size() >= count) return pids;
      ::poll(nullptr, 0, 10);
    }
    ADD_FAILURE() << "it printed: " << host.last_output();
    pids.resize(count);
    return pids;
  }
  std::string log() const {
    std::ifstream file(folder_ / "worker-0.log");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
};

TEST_F(HostProcess, AProgramThatIsNotThereIsNamed) {
  TrialHost host = start({"./trian.sh"});
  EXPECT_EQ(next<HostExited>(host).description, "cannot run './trian.sh': No such file or directory");
}

TEST_F(HostProcess, AProgramThatMayNotRunIsNamed) {
  write("train.sh", "#!/bin/sh\n");
  TrialHost host = start({"./train.sh"});
  EXPECT_EQ(next<HostExited>(host).description, "cannot run './train.sh': Permission denied");
}

TEST_F(HostProcess, AFolderThatIsNotThereIsNamed) {
  HostLaunch what = launch({"/bin/true"});
  what.cwd = folder_ / "nowhere";
  TrialHost host = TrialHost::start(spawner_, what);
  EXPECT_EQ(next<HostExited>(host).description,
            "cannot start '/bin/true' in its working directory: No such file or directory");
}

TEST_F(HostProcess, ALogThatCanNotBeWrittenIsNamed) {
  HostLaunch what = launch({"/bin/true"});
  what.log = folder_ / "nowhere" / "x.log";
  TrialHost host = TrialHost::start(spawner_, what);
  EXPECT_THAT(next<HostExited>(host).description, HasSubstr("cannot open the log"));
  EXPECT_EQ(host.last_output(), "");
}

TEST_F(HostProcess, AnEndBeforeTheHelloComesWithTheLastLines) {
  TrialHost host =
      start({"/bin/sh", "-c", "i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done; exit 4"});
  EXPECT_EQ(next<HostExited>(host).description, "exit status 4");
  EXPECT_EQ(host.last_output(3), "line 47\nline 48\nline 49");
}

TEST_F(HostProcess, SilenceAtTheStartHasALimit) {
  HostLaunch what = launch({"/bin/sleep", "1000"});
  what.startup_s = 0.05;
  TrialHost host = TrialHost::start(spawner_, what);
  EXPECT_EQ(next<HostExited>(host).description, "did not say hello within 0.05 s (timeouts.startup); killed");
}

TEST_F(HostProcess, LaunchersVariablesAreNotInherited) {
  ::setenv("OMPI_COMM_WORLD_RANK", "0", 1);
  ::setenv("PMIX_RANK", "0", 1);
  ::setenv("SLURM_PROCID", "0", 1);
  ::setenv("SLURM_JOB_ID", "4711", 1);
  ::setenv("HOST_TEST_UNSET", "1", 1);
  Spawner spawner = Spawner::launch();  // it is the environment at its launch that counts
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID", "SLURM_JOB_ID"})
    ::unsetenv(name);
  HostLaunch what = launch({"/usr/bin/env"});
  what.environment = {{"CUDA_VISIBLE_DEVICES", "3"}, {"PYTHONPATH", "/mine"}};
  what.unset = {"HOST_TEST_UNSET"};
  TrialHost host = TrialHost::start(spawner, what);
  next<HostExited>(host);
  const std::string text = log();
  EXPECT_THAT(text, Not(HasSubstr("OMPI_")));
  EXPECT_THAT(text, Not(HasSubstr("PMIX_")));
  EXPECT_THAT(text, Not(HasSubstr("SLURM_PROCID")));
  EXPECT_THAT(text, Not(HasSubstr("HOST_TEST_UNSET")));
  EXPECT_THAT(text, HasSubstr("SLURM_JOB_ID=4711\n"));
  EXPECT_THAT(text, HasSubstr("CUDA_VISIBLE_DEVICES=3\n"));
  EXPECT_THAT(text, HasSubstr("COPPICE_FD=3\n"));
  EXPECT_THAT(text, HasSubstr("PYTHONPATH=" + python_client_directory().string() + ":/mine\n"));
}

TEST_F(HostProcess, GetsFourDescriptorsAndDefaultSignals) {
  const int leak = ::open("/dev/null", O_RDONLY);  // not close-on-exec
  Spawner spawner = Spawner::launch();             // so that it could inherit it
  TrialHost lists = TrialHost::start(spawner, launch({"/bin/ls", "/proc/self/fd"}));
  next<HostExited>(lists);
  ::close(leak);
  EXPECT_EQ(lists.last_output(), "0\n1\n2\n3\n4") << "4 is the folder that ls itself opens";
  // Not by way of a shell: while it waits for a command it blocks signals itself.
  TrialHost signals =
      TrialHost::start(spawner, launch({"/bin/grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}));
  next<HostExited>(signals);
  EXPECT_THAT(signals.last_output(), testing::ContainsRegex("^SigBlk:\t0+\nSigIgn:\t0+$"));
}

TEST_F(HostProcess, OneLogForAllHostsWithALineForEachStart) {
  for (int i = 0; i < 2; ++i) {
    TrialHost host = start({"/bin/echo", "hello", std::to_string(i)});
    next<HostExited>(host);
    EXPECT_EQ(host.last_output(), "hello " + std::to_string(i)) << "lines of another host";
  }
  EXPECT_THAT(log(),
              testing::ContainsRegex("host started: /bin/echo hello 0\nhello 0\n.*ended: exit status 0\n"));
}

TEST_F(HostProcess, OutputIsMadeFitForARecord) {
  const auto noise = write(
      "noise", std::string("50%\r100%\nbad \xff byte \xc3\xa4\n") + std::string(1'000'000, 'x') + "\nlast\n");
  TrialHost host = start({"/bin/cat", noise.string()});
  next<HostExited>(host);
  EXPECT_EQ(host.last_output(), "last");
  TrialHost small = start({"/usr/bin/head", "-n", "2", noise.string()});
  next<HostExited>(small);
  EXPECT_EQ(small.last_output(), "100%\nbad \xef\xbf\xbd byte \xc3\xa4");
}

TEST_F(HostProcess, WhatItLeavesBehindIsKilledWithIt) {
  TrialHost host = start({"/bin/sh", "-c", "sleep 1000 & echo $!; exit 0"});
  next<HostExited>(host);
  const pid_t left = std::stoi(host.last_output(1));
  EXPECT_TRUE(dies(left));
}

TEST_F(HostProcess, GoesWithItsOwner) {
  pid_t pid = 0;
  {
    TrialHost host = start({HOST_HELPER});
    next<HostReady>(host);
    pid = host.pid();
    ASSERT_FALSE(is_dead(pid));
  }
  EXPECT_TRUE(dies(pid));
}

TEST_F(HostProcess, GoesWithTheSpawner) {
  TrialHost host = start({HOST_HELPER});
  next<HostReady>(host);
  const pid_t pid = host.pid();
  ::kill(spawner_.pid(), SIGKILL);
  EXPECT_EQ(next<HostExited>(host).description, "the process that watches over it is gone");
  EXPECT_FALSE(spawner_.alive(kHang_ms));
  EXPECT_TRUE(dies(pid));
  TrialHost late = start({HOST_HELPER});
  EXPECT_EQ(next<HostExited>(late).description, "the process that watches over it is gone");
}

TEST_F(HostProcess, GoesWithItsKeeperAndTheNextIsStartedAllTheSame) {
  TrialHost host = start({"/bin/sh", "-c", ESCAPES "sleep 1000 & echo $!; exec " HOST_HELPER});
  next<HostReady>(host);
  const std::vector<pid_t> left = printed_pids(host, 2);
  ::kill(parent_of(host.pid()), SIGKILL);
  EXPECT_EQ(next<HostExited>(host).description, "the process that watches over it is gone");
  EXPECT_TRUE(spawner_.alive());
  for (const pid_t pid : left) EXPECT_TRUE(dies(pid)) << pid;
  TrialHost another = start({HOST_HELPER});
  next<HostReady>(another);
}

TEST_F(HostProcess, WhatHidesInASessionOfItsOwnIsKilledWithIt) {
  TrialHost host = start({"/bin/sh", "-c", ESCAPES "while [ ! -e hidden ]; do sleep 0.01; done"});
  const pid_t hidden = printed_pids(host, 1).front();
  write("hidden", "");
  EXPECT_EQ(next<HostExited>(host).description, "exit status 0");
  EXPECT_TRUE(is_dead(hidden)) << "before the end is told, so that its device is free";
}

TEST_F(HostProcess, WhatHidesInASessionOfItsOwnIsKilledWhereTheHostIs) {
  TrialHost host = start({"/bin/sh", "-c", ESCAPES "exec " HOST_HELPER});
  HostLaunch what = launch({"/bin/sh", "-c", ESCAPES "exec " HOST_HELPER});
  what.log = folder_ / "worker-1.log";
  TrialHost other = TrialHost::start(spawner_, what);
  next<HostReady>(host);
  next<HostReady>(other);
  const pid_t hidden = printed_pids(host, 1).front();
  const pid_t hidden_other = printed_pids(other, 1).front();
  host.kill();
  next<HostExited>(host);
  EXPECT_TRUE(is_dead(hidden));
  EXPECT_FALSE(is_dead(hidden_other)) << "each host has its own";
  { const TrialHost gone = std::move(other); }
  EXPECT_TRUE(dies(hidden_other)) << "and goes with its owner";
}

TEST_F(HostProcess, WhatHidesInASessionOfItsOwnDiesWithTheSpawner) {
  TrialHost host = start({"/bin/sh", "-c", ESCAPES "exec " HOST_HELPER});
  next<HostReady>(host);
  const pid_t hidden = printed_pids(host, 1).front();
  ::kill(spawner_.pid(), SIGKILL);
  next<HostExited>(host);
  EXPECT_TRUE(dies(hidden));
}

/// Takes memory in two processes and sleeps; `shared`: the second only inherits that of the first.
std::string memory_program(bool shared) {
  return std::string("shared = ") + (shared ? "True" : "False") + R"(
import os, time
blob = b"x" * (300_000_000 if shared else 150_000_000)
if os.fork() == 0 and not shared:
    more = b"y" * 150_000_000
time.sleep(1000)
)";
}

TEST_F(HostProcess, BeyondItsMemoryItIsEndedAndTheFailureSaysSo) {
  HostLaunch what = launch({PYTHON, write("take.py", memory_program(false)).string()});
  what.memory_limit_bytes = 250'000'000;
  TrialHost host = TrialHost::start(spawner_, what);
  EXPECT_THAT(next<HostExited>(host).description,
              testing::MatchesRegex("used (2[5-9][0-9]|[34][0-9][0-9])(\\.[0-9])? MB of its 250 MB "
                                    "\\(resources.memory_per_worker\\)"));
}

TEST_F(HostProcess, MemoryThatTwoProcessesShareIsCountedOnce) {
  HostLaunch what = launch({PYTHON, write("take.py", memory_program(true)).string()});
  what.memory_limit_bytes = 500'000'000;
  what.startup_s = 3;  // several looks at it
  TrialHost host = TrialHost::start(spawner_, what);
  EXPECT_THAT(next<HostExited>(host).description, HasSubstr("timeouts.startup"));
}

TEST_F(HostProcess, AKillThatNobodyHereSentMayBeForLackOfMemory) {
  TrialHost host = start({"/bin/sh", "-c", "kill -9 $$"});
  EXPECT_THAT(next<HostExited>(host).description,
              testing::MatchesRegex("killed by signal 9 \\(SIGKILL\\), which nobody here sent: maybe out of "
                                    "memory; .* [kM]B were in use"));
  TrialHost ours = start({"/bin/sleep", "1000"});
  while (ours.pid() == 0) ours.poll();
  ours.kill();
  EXPECT_EQ(next<HostExited>(ours).description, "killed by signal 9 (SIGKILL)");
}

TEST_F(HostProcess, ATerminalsSignalReachesNeitherHostNorSpawner) {
  TrialHost host = start({HOST_HELPER});
  next<HostReady>(host);
  EXPECT_NE(::getpgid(host.pid()), ::getpgid(0));
  EXPECT_NE(::getpgid(spawner_.pid()), ::getpgid(0));
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) ::kill(spawner_.pid(), number);
  host.run(order(1, 1, 0, 2), nullptr);
  EXPECT_EQ(next<HostEnded>(host).step, 2);
}

TEST_F(HostProcess, NothingOutlivesAWorkerThatIsKilled) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t worker = ::fork();
  ASSERT_GE(worker, 0);
  if (worker == 0) {  // a worker with a spawner, a host and what that started
    ::close(pipe_ends[0]);
    Spawner spawner = Spawner::launch();
    TrialHost host = TrialHost::start(spawner, launch({"/bin/sh", "-c", "sleep 1000 & echo $!; wait"}));
    while (host.pid() == 0 || host.last_output().empty()) {
      host.poll();
      ::poll(nullptr, 0, 5);
    }
    const std::array<pid_t, 3> pids{spawner.pid(), host.pid(), std::stoi(host.last_output(1))};
    [[maybe_unused]] const ssize_t written = ::write(pipe_ends[1], pids.data(), sizeof pids);
    for (;;) ::pause();
  }
  ::close(pipe_ends[1]);
  std::array<pid_t, 3> pids{};
  ASSERT_EQ(::read(pipe_ends[0], pids.data(), sizeof pids), static_cast<ssize_t>(sizeof pids));
  ::close(pipe_ends[0]);
  for (const pid_t pid : pids) EXPECT_FALSE(is_dead(pid));
  ::kill(worker, SIGKILL);
  ::waitpid(worker, nullptr, 0);
  for (const pid_t pid : pids) EXPECT_TRUE(dies(pid)) << pid;
}

TEST(Spawner, UnusedItIsGoneWithoutATrace) {
  pid_t pid = 0;
  {
    Spawner first = Spawner::launch();
    Spawner second = std::move(first);
    pid = second.pid();
    EXPECT_FALSE(is_dead(pid));
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

}  // namespace
}  // namespace coppice
