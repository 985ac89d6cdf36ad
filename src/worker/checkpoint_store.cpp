#include "worker/checkpoint_store.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "wire/checkpoint_name.hpp"
#include "worker/checkpoint_file.hpp"

namespace coppice {

Blob share(const Blob& blob) {
  if (blob.fd() < 0) return {};
  return Blob::adopt(::fcntl(blob.fd(), F_DUPFD_CLOEXEC, 3));
}

CheckpointStore::CheckpointStore(std::filesystem::path directory, std::int64_t memory_limit_bytes)
    : directory_(std::move(directory)),
      memory_limit_bytes_(memory_limit_bytes),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

CheckpointStore::~CheckpointStore() {
  thread_.request_stop();
  changed_.notify_all();
}

void CheckpointStore::put(const CheckpointId& id, Blob blob) {
  if (held_.contains(id)) return;  // immutable once named: said twice, it is the same
  {
    Order order{id, share(blob)};
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
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
  const std::lock_guard lock(mutex_);
  std::erase_if(orders_, [&](const Order& order) { return order.id == id && order.write; });
  if (writing_ == id) unwanted_.insert(id);
  ::unlink((directory_ / checkpoint_file_name(id)).c_str());
}

void CheckpointStore::read(const CheckpointId& id) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_front({id, std::nullopt});  // somebody waits for it
  }
  changed_.notify_all();
}

bool CheckpointStore::busy() const {
  const std::lock_guard lock(mutex_);
  return !orders_.empty() || writing_ || reading_ || !results_.empty();
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

void CheckpointStore::let_go_of_memory() {
  while (memory_bytes_ > memory_limit_bytes_ || held_.size() > kMostHeld) {
    auto oldest = held_.end();
    for (auto it = held_.begin(); it != held_.end(); ++it) {
      if (it->second.on_disk && (oldest == held_.end() || it->second.age < oldest->second.age)) oldest = it;
    }
    if (oldest == held_.end()) return;
    memory_bytes_ -= static_cast<std::int64_t>(oldest->second.blob.size());
    evicted_.emplace_back(CheckpointEvicted{oldest->first});
    held_.erase(oldest);
  }
}

void CheckpointStore::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !orders_.empty(); })) {
    Order order = std::move(orders_.front());
    orders_.pop_front();
    if (order.write) {
      writing_ = order.id;
    } else {
      reading_ = true;
    }
    lock.unlock();
    std::optional<StoreResult> result;
    if (order.write) {
      std::string error = write_checkpoint_file(directory_, order.id, *order.write);
      result = CheckpointWritten{order.id, static_cast<std::int64_t>(order.write->size()), std::move(error)};
    } else {
      CheckpointRead got = read_checkpoint_file(directory_, order.id);
      result = CheckpointFetched{order.id, std::move(got.blob), std::move(got.error)};
    }
    order.write.reset();
    lock.lock();
    writing_.reset();
    reading_ = false;
    if (unwanted_.erase(order.id) > 0) {
      ::unlink((directory_ / checkpoint_file_name(order.id)).c_str());
    } else {
      results_.push_back(std::move(*result));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_.get(), &one, sizeof one);
  }
}

}  // namespace coppice
