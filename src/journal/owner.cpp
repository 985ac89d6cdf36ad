#include "journal/owner.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace coppice {

using journal_files::fail;
using journal_files::File;
using journal_files::read_text;

namespace {

/// Constant, so that a beat rewrites the file in place with one write.
constexpr std::size_t kTextBytes = 768;

std::string text_of(const OwnerRecord& record) {
  const nlohmann::ordered_json json = {{"host", record.host},
                                       {"pid", record.pid},
                                       {"process_start", record.process_start},
                                       {"slurm_job", record.slurm_job},
                                       {"incarnation", record.incarnation},
                                       {"since_unix_s", record.since_unix_s},
                                       {"beat", record.beat},
                                       {"machine", record.machine}};
  std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (text.size() < kTextBytes) text.resize(kTextBytes, ' ');
  return text + '\n';
}

std::optional<OwnerRecord> parse(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    OwnerRecord record;
    record.host = json.at("host").get<std::string>();
    record.pid = json.at("pid").get<std::int64_t>();
    record.process_start = json.at("process_start").get<std::uint64_t>();
    record.slurm_job = json.value("slurm_job", "");
    record.incarnation = json.value("incarnation", 0);
    record.since_unix_s = json.value("since_unix_s", std::int64_t{0});
    record.beat = json.value("beat", std::uint64_t{0});
    record.machine = json.value("machine", "");
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

bool same_process(const OwnerRecord& a, const OwnerRecord& b) {
  return a.host == b.host && a.machine == b.machine && a.pid == b.pid && a.process_start == b.process_start;
}

std::string describe(const std::optional<OwnerRecord>& owner) {
  if (!owner) return "an unknown process";
  std::string text = fmt::format("process {} on host {}", owner->pid, owner->host);
  if (!owner->slurm_job.empty()) text += fmt::format(", Slurm job {}", owner->slurm_job);
  if (owner->since_unix_s > 0) {
    text += fmt::format(", since {:%Y-%m-%d %H:%M:%S} UTC",
                        fmt::gmtime(static_cast<std::time_t>(owner->since_unix_s)));
  }
  return text;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::optional<OwnerRecord>& owner) {
  throw OwnerRefused(
      fmt::format("{}: this study is running already: {}; stop that run, or give this one another "
                  "directory with -o",
                  path.parent_path().string(), describe(owner)));
}

/// True when the owner whose file held `text`, or the file itself, is gone; throws if the owner lives.
bool is_gone(const std::filesystem::path& path, const std::string& text,
             const OwnerEnvironment& environment) {
  const auto owner = parse(text);
  if (owner && owner->host == environment.host &&
      (owner->machine.empty() || owner->machine == environment.machine)) {
    if (environment.start_of(owner->pid) == owner->process_start) refuse(path, owner);
    return true;
  }
  const double until_s = environment.now_s() + environment.stale_after_s;
  while (environment.now_s() < until_s) {
    environment.sleep_s(environment.watch_every_s);
    const auto now = read_text(path);
    if (!now) return true;
    if (*now != text) refuse(path, parse(*now));
  }
  return true;
}

/// Held until it is destroyed, so that takers come one by one. Not every file system has such locks; then
/// this is none.
File lock_directory(const std::filesystem::path& directory, const OwnerEnvironment& environment) {
  File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int attempt = 0; file && attempt < 100; ++attempt) {
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) break;
    environment.sleep_s(0.05);
  }
  return file;
}

/// Removes the owner file if it still holds the `text` that was judged. Without a lock another taker may put
/// its own there between our look and the rename: it gets it back.
void remove_stale(const std::filesystem::path& path, const std::string& text,
                  const OwnerEnvironment& environment) {
  const File lock = lock_directory(path.parent_path(), environment);
  if (read_text(path) != text) return;
  const auto aside = path.parent_path() / fmt::format(".owner.{}.{}.{}", environment.host, environment.pid,
                                                      environment.process_start);
  if (::rename(path.c_str(), aside.c_str()) != 0) {
    if (errno == ENOENT) return;
    fail(path, "can't take it over");
  }
  if (read_text(aside) != text && ::link(aside.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    // No links on this file system. The name was free a moment ago.
    if (::rename(aside.c_str(), path.c_str()) != 0) fail(aside, "can't give it back");
    return;
  }
  if (::unlink(aside.c_str()) != 0 && errno != ENOENT) fail(aside, "can't remove it");
}

File create_exclusively(const std::filesystem::path& path) {
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file && errno != EEXIST) fail(path, "can't create it; is the directory there and writable?");
  return file;
}

/// Whether the whole text got into the file and to the other nodes that look at it.
bool rewrite(const File& file, const OwnerRecord& record) {
  const std::string text = text_of(record);
  const ssize_t n = ::pwrite(file.get(), text.data(), text.size(), 0);
  return n == static_cast<ssize_t>(text.size()) && ::fdatasync(file.get()) == 0;
}

