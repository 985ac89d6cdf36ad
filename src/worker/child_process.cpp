#include "worker/child_process.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace coppice {

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_descriptors(int first, std::span<const int> kept) {
  std::vector<int> found;
  // close_range() would do, but the kernels of many clusters don't have it.
  if (DIR* folder = ::opendir("/proc/self/fd"); folder != nullptr) {
    while (const dirent* entry = ::readdir(folder)) found.push_back(std::atoi(entry->d_name));
    ::closedir(folder);
  } else {
    for (int fd = first; fd < 65536; ++fd) found.push_back(fd);
  }
  for (const int fd : found) {
    if (fd >= first && std::find(kept.begin(), kept.end(), fd) == kept.end()) ::close(fd);
  }
}

void bind_to_cpus(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  const auto count = static_cast<std::size_t>(*std::max_element(cpus.begin(), cpus.end())) + 1;
  cpu_set_t* const set = CPU_ALLOC(count);
  if (set == nullptr) return;
  const std::size_t size = CPU_ALLOC_SIZE(count);
  CPU_ZERO_S(size, set);
  for (const int cpu : cpus) CPU_SET_S(static_cast<std::size_t>(cpu), size, set);
  if (::sched_setaffinity(0, size, set) != 0) {
    fmt::print(stderr, "coppice: can't bind to CPUs {}: {}\n", fmt::join(cpus, ","), std::strerror(errno));
  }
  CPU_FREE(set);
}

std::vector<char*> argument_pointers(const std::vector<std::string>& command) {
  std::vector<char*> pointers;
  for (const std::string& argument : command) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string describe(const StartFailure& failure, const std::string& program, const std::string& cwd) {
  const char* why = std::strerror(failure.error);
  switch (failure.stage) {
    case StartFailure::kDirectory:
      return fmt::format("cannot start '{}' in {}: {}", program, cwd, why);
    case StartFailure::kExec:
      return fmt::format("cannot run '{}': {}", program, why);
    default:
      return fmt::format("cannot start '{}': {}", program, why);
  }
}

}  // namespace coppice
