/// A trial host for the tests: `host_helper` serves a Counter on descriptor 3; what it does is in its
/// parameters.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "worker/serve_trainable.hpp"

namespace {

std::string farewell_file;  // of the trial that was set up last

/// Counts steps from `start`. `fail_at`, `kill_at`, `exit_at`, `hang_at`, `done_at` name the value at which
/// it does so (in the repeat `in_repeat`, by default in all); `farewell` is a file that the process makes
/// when it exits, or "never" if it doesn't exit.
class Counter : public coppice::Trainable {
 public:
  void setup(const coppice::Parameters& parameters, const coppice::TrialInfo& info) override {
    parameters_ = parameters;
    value_ = parameters.integer("start", 0);
    seed_ = info.seed;
    mine_ = parameters.integer("in_repeat", info.repeat) == info.repeat;
    farewell_file = parameters.text("farewell", "");
    padding_ = static_cast<std::size_t>(parameters.integer("padding", 0));
  }

  coppice::Metrics step() override {
    ++value_;
    std::puts(fmt::format("counted to {}", value_).c_str());
    if (at("fail_at")) throw std::runtime_error("told to fail");
    if (at("kill_at")) ::raise(SIGKILL);
    if (at("exit_at")) std::_Exit(3);
    if (at("hang_at")) {
      for (;;) ::pause();
    }
    return {{"loss", static_cast<double>(value_)},
            {"seed_low", static_cast<double>(seed_ & 0xffffu)},
            {"done", at("done_at") ? 1.0 : 0.0}};
  }

  std::vector<std::byte> save() const override {
    std::vector<std::byte> state(sizeof value_ + padding_, std::byte{0x5a});
    std::memcpy(state.data(), &value_, sizeof value_);
    return state;
  }

  void load(std::span<const std::byte> state) override {
    if (state.size() < sizeof value_) throw std::runtime_error("a short checkpoint");
    std::memcpy(&value_, state.data(), sizeof value_);
  }

 private:
  bool at(const char* what) const { return mine_ && parameters_.integer(what, -1) == value_; }

  coppice::Parameters parameters_;
  std::int64_t value_ = 0;
  std::uint64_t seed_ = 0;
  bool mine_ = true;
  std::size_t padding_ = 0;
};

}  // namespace

int main() {
  const int status = coppice::serve_trainable(3, [] { return std::make_unique<Counter>(); });
  while (farewell_file == "never") ::pause();
  if (!farewell_file.empty()) std::ofstream(farewell_file) << "done";
  return status;
}