std::optional<std::uint64_t> start_of_process(std::int64_t pid) {
  std::ifstream stream(fmt::format("/proc/{}/stat", pid));
  std::string text;
  if (!std::getline(stream, text)) return std::nullopt;
  // The name stands in brackets and may contain anything, brackets too.
  const auto bracket = text.rfind(')');
  if (bracket == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(bracket + 1));
  char state = 0;
  rest >> state;
  if (state == 'Z' || state == 'X') return std::nullopt;
  std::string skipped;
  for (int field = 4; field < 22; ++field) rest >> skipped;
  std::uint64_t start = 0;
  if (!(rest >> start)) return std::nullopt;
  return start;
}

std::string machine_name() {
  std::ifstream stream("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(stream, boot);
  std::array<char, 128> link{};
  const ssize_t n = ::readlink("/proc/self/ns/pid", link.data(), link.size());
  return boot + ' ' + std::string(link.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
}

}  // namespace

OwnerEnvironment OwnerEnvironment::here() {
  OwnerEnvironment here;
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) here.host = name.data();
  here.machine = machine_name();
  here.pid = ::getpid();
  here.process_start = start_of_process(here.pid).value_or(0);
  here.start_of = start_of_process;
  here.now_s = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  here.sleep_s = [](double s) { std::this_thread::sleep_for(std::chrono::duration<double>(s)); };
  return here;
}

std::unique_ptr<Owner> Owner::take(const std::filesystem::path& directory, const std::string& slurm_job,
                                   OwnerEnvironment environment) {
  const auto path = directory / "owner";
  OwnerRecord record;
  record.host = environment.host;
  record.machine = environment.machine;
  record.pid = environment.pid;
  record.process_start = environment.process_start;
  record.slurm_job = slurm_job;
  record.since_unix_s =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  // A round ends without a result only because another process took or left the directory meanwhile.
  for (int round = 0; round < 20; ++round) {
    const double began_s = environment.now_s();
    if (File file = create_exclusively(path)) {
      if (!rewrite(file, record)) {
        const int error = errno;
        ::unlink(path.c_str());
        errno = error;
        fail(path, fmt::format("can't write {} bytes to it", text_of(record).size()));
      }
      return std::unique_ptr<Owner>(
          new Owner(path, std::move(file), std::move(record), std::move(environment), began_s));
    }
    const auto text = read_text(path);
    if (text && is_gone(path, *text, environment)) remove_stale(path, *text, environment);
  }
  throw OwnerRefused(directory.string() + ": other runs keep taking this study; start one at a time");
}

Owner::Owner(std::filesystem::path path, File file, OwnerRecord record, OwnerEnvironment environment,
             double written_s)
    : path_(std::move(path)),
      environment_(std::move(environment)),
      file_(std::move(file)),
      record_(std::move(record)),
      last_beat_s_(written_s) {
  if (environment_.beat_every_s <= 0) return;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    const std::chrono::duration<double> every(environment_.beat_every_s);
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, every, [] { return false; });
      if (!stop.stop_requested()) beat_locked();
    }
  });
}

Owner::~Owner() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  try {
    const auto text = read_text(path_);
    const auto owner = text ? parse(*text) : std::nullopt;
    if (owner && same_process(*owner, record_)) ::unlink(path_.c_str());
  } catch (const JournalError&) {
    // It stays, and the next run finds this process gone.
  }
}

void Owner::beat() {
  const std::lock_guard lock(mutex_);
  beat_locked();
}

void Owner::beat_locked() {
  if (!ours_) return;
  // Before the look and the write: what another process does while they take long is to be seen by the next.
  const double began_s = environment_.now_s();
  std::optional<std::string> text;
  try {
    text = read_text(path_);
  } catch (const JournalError&) {
    return;  // the file system hiccups; if that lasts we will be judged stale, and see it afterwards
  }
  if (!text) {
    // Another process may be looking at it, and gives it back at once. Otherwise a hand has removed it.
    if (++missing_ < 2) return;
    try {
      File file = create_exclusively(path_);
      if (!file) return;
      file_ = std::move(file);
    } catch (const JournalError&) {
      return;
    }
  } else if (const auto owner = parse(*text); owner && !same_process(*owner, record_)) {
    ours_ = false;
    return;
  }
  missing_ = 0;
  ++record_.beat;
  if (rewrite(file_, record_)) last_beat_s_ = began_s;
}

bool Owner::still_ours() {
  // Nobody takes over sooner, see is_gone.
  if (ours_ && environment_.now_s() - last_beat_s_ >= environment_.stale_after_s) beat();
  return ours_;
}

void Owner::set_incarnation(std::int32_t incarnation) {
  const std::lock_guard lock(mutex_);
  record_.incarnation = incarnation;
  beat_locked();
}

std::optional<OwnerRecord> read_owner(const std::filesystem::path& directory) {
  const auto text = read_text(directory / "owner");
  return text ? parse(*text) : std::nullopt;
}

}  // namespace coppice
