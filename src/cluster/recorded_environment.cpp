#include "cluster/recorded_environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace coppice {
namespace {

constexpr std::size_t kLongestValue_bytes = 4096;

/// Whole names, or beginnings where they end in `_`.
constexpr std::array<std::string_view, 41> kRecorded{"APPTAINER_NAME",
                                                     "CONDA_DEFAULT_ENV",
                                                     "CONDA_PREFIX",
                                                     "COPPICE_",
                                                     "CUDA_DEVICE_ORDER",
                                                     "CUDA_HOME",
                                                     "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE",
                                                     "CUDA_VISIBLE_DEVICES",
                                                     "GPU_DEVICE_ORDINAL",
                                                     "HDF5_USE_FILE_LOCKING",
                                                     "HIP_VISIBLE_DEVICES",
                                                     "HOSTNAME",
                                                     "KMP_AFFINITY",
                                                     "LD_LIBRARY_PATH",
                                                     "LD_PRELOAD",
                                                     "LOADEDMODULES",
                                                     "MKL_NUM_THREADS",
                                                     "NCCL_",
                                                     "NVIDIA_VISIBLE_DEVICES",
                                                     "OMPI_COMM_WORLD_SIZE",
                                                     "OMPI_MCA_btl",
                                                     "OMPI_MCA_pml",
                                                     "OMP_",
                                                     "OPENBLAS_NUM_THREADS",
                                                     "PATH",
                                                     "PYTHONPATH",
                                                     "ROCR_VISIBLE_DEVICES",
                                                     "SINGULARITY_NAME",
                                                     "SLURM_ARRAY_",
                                                     "SLURM_CLUSTER_NAME",
                                                     "SLURM_CPUS_",
                                                     "SLURM_GPUS",
                                                     "SLURM_GPUS_",
                                                     "SLURM_JOB_",
                                                     "SLURM_MEM_",
                                                     "SLURM_NTASKS",
                                                     "SLURM_NTASKS_PER_NODE",
                                                     "SLURM_RESTART_COUNT",
                                                     "UCX_",
                                                     "VIRTUAL_ENV",
                                                     "ZE_AFFINITY_MASK"};
constexpr std::array<std::string_view, 7> kSecret{"TOKEN",      "SECRET", "PASS", "KEY",
                                                  "CREDENTIAL", "JWT",    "AUTH"};

}  // namespace

bool is_recorded(std::string_view name) {
  const auto holds = [name](std::string_view word) { return name.find(word) != std::string_view::npos; };
  if (std::any_of(kSecret.begin(), kSecret.end(), holds)) return false;
  return std::any_of(kRecorded.begin(), kRecorded.end(), [name](std::string_view known) {
    return known.ends_with('_') ? name.starts_with(known) : name == known;
  });
}

std::vector<std::pair<std::string, std::string>> recorded_environment() {
  std::vector<std::pair<std::string, std::string>> recorded;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !is_recorded(text.substr(0, equals))) continue;
    recorded.emplace_back(text.substr(0, equals), text.substr(equals + 1, kLongestValue_bytes));
  }
  std::sort(recorded.begin(), recorded.end());
  return recorded;
}

}  // namespace coppice
