#!/usr/bin/env bash
# A Slurm cluster on this one machine: munge, slurmctld and a slurmd for each virtual node. Needs root; loopback only.
#
#   up.sh [nodes=4]          then: source FOLDER/environment
#   FOLDER is $COPPICE_CLUSTER, else ${TMPDIR:-/tmp}/coppice-cluster. Everything is in it: down.sh, and rm -r, leave nothing.
#
# Safe to run again: what runs goes on, what was killed (a node, by a test) comes back. Each node has 4 CPUs and 2 GPUs that are none,
# so Slurm hands them out and sets CUDA_VISIBLE_DEVICES, and no driver finds them.
set -euo pipefail
nodes=${1:-4}
folder=${COPPICE_CLUSTER:-${TMPDIR:-/tmp}/coppice-cluster}
kill_wait=${COPPICE_CLUSTER_KILL_WAIT:-30}
gpus_per_node=2
cpus_per_node=4

[ "$(id -u)" -eq 0 ] || { echo "up.sh: needs root" >&2; exit 77; }
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || { echo "up.sh: no $program; jobs/setup.sh: install_packages slurm" >&2; exit 77; }
done

mkdir -p "$folder"/{etc,log,run,state,spool,devices}
chmod 755 "$folder" "$folder"/*
for ((i = 0; i < gpus_per_node; ++i)); do
  [ -e "$folder/devices/gpu$i" ] || mknod "$folder/devices/gpu$i" c 1 3
done

# Ports that are free now: several clusters may run at the same time.
[ -s "$folder/etc/ports" ] || /usr/bin/env python3 - "$((nodes + 1))" >"$folder/etc/ports" <<'PYTHON'
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(server.getsockname()[1] for server in held))
PYTHON
read -r -a ports <"$folder/etc/ports"

write_configuration() {
  local memory_mb
  memory_mb=$(awk -v nodes="$nodes" '/^MemTotal/ { print int($2 / 1024 * 0.9 / nodes) }' /proc/meminfo)
  cat <<CONF
ClusterName=virtual
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${ports[0]}
AuthType=auth/munge
CryptoType=crypto/munge
# A credential lives for 2 minutes otherwise, and so long a requeued job waits.
AuthInfo=socket=$folder/run/munge.socket,cred_expire=10
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.%n.log
# No cgroups: they may belong to a container that this machine is.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
CommunicationParameters=NoInAddrAny
GresTypes=gpu
ReturnToService=2
JobRequeue=1
KillWait=$kill_wait
MinJobAge=3600
SlurmdTimeout=10
SlurmctldTimeout=10
# PMIx makes files there, of the same names for all nodes.
TmpFS=$folder/tmp/%n
TaskProlog=$folder/etc/task_prolog
CONF
  local i
  for ((i = 1; i <= nodes; ++i)); do
    echo "NodeName=node$i NodeHostname=localhost NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=$cpus_per_node Boards=1 SocketsPerBoard=1" \
      "CoresPerSocket=$cpus_per_node ThreadsPerCore=1 RealMemory=$memory_mb Gres=gpu:virtual:$gpus_per_node State=UNKNOWN"
  done
  echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP"
}
write_configuration >"$folder/etc/slurm.conf"
for ((i = 1; i <= nodes; ++i)); do
  echo "NodeName=node$i Name=gpu Type=virtual File=$folder/devices/gpu[0-$((gpus_per_node - 1))]"
done >"$folder/etc/gres.conf"
printf 'CgroupAutomount=no\nConstrainDevices=no\nConstrainCores=no\nIgnoreSystemd=yes\n' >"$folder/etc/cgroup.conf"

# All virtual nodes have one host name: without folders of their own for shared memory, ranks take each other's segments for theirs.
shared=/dev/shm/coppice-cluster.${ports[0]}
cat >"$folder/etc/task_prolog" <<PROLOG
#!/bin/sh
shared=$shared/\$SLURMD_NODENAME
mkdir -p "\$shared"
echo "export OMPI_MCA_btl_vader_backing_directory=\$shared"
echo "export OMPI_MCA_osc_rdma_backing_directory=\$shared"
echo "export OMPI_MCA_orte_tmpdir_base=\$shared/coppice.\$SLURM_JOB_ID"
PROLOG
chmod 755 "$folder/etc/task_prolog"

cat >"$folder/environment" <<ENVIRONMENT
export SLURM_CONF=$folder/etc/slurm.conf
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_btl_tcp_if_include=lo
# Ranks of different virtual nodes are on one machine, but must not find that out.
export OMPI_MCA_btl=self,tcp
ENVIRONMENT
# shellcheck source=/dev/null
source "$folder/environment"

runs() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# A key and a socket of its own: the machine's munged, if there is one, is left alone.
if [ ! -s "$folder/etc/munge.key" ]; then
  (umask 077 && head -c 128 /dev/urandom >"$folder/etc/munge.key")
fi
if ! runs "$folder/run/munged.pid"; then
  rm -f "$folder"/run/munge.socket*
  munged --force --key-file="$folder/etc/munge.key" --socket="$folder/run/munge.socket" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/state/munged.seed"
fi
for ((i = 0; i < 100; ++i)); do
  [ -S "$folder/run/munge.socket" ] && break
  sleep 0.1
done

runs "$folder/run/slurmctld.pid" || slurmctld -f "$SLURM_CONF"
for ((i = 1; i <= nodes; ++i)); do
  mkdir -p "$folder/spool/node$i" "$folder/tmp/node$i"
  runs "$folder/run/slurmd.node$i.pid" || slurmd -N "node$i" -f "$SLURM_CONF"
done

ready=0
for ((i = 0; i < 300; ++i)); do
  ready=$(sinfo -h -N -t idle,alloc,mix -o %N 2>/dev/null | sort -u | wc -l)
  [ "$ready" -ge "$nodes" ] && break
  sleep 0.2
done
[ "$ready" -ge "$nodes" ] || { echo "up.sh: only $ready of $nodes nodes are up; see $folder/log" >&2; exit 1; }
echo "$nodes nodes are up: source $folder/environment"
