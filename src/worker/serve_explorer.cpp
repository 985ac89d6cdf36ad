#include "worker/serve_explorer.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "worker/explore_protocol.hpp"
#include "worker/frame_socket.hpp"
#include "worker/host_protocol.hpp"

namespace coppice {
namespace {

using Json = nlohmann::ordered_json;
using Explore = decltype(coppice_explore);

/// Never unloaded: the process ends with it.
Explore* load(const std::filesystem::path& plugin) {
  // Without a slash it would be looked for where libraries are.
  void* const library = ::dlopen(std::filesystem::absolute(plugin).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(std::string("cannot load the plugin: ") + ::dlerror());
  void* const symbol = ::dlsym(library, "coppice_explore");
  if (symbol == nullptr) {
    throw std::runtime_error(plugin.string() + " defines no coppice_explore; see coppice/explore.hpp");
  }
  return reinterpret_cast<Explore*>(symbol);
}

Json answer_to(const Json& message, Explore& explore) {
  const Json number = message.contains("question") ? message["question"] : Json();
  const auto request = decode_question(message);
  if (!request) return {{"type", "failed"}, {"question", number}, {"error", "a question that is malformed"}};
  try {
    std::map<std::string, Value> answer;
    explore(*request, answer);
    const Parameters parameters({answer.begin(), answer.end()});
    return {{"type", "answer"}, {"question", number}, {"params", encode_parameters(parameters)}};
  } catch (const std::exception& error) {
    return {{"type", "failed"}, {"question", number}, {"error", error.what()}};
  } catch (...) {
    return {{"type", "failed"}, {"question", number}, {"error", "threw what is no std::exception"}};
  }
}

}  // namespace

int serve_explorer(int fd, const std::filesystem::path& plugin) {
  FrameSocket socket{UniqueFd(fd)};
  Explore* explore = nullptr;
  try {
    explore = load(plugin);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  const auto say = [&](const Json& message) {
    socket.send(encode(message));
    socket.flush_blocking();
  };
  say({{"type", "hello"},
       {"protocol", kHostProtocolVersion},
       {"form", "explorer"},
       {"client", "coppice-c++"}});
  for (;;) {
    while (const auto text = socket.next()) {
      const auto message = decode(*text);
      if (!message || !message->contains("type") || (*message)["type"] == "exit") return 0;
      if ((*message)["type"] == "explore") say(answer_to(*message, *explore));
    }
    if (socket.state() != FrameSocket::State::kOpen) return 0;
    socket.wait_readable(-1);
    socket.receive();
  }
}

}  // namespace coppice
