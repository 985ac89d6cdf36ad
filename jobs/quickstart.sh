#!/usr/bin/env bash
# Installs what is missing, builds, and runs the main job: population-based training on three ranks. Then says where the results are.
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/setup.sh

install_packages build
build_coppice

# Loopback only, and fine with fewer cores than ranks: this is one machine.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_btl_tcp_if_include=lo
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
timeout 600 mpirun --bind-to none -n 3 build/release/bin/coppice run examples/digits-pbt/study.yaml
