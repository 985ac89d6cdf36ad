#include "worker/serve_trainable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "worker/host_connection.hpp"

namespace coppice {
namespace {

class Stopwatch {
 public:
  /// Seconds since it was made or last asked.
  double lap_s() {
    const auto now = std::chrono::steady_clock::now();
    const double passed_s = std::chrono::duration<double>(now - since_).count();
    since_ = now;
    return passed_s;
  }
  double running_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// Takes `done` out of the metrics.
bool take_done(Metrics& metrics) {
  bool done = false;
  std::erase_if(metrics, [&](const auto& metric) {
    if (metric.first != "done") return false;
    done = done || metric.second != 0;
    return true;
  });
  return done;
}

class TrainableServer {
 public:
  TrainableServer(int fd, const std::function<std::unique_ptr<Trainable>()>& make)
      : connection_(fd), make_(make) {}

  void serve() {
    connection_.hello(HostForm::kTrainable, true);
    while (auto received = connection_.next_order()) {
      try {
        train(*received);
      } catch (const std::exception& error) {
        object_.reset();
        std::fprintf(stderr, "segment %lld failed: %s\n", static_cast<long long>(received->order.segment),
                     error.what());
        connection_.failed(received->order.segment, error.what());
      }
    }
  }

 private:
  void begin(ReceivedOrder& received, HostEnded& ended);
  void train(ReceivedOrder& received);
  void save(const SegmentOrder& order, HostEnded& ended);

  HostConnection connection_;
  const std::function<std::unique_ptr<Trainable>()>& make_;
  std::unique_ptr<Trainable> object_;
  std::int64_t trial_ = -1;
  std::int64_t step_ = 0;
};

void TrainableServer::begin(ReceivedOrder& received, HostEnded& ended) {
  const SegmentOrder& order = received.order;
  Stopwatch watch;
  if (!order.fresh) {
    if (object_ == nullptr || trial_ != order.trial || step_ != order.from_step) {
      throw std::runtime_error(fmt::format("trial {} can't go on from step {}: this host doesn't have it",
                                           order.trial, order.from_step));
    }
    return;
  }
  if (order.from_step > 0 && !received.checkpoint) {
    throw std::runtime_error(fmt::format("no checkpoint came for step {}", order.from_step));
  }
  object_.reset();  // first, so that memory never holds two
  object_ = make_();
  trial_ = order.trial;
  step_ = order.from_step;
  object_->setup(order.params, TrialInfo{order.trial, order.seed, order.repeat, order.device});
  ended.setup_s = watch.lap_s();
  if (received.checkpoint) object_->load(received.checkpoint->bytes());
  received.checkpoint.reset();
  ended.load_s = watch.lap_s();
}

void TrainableServer::save(const SegmentOrder& order, HostEnded& ended) {
  Stopwatch watch;
  connection_.saved(order.segment, step_, Blob::copy(object_->save()));
  ended.save_s += watch.lap_s();
}

void TrainableServer::train(ReceivedOrder& received) {
  const SegmentOrder& order = received.order;
  if (order.until == std::numeric_limits<std::int64_t>::max()) {
    throw std::runtime_error("budget.steps_per_trial is needed for a Trainable: it never ends by itself");
  }
  HostEnded ended;
  ended.segment = order.segment;
  begin(received, ended);
  Stopwatch since_save;
  auto wish = HostConnection::Wish::kGoOn;
  while (step_ < order.until && !ended.done && wish == HostConnection::Wish::kGoOn) {
    Stopwatch watch;
    Metrics metrics = object_->step();
    ++step_;
    ended.train_s += watch.lap_s();
    ended.done = take_done(metrics);
    if (step_ > order.report_after) connection_.report(order.segment, step_, metrics);
    wish = connection_.wish(order.segment);
    const bool last = step_ >= order.until || ended.done || wish != HostConnection::Wish::kGoOn;
    if (!last && order.save_every_s > 0 && since_save.running_s() >= order.save_every_s) {
      save(order, ended);
      since_save.lap_s();
    }
  }
  if (wish == HostConnection::Wish::kExit) return;
  if (order.save_at_end || wish == HostConnection::Wish::kStop) save(order, ended);
  ended.step = step_;
  connection_.ended(ended);
}

}  // namespace

int serve_trainable(int fd, const std::function<std::unique_ptr<Trainable>()>& make) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  TrainableServer(fd, make).serve();
  return 0;
}

}  // namespace coppice
