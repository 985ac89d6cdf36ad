#include "worker/checkpoint_store.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <iterator>
#include <system_error>
#include <utility>

#include "wire/checkpoint_name.hpp"
#include "worker/checkpoint_file.hpp"

namespace coppice {
namespace {

std::chrono::steady_clock::duration seconds(double count) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(count));
}

}  // namespace

Blob share(const Blob& blob) {
  if (blob.fd() < 0) return {};
  return Blob::adopt(::fcntl(blob.fd(), F_DUPFD_CLOEXEC, 3));
}

CheckpointStore::CheckpointStore(StoreSettings settings)
    : settings_(std::move(settings)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

CheckpointStore::~CheckpointStore() {
  finish();
  thread_.request_stop();
}

void CheckpointStore::put(const CheckpointId& id, Blob blob) {
  if (held_.contains(id)) return;  // immutable once named: said twice, it is the same
  {
    Write write{id, share(blob), Clock::now()};
    const std::lock_guard lock(mutex_);
    writes_.push_back(std::move(write));
  }
  changed_.notify_all();
  memory_bytes_ += static_cast<std::int64_t>(blob.size());
  held_.emplace(id, Held{std::move(blob), false, next_age_++});
  let_go_of_memory();
}

const Blob* CheckpointStore::find(const CheckpointId& id) const {
  const auto it = held_.find(id);
  return it == held_.end() ? nullptr : &it->second.blob;
}

std::vector<std::pair<CheckpointId, std::int64_t>> CheckpointStore::held() const {
  std::vector<std::pair<CheckpointId, std::int64_t>> all;
  for (const auto& [id, held] : held_) all.emplace_back(id, static_cast<std::int64_t>(held.blob.size()));
  return all;
}

void CheckpointStore::drop(const CheckpointId& id) {
  const auto it = held_.find(id);
  if (it != held_.end()) {
    memory_bytes_ -= static_cast<std::int64_t>(it->second.blob.size());
    held_.erase(it);
  }
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(writes_, [&](const Write& write) { return write.id == id; });
    if (writing_ == id) {
      unwanted_ = true;
    } else {
      removals_.push_back(id);
    }
  }
  changed_.notify_all();
}

void CheckpointStore::read(const CheckpointId& id) {
  {
    const std::lock_guard lock(mutex_);
    reads_.push_back(id);
  }
  changed_.notify_all();
}

void CheckpointStore::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
}

bool CheckpointStore::busy() const {
  const std::lock_guard lock(mutex_);
  return working_ || !reads_.empty() || !removals_.empty() || !writes_.empty() || !results_.empty();
}

std::vector<StoreResult> CheckpointStore::poll() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(wake_.get(), &count, sizeof count);
  std::vector<StoreResult> results;
  {
    const std::lock_guard lock(mutex_);
    results.swap(results_);
  }
  for (const StoreResult& result : results) {
    if (const auto* written = std::get_if<CheckpointWritten>(&result);
        written != nullptr && written->error.empty()) {
      const auto it = held_.find(written->id);
      if (it != held_.end()) it->second.on_disk = true;
    }
  }
  let_go_of_memory();
  std::move(evicted_.begin(), evicted_.end(), std::back_inserter(results));
  evicted_.clear();
  return results;
}

bool CheckpointStore::over_limit() const {
  return memory_bytes_ > settings_.memory_limit_bytes || held_.size() > kMostHeld;
}

void CheckpointStore::let_go_of_memory() {
  while (over_limit()) {
    auto it = oldest_on_disk();
    if (it == held_.end()) it = oldest_superseded();
    if (it == held_.end()) return;
    evict(it);
  }
}

CheckpointStore::HeldMap::iterator CheckpointStore::oldest_on_disk() {
  auto oldest = held_.end();
  for (auto it = held_.begin(); it != held_.end(); ++it) {
    if (it->second.on_disk && (oldest == held_.end() || it->second.age < oldest->second.age)) oldest = it;
  }
  return oldest;
}

/// One that is being written now would give no memory back before that is over.
CheckpointStore::HeldMap::iterator CheckpointStore::oldest_superseded() {
  const std::lock_guard lock(mutex_);
  auto oldest = held_.end();
  for (auto it = held_.begin(); it != held_.end(); ++it) {
    const auto next = std::next(it);
    if (next == held_.end() || next->first.trial != it->first.trial || writing_ == it->first) continue;
    if (oldest == held_.end() || it->second.age < oldest->second.age) oldest = it;
  }
  return oldest;
}

