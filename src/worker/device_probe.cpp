#include "worker/device_probe.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "core/text.hpp"
#include "worker/frame_socket.hpp"

namespace coppice {

DeviceProbe::DeviceProbe(Spawner& spawner, const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& environment, double now_s)
    : output_(::memfd_create("coppice-probe", MFD_CLOEXEC)), began_s_(now_s) {
  if (!output_) throw std::system_error(errno, std::generic_category(), "cannot probe a device");
  auto [ours, theirs] = FrameSocket::pair();
  socket_ = std::move(ours);
  SpawnRequest request;
  request.command = command;
  request.set = environment;
  request.socket_fd = theirs.get();
  request.output_fd = output_.get();
  channel_ = spawner.start(request);
}

std::string DeviceProbe::printed() const {
  std::array<char, 1000> text{};
  const ssize_t count = ::pread(output_.get(), text.data(), text.size(), 0);
  std::string line(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  line.resize(std::min(line.find('\n'), line.size()));
  return clean_text(line, 500);
}

std::optional<std::string> DeviceProbe::poll(double now_s) {
  while (const auto event = channel_.poll()) {
    if (event->kind == ChildEvent::Kind::kStarted) continue;
    if (event->kind != ChildEvent::Kind::kExited) return std::string();
    if (event->text == fmt::format("exit status {}", kBrokenStatus)) return printed();
    const bool crashed = event->text.starts_with("killed") && event->text.find("SIGKILL") == event->text.npos;
    return crashed ? "what touches it is " + event->text : std::string();
  }
  if (now_s - began_s_ < kLimit_s) return std::nullopt;
  // Its end isn't waited for: it may hang in the kernel, where no signal reaches it.
  channel_.signal(SIGKILL);
  return fmt::format("it gave no answer within {:.0f} s", kLimit_s);
}

}  // namespace coppice
