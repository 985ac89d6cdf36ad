// `coppice serve-explorer`: the process in which a user's explorer in C++ runs. Rank 0 starts it; it speaks
// PROTOCOL.md.
#include "worker/serve_explorer.hpp"

#include "cli/commands.hpp"

namespace coppice {

int serve_explorer_command(const std::filesystem::path& plugin) {
  constexpr int kDescriptor = 3;
  return serve_explorer(kDescriptor, plugin);
}

}  // namespace coppice