void CheckpointStore::evict(HeldMap::iterator it) {
  memory_bytes_ -= static_cast<std::int64_t>(it->second.blob.size());
  if (!it->second.on_disk) {
    const std::lock_guard lock(mutex_);
    std::erase_if(writes_, [&](const Write& write) { return write.id == it->first; });
  }
  evicted_.emplace_back(CheckpointEvicted{it->first});
  held_.erase(it);
}

void CheckpointStore::work(const std::stop_token& stop) {
  Lock lock(mutex_);
  while (wait_for_work(lock, stop)) {
    working_ = true;
    // Somebody waits for a read; a removal makes room for a write.
    if (!reads_.empty()) {
      do_read(lock);
    } else if (!removals_.empty()) {
      do_remove(lock);
    } else {
      do_write(lock, due_write());
    }
    working_ = false;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_.get(), &one, sizeof one);
  }
}

/// False: there is nothing left, and nothing more comes.
bool CheckpointStore::wait_for_work(Lock& lock, const std::stop_token& stop) {
  const auto something = [this] {
    return !reads_.empty() || !removals_.empty() || due_write() != writes_.end();
  };
  for (;;) {
    if (something()) return true;
    if (stop.stop_requested()) return false;
    const auto next = std::min_element(writes_.begin(), writes_.end(),
                                       [](const Write& a, const Write& b) { return a.due < b.due; });
    if (next == writes_.end()) {
      changed_.wait(lock, stop, something);
    } else {
      const auto due = next->due;
      changed_.wait_until(lock, stop, due, something);
    }
  }
}

std::deque<CheckpointStore::Write>::iterator CheckpointStore::due_write() {
  const auto now = Clock::now();
  return std::find_if(writes_.begin(), writes_.end(),
                      [&](const Write& write) { return finishing_ || write.due <= now; });
}

void CheckpointStore::do_read(Lock& lock) {
  const CheckpointId id = reads_.front();
  reads_.pop_front();
  lock.unlock();
  CheckpointRead got = read_checkpoint_file(settings_.directory, id);
  lock.lock();
  results_.emplace_back(CheckpointFetched{id, std::move(got.blob), std::move(got.error)});
}

void CheckpointStore::do_remove(Lock& lock) {
  const CheckpointId id = removals_.front();
  removals_.pop_front();
  lock.unlock();
  ::unlink((settings_.directory / checkpoint_file_name(id)).c_str());
  lock.lock();
}

void CheckpointStore::do_write(Lock& lock, std::deque<Write>::iterator at) {
  Write write = std::move(*at);
  writes_.erase(at);
  writing_ = write.id;
  lock.unlock();
  std::string error = write_checkpoint_file(settings_.directory, write.id, write.blob);
  lock.lock();
  writing_.reset();
  if (std::exchange(unwanted_, false)) {
    removals_.push_back(write.id);
  } else {
    on_written(std::move(write), std::move(error));
  }
}

void CheckpointStore::on_written(Write write, std::string error) {
  if (error.empty() || finishing_) {
    const bool well = error.empty();
    const std::chrono::duration<double> taken = Clock::now() - write.since;
    results_.emplace_back(CheckpointWritten{write.id, static_cast<std::int64_t>(write.blob.size()),
                                            std::move(error),
                                            well && write.failures == 0 ? taken.count() : 0});
    const bool all_well = well && std::none_of(writes_.begin(), writes_.end(),
                                               [](const Write& other) { return other.failures > 0; });
    if (failing_since_ && all_well) {
      results_.emplace_back(
          WritesRecovered{std::chrono::duration<double>(Clock::now() - *failing_since_).count()});
      failing_since_.reset();
    }
    return;
  }
  if (!failing_since_) {
    failing_since_ = Clock::now();
    results_.emplace_back(WritesFailing{std::move(error)});
  }
  // Behind the others, so that one that is too large for the room that is left doesn't hold up the rest.
  write.due = Clock::now() + seconds(std::min(settings_.longest_retry_s,
                                              settings_.first_retry_s * std::pow(2.0, write.failures)));
  ++write.failures;
  writes_.push_back(std::move(write));
}

}  // namespace coppice
