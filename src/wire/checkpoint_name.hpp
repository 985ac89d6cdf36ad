/// The file name of a checkpoint in DIR/checkpoints: t<trial>-s<step>-<incarnation>.<count>.ckpt. Pure
/// functions.
#pragma once

#include <optional>
#include <string>

#include "core/ids.hpp"

namespace coppice {

std::string checkpoint_file_name(const CheckpointId& id);
/// The id that a file name stands for; nothing for any other name.
std::optional<CheckpointId> parse_checkpoint_file_name(const std::string& name);

}  // namespace coppice
