#!/usr/bin/env bash
# Says what shellcheck and bash find wrong in the shell scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t scripts < <(find jobs tests .ci -name '*.sh' -o -name '*.sbatch' -o -path .ci/run)
for script in "${scripts[@]}"; do bash -n "$script"; done
if ! command -v shellcheck >/dev/null; then
  echo "SKIPPED: shellcheck is not installed"
  exit 77
fi
# SC1091: it need not follow `source`. SC2034, SC2154: nor know the variables that scripts and what they source give each other.
shellcheck --shell=bash --exclude=SC1091,SC2034,SC2154 "${scripts[@]}"
echo "${#scripts[@]} scripts, fine"
