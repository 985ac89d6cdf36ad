#include "worker/host_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>

#include "core/text.hpp"

namespace coppice {
namespace {

constexpr std::size_t kTail_bytes = 16384;
constexpr std::size_t kMaxLine_bytes = 500;
constexpr const char* kMark = "=== coppice: ";

}  // namespace

HostLog::HostLog(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) {
  if (!file_) error_ = fmt::format("cannot open the log {}: {}", file.string(), std::strerror(errno));
}

off_t HostLog::size() const {
  struct stat status {};
  return ::fstat(file_.get(), &status) == 0 ? status.st_size : 0;
}

void HostLog::say(const std::string& what) {
  if (!file_) return;
  const std::string line = kMark + what + "\n";
  [[maybe_unused]] const ssize_t written = ::write(file_.get(), line.data(), line.size());
}

void HostLog::begin_host(const std::string& what) {
  say(what);
  begin_ = size();
}

void HostLog::begin_segment(const std::string& what) {
  say(what);
  if (!first_segment_) begin_ = size();
  first_segment_ = false;
}

void HostLog::end_host(const std::string& what) {
  end_ = size();
  say(what);
}

std::string HostLog::last_lines(int count) const {
  if (!file_ || count <= 0) return {};
  const off_t end = end_ >= 0 ? end_ : size();
  const off_t begin = std::max<off_t>(begin_, end - static_cast<off_t>(kTail_bytes));
  if (end <= begin) return {};
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  const ssize_t got = ::pread(file_.get(), text.data(), text.size(), begin);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (begin > begin_) text.erase(0, text.find('\n') + 1);  // nothing, if it is one long line
  std::deque<std::string> last;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t stop = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, stop - at);
    at = stop + 1;
    if (line.starts_with(kMark)) continue;
    while (!line.empty() && line.back() == '\r') line.pop_back();
    line.erase(0, line.rfind('\r') + 1);  // of a progress bar the last state only
    last.push_back(clean_text(line, kMaxLine_bytes));
    if (last.size() > static_cast<std::size_t>(count)) last.pop_front();
  }
  return fmt::format("{}", fmt::join(last, "\n"));
}

}  // namespace coppice
