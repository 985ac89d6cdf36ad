#!/usr/bin/env bash
# Ends the cluster that up.sh started, by the pid files in its folder, its jobs before it, and removes the folder.
set -euo pipefail
folder=${COPPICE_CLUSTER:-${TMPDIR:-/tmp}/coppice-cluster}
[ -d "$folder" ] || exit 0
export SLURM_CONF=$folder/etc/slurm.conf

runs() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

stop() {
  runs "$1" || return 0
  local process i
  process=$(cat "$1")
  kill "$process"
  for ((i = 0; i < 100; ++i)); do
    kill -0 "$process" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$process"
}

if runs "$folder/run/slurmctld.pid"; then
  timeout 20 scancel --signal=KILL --full --user="$(id -un)" 2>/dev/null || true
  timeout 20 scancel --user="$(id -un)" 2>/dev/null || true
  for ((i = 0; i < 100; ++i)); do
    [ -z "$(timeout 20 squeue -h -o %i 2>/dev/null)" ] && break
    sleep 0.1
  done
fi
for file in "$folder"/run/slurmd.*.pid; do stop "$file"; done
stop "$folder/run/slurmctld.pid"
stop "$folder/run/munged.pid"
shared=$(sed -n 's/^shared=\(.*\)\/.*/\1/p' "$folder/etc/task_prolog" 2>/dev/null || true)
rm -rf "$folder" "${shared:-$folder}"
echo "the cluster is down"
