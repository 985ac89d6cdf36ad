#include "worker/host_connection.hpp"

#include <system_error>

#include "worker/host_protocol.hpp"

namespace coppice {

using Json = nlohmann::ordered_json;

void HostConnection::send(const std::string& text, int attached_fd) {
  if (attached_fd >= 0) {
    socket_.send(text, {attached_fd});
  } else {
    socket_.send(text);
  }
  socket_.flush_blocking();
}

void HostConnection::receive() {
  socket_.receive();
  while (const auto text = socket_.next()) {
    const auto message = decode(*text);
    const std::string type = message && message->contains("type") ? (*message)["type"].dump() : "";
    if (type == "\"run\"") {
      ReceivedOrder received;
      const auto order = decode_order(*message);
      const bool with_state = message->contains("checkpoint_bytes");
      UniqueFd state = with_state ? socket_.take_fd() : UniqueFd();
      if (!order || (with_state && !state)) {
        exit_ = true;
        return;
      }
      received.order = *order;
      if (with_state) {
        try {
          received.checkpoint = Blob::adopt(state.release());
        } catch (const std::system_error& error) {
          failed(order->segment, error.what());
          continue;
        }
      }
      orders_.push_back(std::move(received));
    } else if (type == "\"stop\"") {
      stopped_ = whole_number(*message, "segment").value_or(-1);
    } else if (type == "\"exit\"") {
      exit_ = true;
    }
  }
  if (socket_.state() != FrameSocket::State::kOpen) exit_ = true;
}

void HostConnection::hello(HostForm form, bool can_save) {
  send(encode({{"type", "hello"},
               {"protocol", kHostProtocolVersion},
               {"form", to_text(form)},
               {"can_save", can_save},
               {"client", "coppice-c++"}}));
}

std::optional<ReceivedOrder> HostConnection::next_order() {
  while (!exit_ && orders_.empty()) {
    socket_.wait_readable(-1);
    receive();
  }
  if (exit_) return std::nullopt;
  ReceivedOrder next = std::move(orders_.front());
  orders_.pop_front();
  return next;
}

HostConnection::Wish HostConnection::wish(std::int64_t segment) {
  receive();
  if (exit_) return Wish::kExit;
  return stopped_ == segment ? Wish::kStop : Wish::kGoOn;
}

void HostConnection::report(std::int64_t segment, std::int64_t step, const Metrics& metrics) {
  Json numbers = Json::object();
  for (const auto& [name, value] : metrics) numbers[name] = encode_metric(value);
  send(encode({{"type", "report"}, {"segment", segment}, {"step", step}, {"metrics", std::move(numbers)}}));
}

void HostConnection::saved(std::int64_t segment, std::int64_t step, const Blob& state) {
  send(encode({{"type", "saved"}, {"segment", segment}, {"step", step}, {"bytes", state.size()}}),
       state.fd());
}

void HostConnection::ended(const HostEnded& ended) {
  send(encode({{"type", "ended"},
               {"segment", ended.segment},
               {"step", ended.step},
               {"done", ended.done},
               {"seconds",
                {{"setup", ended.setup_s},
                 {"load", ended.load_s},
                 {"train", ended.train_s},
                 {"save", ended.save_s}}}}));
}

void HostConnection::failed(std::int64_t segment, std::string_view error) {
  send(encode({{"type", "failed"}, {"segment", segment}, {"error", error}}));
}

}  // namespace coppice
