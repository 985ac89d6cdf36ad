#include "journal/owner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <iterator>
#include <map>

#include "temporary_directory.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Nodes, their processes and a clock that only `sleep` moves.
struct World {
  double now_s = 1000;
  std::map<std::int64_t, std::uint64_t> processes;  ///< of the machine "m1": pid and start
  std::function<void()> on_sleep = [] {};

  OwnerEnvironment at(const std::string& host, const std::string& machine, std::int64_t pid,
                      std::uint64_t start) {
    OwnerEnvironment here;
    here.host = host;
    here.machine = machine;
    here.pid = pid;
    here.process_start = start;
    here.start_of = [this](std::int64_t p) {
      const auto it = processes.find(p);
      return it == processes.end() ? std::nullopt : std::optional(it->second);
    };
    here.now_s = [this] { return now_s; };
    here.sleep_s = [this](double s) {
      now_s += s;
      on_sleep();
    };
    here.beat_every_s = 0;
    return here;
  }
};

class OwnerTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "owner";
  World world_;

  std::string text() const {
    std::ifstream stream(file_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  /// What a process that died left behind.
  void leave_behind(const OwnerEnvironment& environment, const std::string& job = "") {
    std::string left;
    {
      const auto owner = Owner::take(directory_.path(), job, environment);
      left = text();
    }
    std::ofstream(file_) << left;
  }
  /// As if another process had taken over meanwhile.
  void leave_behind_another() {
    std::filesystem::remove(file_);
    leave_behind(world_.at("node3", "m3", 9, 400));
  }
  std::unique_ptr<Owner> take(const OwnerEnvironment& environment) {
    return Owner::take(directory_.path(), "", environment);
  }
  std::string refusal(const OwnerEnvironment& environment) {
    try {
      take(environment);
    } catch (const OwnerRefused& error) {
      return error.what();
    }
    return "taken";
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_.path()), {}));
  }
};

TEST_F(OwnerTest, TakesAFreeDirectoryAndLeavesNothing) {
  {
    const auto owner = Owner::take(directory_.path(), "4711", world_.at("node1", "m1", 10, 500));
    owner->set_incarnation(3);
    const auto read = read_owner(directory_.path());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->host, "node1");
    EXPECT_EQ(read->pid, 10);
    EXPECT_EQ(read->process_start, 500u);
    EXPECT_EQ(read->slurm_job, "4711");
    EXPECT_EQ(read->incarnation, 3);
    EXPECT_TRUE(owner->still_ours());
  }
  EXPECT_EQ(files(), 0u);
  EXPECT_EQ(world_.now_s, 1000);
}

TEST_F(OwnerTest, ABeatRisesInPlace) {
  const auto owner = take(world_.at("node1", "m1", 10, 500));
  const auto before = read_owner(directory_.path())->beat;
  struct stat a {};
  struct stat b {};
  ::stat(file_.c_str(), &a);
  for (int i = 0; i < 12; ++i) owner->beat();
  ::stat(file_.c_str(), &b);
  EXPECT_EQ(read_owner(directory_.path())->beat, before + 12);
  EXPECT_EQ(a.st_ino, b.st_ino);
  EXPECT_EQ(a.st_size, b.st_size);
}

TEST_F(OwnerTest, SameMachineAliveIsRefusedAtOnce) {
  leave_behind(world_.at("node1", "m1", 10, 500), "4711");
  world_.processes[10] = 500;
  const std::string error = refusal(world_.at("node1", "m1", 11, 600));
  EXPECT_THAT(error, HasSubstr("process 10 on host node1, Slurm job 4711, since 20"));
  EXPECT_THAT(error, HasSubstr(directory_.path().string()));
  EXPECT_THAT(error, Not(HasSubstr("\n")));
  EXPECT_EQ(world_.now_s, 1000);
  EXPECT_EQ(read_owner(directory_.path())->pid, 10);
}

TEST_F(OwnerTest, SameMachineGoneIsTakenOverAtOnce) {
  leave_behind(world_.at("node1", "m1", 10, 500));
  const auto owner = take(world_.at("node1", "m1", 11, 600));
  EXPECT_EQ(read_owner(directory_.path())->pid, 11);
  EXPECT_EQ(world_.now_s, 1000);
  EXPECT_EQ(files(), 1u);
}

