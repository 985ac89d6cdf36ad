/// A small process between the spawner and one trial host: it starts the host, passes signals on, looks at
/// the memory, and ends everything that the host has started when the host is over, also what has moved to a
/// session of its own: orphans come to it, as it is their subreaper.
///
/// Failure: it dies with the spawner (the lifeline ends) and with the host's owner (the channel ends), and
/// the host dies with it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "worker/unique_fd.hpp"

namespace coppice {

struct KeptHost {
  UniqueFd channel;   ///< to the owner: ChildNews go out, numbers of signals come in
  UniqueFd socket;    ///< the host's descriptor 3
  UniqueFd output;    ///< its standard output
  UniqueFd lifeline;  ///< ends when the spawner does
};

/// In a process that the spawner has forked for it. `request`: the fields of a SpawnRequest.
[[noreturn]] void keep_host(const nlohmann::json& request, KeptHost host);

}  // namespace coppice
