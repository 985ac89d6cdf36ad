#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests. Arguments go to ctest, e.g. tests/run.sh -R study
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/setup.sh

install_packages test
if [ "$(id -u)" -eq 0 ]; then install_packages slurm; fi
cmake --preset ci >/dev/null
cmake --build --preset ci
# Half of the tests wait for other processes more than they work.
ctest --preset ci -j "$((2 * $(nproc)))" "$@"
