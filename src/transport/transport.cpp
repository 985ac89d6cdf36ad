#include "transport/transport.hpp"

#include "core/check.hpp"

namespace coppice {

bool Transport::idle() const {
  for (int to = 0; to < size_; ++to) {
    if (unsent_bytes(to) != 0) return false;
  }
  return true;
}

void Transport::check_sendable(int to, std::uint32_t type, std::size_t body_bytes) const {
  check(to >= 0 && to < size_, "a message must go to a rank of the study");
  check(type <= kMaxMessageType, "a message type must be at most 32767");
  check(body_bytes <= kMaxMessageBytes, "a message body must be at most 1 GiB: send chunks");
}

}  // namespace coppice
