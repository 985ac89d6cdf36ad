/// The process in which a user's explorer runs, seen from rank 0: one question at a time, by PROTOCOL.md.
///
/// A process that ends is started anew, and the question that it had is asked once more; one that has no
/// answer in time is killed. Every question gets one answer, if only what went wrong. After kMaxFailures ends
/// in a row it is not started any more.
///
/// Ownership: owns the process, which is killed with it; borrows the spawner. Threads: one; nothing blocks.
/// `now_s` is any clock that doesn't go back. Failure: whatever the process does is an answer; throws
/// std::system_error where the machine has no descriptors left.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "coppice/explore.hpp"
#include "worker/host_process.hpp"

namespace coppice {

struct ExploreLaunch {
  std::vector<std::string> command;
  std::filesystem::path cwd;       ///< empty: ours
  std::filesystem::path log;       ///< its output is appended; its folder must be there
  double startup_s = 120;          ///< until it says hello
  std::optional<double> answer_s;  ///< for an answer; absent: as long as it takes
};

struct ExploreAnswer {
  std::int64_t number = 0;
  std::optional<Parameters> parameters;  ///< absent: see `error`
  std::string error;
};

class ExploreHost {
 public:
  static constexpr int kMaxFailures = 3;

  /// Starts the process.
  ExploreHost(Spawner& spawner, ExploreLaunch launch);

  /// It has said hello, and lives.
  bool ready() const;
  /// It is not started any more.
  bool given_up() const { return !process_ && failures_ >= kMaxFailures; }
  /// Why the last process ended; "" as long as none has.
  const std::string& trouble() const { return trouble_; }
  /// The last lines that the process printed, or the one before it, if there is none.
  std::string last_output() const;

  /// Precondition: the number is not open.
  void ask(std::int64_t number, const ExploreRequest& request, double now_s);
  std::vector<ExploreAnswer> poll(double now_s);
  /// Asks the process to exit, for which it has as long as poll() is called; one that isn't ready is killed.
  /// Nothing may be asked from here on, and what is open has no answer.
  void shutdown();
  /// After shutdown(): the process has exited.
  bool ended() const { return over_ && !process_; }
  /// Readable when poll() has something to do, but for the limit on an answer.
  int fd() const { return epoll_.get(); }

 private:
  struct Question {
    std::int64_t number = 0;
    std::string text;
    bool again = false;  ///< a process ended over it
    double sent_s = 0;
  };

  void start();
  void on_message(const nlohmann::ordered_json& message);
  void on_end(const std::string& why);
  void check_time(double now_s);
  void send_next(double now_s);
  void fail(std::int64_t number, std::string error);

  Spawner& spawner_;
  ExploreLaunch launch_;
  UniqueFd epoll_;
  std::unique_ptr<HostProcess> process_;
  std::deque<Question> waiting_;
  std::optional<Question> under_way_;
  std::vector<ExploreAnswer> answers_;
  bool over_ = false;
  int failures_ = 0;  ///< ends since the last answer
  std::string trouble_;
  std::string last_output_;
};

}  // namespace coppice
