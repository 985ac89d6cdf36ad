/// A process of the user's that speaks the frames of PROTOCOL.md on its descriptor 3 and prints to a log:
/// what a trial host and an explorer have in common. It says hello in time, messages follow, and its end is
/// told after all that it said.
///
/// Ownership: owns the process; when this goes, the process and what it started are killed. Threads: one;
/// nothing here blocks. Failure: whatever the process does is a message or its end; throws std::system_error
/// where the machine has no descriptors left.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "worker/frame_socket.hpp"
#include "worker/host_log.hpp"
#include "worker/spawner.hpp"

namespace coppice {

/// At an orderly end, for what a program does at its exit: data loaders end, loggers send what they have.
inline constexpr double kHostFarewell_s = 10;

class HostProcess {
 public:
  using Listener = std::function<void(const nlohmann::ordered_json&)>;
  struct End {
    std::string reason;
    bool expected = false;  ///< it was asked to exit, or killed by us without blame
    bool lost = false;      ///< its keeper is gone
  };

  /// Starts it and returns at once. Sets the descriptors of the request. The log calls it `name`; its folder
  /// must be there. It has `startup_s` until its hello.
  HostProcess(Spawner& spawner, SpawnRequest request, const std::filesystem::path& log, std::string name,
              double startup_s);
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  /// Readable when poll() has something to do, a time limit included.
  int fd() const { return epoll_.get(); }
  /// 0 until it has been started.
  pid_t pid() const { return pid_; }
  /// It was welcomed, whatever became of it since.
  bool ready() const { return ready_; }
  /// Its connection is over: nothing that is sent arrives.
  bool deaf() const { return deaf_; }
  bool exited() const { return exited_; }
  HostLog& log() { return log_; }
  const HostLog& log() const { return log_; }

  /// Hands over what it said, then tells its end, once. The listener may condemn it.
  std::optional<End> poll(const Listener& listener);

  /// Of a hello: its form. Nothing where it speaks another version: then it is condemned.
  std::optional<std::string> form_of(const nlohmann::ordered_json& hello);
  /// Its hello is accepted. Returns how long it took.
  double welcome();

  void send(std::string_view text, std::initializer_list<int> fds = {});
  /// The oldest descriptor that came and was not taken.
  UniqueFd take_fd() { return socket_.take_fd(); }

  /// Kills it for `why`, which becomes the reason of its end: "did this and that". Deaf from here on.
  void condemn(std::string why);
  /// … for a message of a type that it doesn't know.
  void condemn_type(std::string_view type);
  /// Asks it to exit; its end follows, or kill() it.
  void shutdown();
  /// Kills it without blame; its end follows.
  void kill();

 private:
  void watch(int fd, bool writable);
  void set_timer(double delay_s);
  bool take_timer();
  void hear(const Listener& listener);
  void on_timer();
  void close_socket();
  End end(const ChildEvent& event);

  FrameSocket socket_;
  ChildChannel channel_;
  HostLog log_;
  UniqueFd epoll_;
  UniqueFd timer_;
  std::string name_;
  double startup_s_;
  std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  pid_t pid_ = 0;
  std::string verdict_;  ///< why we killed it
  bool ready_ = false;
  bool deaf_ = false;
  bool expected_ = false;
  bool exited_ = false;
};

/// The folder that a Python program needs on its PYTHONPATH for `import coppice`: of an installation, else of
/// the source tree. It is put there, but for a plain program.
std::filesystem::path python_client_directory();

}  // namespace coppice
