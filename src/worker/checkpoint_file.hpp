/// A checkpoint on disk: DIR/checkpoints/t<trial>-s<step>-<incarnation>.<count>.ckpt, written to a temporary
/// name, synced and renamed, so that a file under its own name is complete. Layout (little endian):
/// "COPPICEC", u32 version, u32 CRC-32 of the bytes, u64 their number, the bytes. Failure: an error text,
/// never an exception.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/ids.hpp"
#include "worker/blob.hpp"

namespace coppice {

/// Returns an empty text, or what went wrong: with the file and the number of bytes.
std::string write_checkpoint_file(const std::filesystem::path& directory, const CheckpointId& id,
                                  const Blob& blob);

struct CheckpointRead {
  Blob blob;
  std::string error;  ///< empty: blob holds the verified bytes
};
CheckpointRead read_checkpoint_file(const std::filesystem::path& directory, const CheckpointId& id);

}  // namespace coppice