TEST_F(OwnerTest, AnotherProcessWithThePidOfTheOwnerIsNotTheOwner) {
  leave_behind(world_.at("node1", "m1", 10, 500));
  world_.processes[10] = 501;
  const auto owner = take(world_.at("node1", "m1", 11, 600));
  EXPECT_EQ(read_owner(directory_.path())->pid, 11);
  EXPECT_EQ(world_.now_s, 1000);
}

TEST_F(OwnerTest, AnotherHostThatBeatsIsRefusedAtOnce) {
  const auto first = take(world_.at("node2", "m2", 10, 500));
  int sleeps = 0;
  world_.on_sleep = [&] {
    if (++sleeps == 4) first->beat();
  };
  EXPECT_THAT(refusal(world_.at("node1", "m1", 11, 600)), HasSubstr("process 10 on host node2"));
  EXPECT_EQ(world_.now_s, 1002);
  EXPECT_TRUE(first->still_ours());
}

TEST_F(OwnerTest, AnotherHostIsStaleAfterFifteenSecondsOfSilence) {
  leave_behind(world_.at("node2", "m2", 10, 500));
  world_.processes[10] = 500;  // a process of this machine says nothing about one of another
  const auto owner = take(world_.at("node1", "m1", 11, 600));
  EXPECT_EQ(world_.now_s, 1015);
  EXPECT_EQ(read_owner(directory_.path())->host, "node1");
}

TEST_F(OwnerTest, EqualNamesAreNotEqualMachines) {
  leave_behind(world_.at("localhost", "m2", 10, 500));
  const auto owner = take(world_.at("localhost", "m1", 11, 600));
  EXPECT_EQ(world_.now_s, 1015);
}

TEST_F(OwnerTest, WhoLeavesWhileWatchedMakesRoomAtOnce) {
  auto first = take(world_.at("node2", "m2", 10, 500));
  world_.on_sleep = [&] { first.reset(); };
  const auto second = take(world_.at("node1", "m1", 11, 600));
  EXPECT_EQ(world_.now_s, 1000.5);
  EXPECT_EQ(read_owner(directory_.path())->host, "node1");
}

TEST_F(OwnerTest, AnEmptyFileIsStaleToo) {
  std::ofstream(file_).flush();
  const auto owner = take(world_.at("node1", "m1", 11, 600));
  EXPECT_EQ(world_.now_s, 1015);
  EXPECT_EQ(read_owner(directory_.path())->pid, 11);
}

TEST_F(OwnerTest, OneThatWasReplacedNoticesAndLeavesTheOther) {
  auto first = take(world_.at("node2", "m2", 10, 500));
  const auto second = take(world_.at("node1", "m1", 11, 600));  // the first is suspended for 15 s
  EXPECT_FALSE(first->still_ours());
  first->beat();
  EXPECT_FALSE(first->still_ours());
  first.reset();
  EXPECT_EQ(read_owner(directory_.path())->pid, 11);
  EXPECT_TRUE(second->still_ours());
}

TEST_F(OwnerTest, OneThatWasSuspendedTooShortlyToBeReplacedDoesNotLook) {
  const auto first = take(world_.at("node2", "m2", 10, 500));
  leave_behind_another();
  world_.now_s += 14.9;
  EXPECT_TRUE(first->still_ours());
  world_.now_s += 0.1;
  EXPECT_FALSE(first->still_ours());
}

TEST_F(OwnerTest, ALookThatFindsItsOwnFileIsABeat) {
  const auto owner = take(world_.at("node1", "m1", 10, 500));
  for (int i = 0; i < 3; ++i) {
    world_.now_s += 15;
    for (int event = 0; event < 5; ++event) EXPECT_TRUE(owner->still_ours());
  }
  EXPECT_EQ(read_owner(directory_.path())->beat, 3u);
}

// Whoever sees a beat may count from there, however long the disk takes to say that it is done.
TEST_F(OwnerTest, ABeatCountsFromBeforeItsWrite) {
  auto environment = world_.at("node1", "m1", 10, 500);
  std::vector<std::uint64_t> seen;  // in the file, when the clock was read
  environment.now_s = [&] {
    const auto read = read_owner(directory_.path());
    seen.push_back(read ? read->beat : 999);
    return world_.now_s;
  };
  const auto owner = take(environment);
  owner->beat();
  owner->beat();
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{999, 0, 1}));
}

