// `coppice host`: the process in which a built-in trainable trains. Workers start it; it speaks the protocol
// of PROTOCOL.md.
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "trainables/catalog.hpp"
#include "worker/serve_trainable.hpp"

namespace coppice {
namespace {

constexpr int kHostDescriptor = 3;

}  // namespace

int host_command(const HostOptions& options) {
  BuiltinSettings settings;
  if (!options.settings.empty()) {
    const auto given = nlohmann::json::parse(options.settings);
    for (const auto& [name, value] : given.items())
      settings.emplace_back(name, Value(value.get<std::string>()));
  }
  return serve_trainable(kHostDescriptor,
                         prepare_builtin(options.builtin, settings, options.study_directory));
}

}  // namespace coppice
