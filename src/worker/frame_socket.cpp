#include "worker/frame_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace coppice {
namespace {

constexpr std::size_t kMaxFds = 4;          // beside one message
constexpr std::size_t kMaxWaitingFds = 64;  // arrived and not asked for
constexpr std::size_t kReadAtOnce = std::size_t{1} << 20;

std::uint32_t decode_length(const char* bytes) {
  std::uint32_t length = 0;
  for (int i = 3; i >= 0; --i) length = (length << 8) | static_cast<unsigned char>(bytes[i]);
  return length;
}

}  // namespace

FrameSocket::FrameSocket(UniqueFd socket) : socket_(std::move(socket)) {
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

std::pair<UniqueFd, UniqueFd> FrameSocket::pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot create a socket pair");
  }
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void FrameSocket::break_with(std::string why) {
  state_ = State::kBroken;
  error_ = std::move(why);
}

void FrameSocket::send(std::string_view text, std::initializer_list<int> fds) {
  if (text.size() > kMaxFrame_bytes || fds.size() > kMaxFds) {
    throw std::length_error("a message is longer than the protocol allows");
  }
  Outgoing message;
  const auto length = static_cast<std::uint32_t>(text.size());
  for (int i = 0; i < 4; ++i) message.bytes.push_back(static_cast<char>((length >> (8 * i)) & 0xffu));
  message.bytes.append(text);
  for (const int fd : fds) {
    message.fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!message.fds.back()) throw std::system_error(errno, std::generic_category(), "cannot duplicate");
  }
  outgoing_.push_back(std::move(message));
  flush();
}

bool FrameSocket::flush() {
  while (!outgoing_.empty()) {
    if (state_ != State::kOpen) {
      outgoing_.clear();
      break;
    }
    Outgoing& message = outgoing_.front();
    iovec data{message.bytes.data() + message.sent, message.bytes.size() - message.sent};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
    if (!message.fds.empty()) {  // they travel with the first byte
      const std::size_t count = message.fds.size();
      header.msg_control = control.data();
      header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
      cmsghdr* rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
      for (std::size_t i = 0; i < count; ++i) {
        const int fd = message.fds[i].get();
        std::memcpy(CMSG_DATA(rights) + i * sizeof(int), &fd, sizeof fd);
      }
    }
    const ssize_t count = ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ETOOMANYREFS) return false;
      // The other side is gone. What it sent before is still to be read, so receive() finds the end, not we.
      outgoing_.clear();
      break;
    }
    message.fds.clear();
    message.sent += static_cast<std::size_t>(count);
    if (message.sent == message.bytes.size()) outgoing_.pop_front();
  }
  return outgoing_.empty();
}

void FrameSocket::flush_blocking() {
  while (!flush()) {
    pollfd wait{socket_.get(), POLLOUT, 0};
    ::poll(&wait, 1, 1000);
  }
}

void FrameSocket::receive() {
  std::array<char, 65536> chunk;
  std::size_t total = 0;
  while (state_ == State::kOpen && total < kReadAtOnce) {
    iovec data{chunk.data(), chunk.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) state_ = State::kClosed;
      return;
    }
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t fds = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < fds; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
        fds_.emplace_back(fd);
      }
    }
    if (fds_.size() > kMaxWaitingFds) break_with("descriptors that no message speaks of");
    if (count == 0) {
      state_ = State::kClosed;
      return;
    }
    incoming_.append(chunk.data(), static_cast<std::size_t>(count));
    total += static_cast<std::size_t>(count);
  }
}

bool FrameSocket::wait_readable(int timeout_ms) const {
  pollfd wait{socket_.get(), POLLIN, 0};
  return ::poll(&wait, 1, timeout_ms) > 0;
}

std::optional<std::string> FrameSocket::next() {
  if (state_ == State::kBroken || incoming_.size() - parsed_ < 4) return std::nullopt;
  const std::uint32_t length = decode_length(incoming_.data() + parsed_);
  if (length > kMaxFrame_bytes) {
    break_with("a message of " + std::to_string(length) + " bytes, more than the limit of " +
               std::to_string(kMaxFrame_bytes));
    return std::nullopt;
  }
  if (incoming_.size() - parsed_ < 4 + std::size_t{length}) return std::nullopt;
  std::string text = incoming_.substr(parsed_ + 4, length);
  parsed_ += 4 + std::size_t{length};
  if (parsed_ == incoming_.size() || parsed_ > kReadAtOnce) {
    incoming_.erase(0, parsed_);
    parsed_ = 0;
  }
  return text;
}

UniqueFd FrameSocket::take_fd() {
  if (fds_.empty()) return {};
  UniqueFd fd = std::move(fds_.front());
  fds_.pop_front();
  return fd;
}

}  // namespace coppice
