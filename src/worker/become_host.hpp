/// What a freshly forked process does until it is the program that was asked for: descriptors, folder,
/// environment. For single-threaded parents only.
#pragma once

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>

namespace coppice {

/// `request`: the fields of a SpawnRequest. Says through `report` where it failed (a StartFailure), or closes
/// it by becoming the program. Dies with `parent`, who forked it.
[[noreturn]] void become_host(const nlohmann::json& request, int socket, int output, int report,
                              pid_t parent);

}  // namespace coppice
