#include "worker/process_tree.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace coppice {
namespace {

std::int64_t rss_bytes(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/statm", process));
  std::int64_t total = 0;
  std::int64_t resident = 0;
  return file >> total >> resident ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

std::int64_t pss_bytes(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", process));
  std::string word;
  while (file >> word) {
    std::int64_t kibibytes = 0;
    if (word == "Pss:" && file >> kibibytes) return kibibytes * 1024;
  }
  return rss_bytes(process);
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  std::error_code ended;
  std::filesystem::directory_iterator thread(fmt::format("/proc/{}/task", parent), ended);
  while (!ended && thread != std::filesystem::directory_iterator()) {
    std::ifstream list(thread->path() / "children");
    for (pid_t child = 0; list >> child;) found.push_back(child);
    thread.increment(ended);
  }
  return found;
}

std::vector<pid_t> descendants_of(pid_t root) {
  std::vector<pid_t> all = children_of(root);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const pid_t child : children_of(all[i])) all.push_back(child);
  }
  return all;
}

std::int64_t resident_bytes(const std::vector<pid_t>& processes, bool cheaply) {
  std::int64_t sum = 0;
  for (const pid_t process : processes) sum += cheaply ? rss_bytes(process) : pss_bytes(process);
  return sum;
}

}  // namespace coppice