// Were it to take the lock of the beat, all events would wait for its disk.
TEST_F(OwnerTest, AnEventDoesNotWaitForABeat) {
  auto environment = world_.at("node1", "m1", 10, 500);
  std::atomic<bool> in_beat = false;
  std::promise<void> begun;
  std::promise<void> go_on;
  environment.now_s = [&] {
    if (in_beat.exchange(false)) {
      begun.set_value();
      go_on.get_future().wait();
    }
    return 1000.0;
  };
  const auto owner = take(environment);
  in_beat = true;
  auto beat = std::async(std::launch::async, [&] { owner->beat(); });
  begun.get_future().wait();
  auto event = std::async(std::launch::async, [&] { return owner->still_ours(); });
  const bool answered = event.wait_for(std::chrono::seconds(60)) == std::future_status::ready;
  go_on.set_value();
  EXPECT_TRUE(answered);
  EXPECT_TRUE(event.get());
  beat.get();
}

// The second of two takers wakes when the first has taken over already: what it judged is not there any more.
TEST_F(OwnerTest, ATakerThatComesTooLateLeavesTheNewOwner) {
  leave_behind(world_.at("node3", "m3", 9, 400));
  std::unique_ptr<Owner> first;
  OwnerEnvironment late = world_.at("node1", "m1", 11, 600);
  late.now_s = [&] {
    if (world_.now_s == 1015 && !first) {
      // The late one's watch is over now. Before it acts, the first one, which began earlier, takes over.
      auto early = world_.at("node2", "m2", 10, 500);
      early.stale_after_s = 0;
      first = take(early);
      world_.on_sleep = [&] { first->beat(); };
    }
    return world_.now_s;
  };
  EXPECT_THAT(refusal(late), HasSubstr("process 10 on host node2"));
  ASSERT_TRUE(first);
  first->beat();
  EXPECT_TRUE(first->still_ours());
  EXPECT_EQ(files(), 1u);
}

TEST_F(OwnerTest, AFileThatAHandRemovedComesBack) {
  const auto owner = take(world_.at("node1", "m1", 10, 500));
  std::filesystem::remove(file_);
  for (int i = 0; i < 3; ++i) owner->beat();
  EXPECT_TRUE(owner->still_ours());
  EXPECT_EQ(read_owner(directory_.path())->pid, 10);
}

TEST_F(OwnerTest, ADirectoryThatIsNotThereIsNamed) {
  try {
    Owner::take(directory_.path() / "none", "", world_.at("node1", "m1", 10, 500));
    FAIL();
  } catch (const JournalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("none/owner: can't create it"));
    EXPECT_THAT(error.what(), HasSubstr("No such file or directory"));
  }
}

TEST_F(OwnerTest, OfManyProcessesOneGetsIt) {
  int results[2];
  ASSERT_EQ(::pipe(results), 0);
  auto gone = OwnerEnvironment::here();  // a process of this very machine, so that all take over at once
  gone.pid = 0;
  gone.beat_every_s = 0;
  leave_behind(gone);
  constexpr int kTakers = 8;
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kTakers; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(gate[1]);
      char wait = 0;
      if (::read(gate[0], &wait, 1) != 0) ::_exit(3);
      char result = 'e';
      try {
        const auto owner = Owner::take(directory_.path(), "");
        result = 't';
        if (::write(results[1], &result, 1) != 1) ::_exit(3);
        ::pause();
      } catch (const OwnerRefused&) {
        result = 'r';
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      if (::write(results[1], &result, 1) != 1) ::_exit(3);
      ::_exit(0);
    }
    children.push_back(child);
  }
  ::close(gate[0]);
  ::close(gate[1]);
  std::string outcome;
  for (int i = 0; i < kTakers; ++i) {
    char result = 0;
    ASSERT_EQ(::read(results[0], &result, 1), 1);
    outcome += result;
  }
  std::sort(outcome.begin(), outcome.end());
  EXPECT_EQ(outcome, "rrrrrrrt");
  const auto owner = read_owner(directory_.path());
  EXPECT_TRUE(owner);
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
}

TEST_F(OwnerTest, TheThreadBeats) {
  auto here = OwnerEnvironment::here();
  here.beat_every_s = 0.001;
  const auto owner = Owner::take(directory_.path(), "", here);
  const auto limit_s = here.now_s() + 60;
  while (here.now_s() < limit_s) {
    const auto read = read_owner(directory_.path());
    if (read && read->beat >= 3) break;
    here.sleep_s(0.001);
  }
  EXPECT_GE(read_owner(directory_.path())->beat, 3u);
  EXPECT_THAT(refusal(here), HasSubstr("process " + std::to_string(::getpid())));
}

}  // namespace
}  // namespace coppice
