# The life of a study within one Slurm job, for job scripts to source: launch, forward signals, watch, relaunch on the nodes that
# are left, clean up, requeue. `coppice submit` writes scripts that hold a copy of it.
#
#   coppice_results=DIR                  required: where the results are, and go
#   coppice_run=(STUDY.yaml OPTION…)     required: what `coppice run` is given, without -o
#   coppice=PROGRAM                      [coppice]
#   coppice_launcher=mpirun|srun         [mpirun: with it the others go on when a rank dies]
#   coppice_job                          never returns: it ends the script, with the study's exit status
#
# How a run ended is read from the file that the coordinator writes as its last act. Exit statuses of launchers say nothing:
# `mpirun --enable-recovery` ends with 0 when rank 0 was killed. Works in bash 4.2 and later.
# shellcheck shell=bash

: "${coppice:=coppice}"
: "${coppice_launcher:=mpirun}"
: "${coppice_attempts:=3}"      # launches in a row that bring no report
: "${coppice_barren:=10}"       # jobs in a row without a report, of which the last isn't queued again
: "${coppice_startup_s:=300}"   # until the coordinator has taken the directory
: "${coppice_silence_s:=180}"   # its heart beats every 2 s; file systems stall for a minute now and then
: "${coppice_leave_s:=20}"      # from the study's end to the launcher's
# coppice_grace_s                 between TERM and KILL [a third of Slurm's KillWait: mpirun and its daemons wait one after the other]

coppice_say() { echo "coppice job ${SLURM_JOB_ID:-}: $*"; }

# Starts `coppice run` on these nodes: all of the allocation's if none is named. Becomes the launcher, so that signals reach it. A
# script that launches in another way defines its own after sourcing this.
coppice_launch() {
  local per_node=${SLURM_NTASKS_PER_NODE:-1} where=()
  if [ "$coppice_launcher" = srun ]; then
    if [ $# -gt 0 ]; then where=(--nodes=$# --nodelist="$(coppice_join "$@")" --ntasks=$(($# * per_node))); fi
    # Since 22.05 srun doesn't take it from the allocation.
    if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then where+=(--cpus-per-task="$SLURM_CPUS_PER_TASK"); fi
    exec srun --mpi=pmix --cpu-bind=none --kill-on-bad-exit=1 "${where[@]}" "${coppice_command[@]}"
  fi
  if [ $# -gt 0 ]; then where=(--host "$(coppice_join "${@/%/:$per_node}")"); fi
  # Not --bind-to core: training would inherit one core from its rank. mpirun kills ranks one second after it got TERM, unless told
  # to wait: at scancel they need that time to save.
  exec mpirun --enable-recovery --bind-to none --mca odls_base_sigkill_timeout "$coppice_grace_s" "${where[@]}" \
    "${coppice_command[@]}"
}

coppice_join() {
  local IFS=,
  echo "$*"
}

# Slurm kills what lives so long after it sent TERM.
coppice_grace() {
  local kill_wait
  kill_wait=$(timeout 30 scontrol show config 2>/dev/null | sed -n 's/^KillWait *= *\([0-9]*\).*/\1/p')
  echo $((${kill_wait:-30} / 3))
}

# How many reports the study has: what tells an attempt that got somewhere from one that didn't. Takes the seconds that it may take.
coppice_reports() { timeout "${1:-120}" "$coppice" progress "$coppice_results" 2>/dev/null; }

coppice_field() { sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p' "$coppice_outcome" 2>/dev/null; }

# The rest of a line of JSON, whatever the text holds.
coppice_reason() {
  sed -n 's/.*"reason": *"\(.*\)".*/\1/p' "$coppice_outcome" 2>/dev/null | sed 's/\\\(["\\]\)/\1/g'
}

# The launcher may hang when a node or rank 0 died: ends it once the study is over, or nobody writes to its directory any more.
# Counts its own rounds and asks no clock, so that a job that was suspended isn't taken for a silent one.
coppice_watch() {
  local launcher=$1 round_s=2 over_s=0 silent_s=0 limit_s=$coppice_startup_s beat last
  last=$(cat "$coppice_results/owner" 2>/dev/null)
  while sleep "$round_s"; do
    kill -0 "$launcher" 2>/dev/null || return
    if [ -s "$coppice_outcome" ]; then
      over_s=$((over_s + round_s))
      if [ "$over_s" -le "$coppice_leave_s" ]; then continue; fi
      coppice_say "the study has ended, its launcher hasn't: ending it"
      break
    fi
    beat=$(cat "$coppice_results/owner" 2>/dev/null)
    if [ -n "$beat" ] && [ "$beat" != "$last" ]; then
      last=$beat silent_s=0 limit_s=$coppice_silence_s
      continue
    fi
    silent_s=$((silent_s + round_s))
    if [ "$silent_s" -le "$limit_s" ]; then continue; fi
    coppice_say "the coordinator has been silent for $silent_s s: ending the launcher"
    break
  done
  kill -TERM "$launcher" 2>/dev/null
  for ((i = 0; i < coppice_grace_s + 10; ++i)); do
    kill -0 "$launcher" 2>/dev/null || return
    sleep 1
  done
  kill -KILL "$launcher" 2>/dev/null
}

# Launches, waits for the end. Signals come in between: each interrupts `wait`.
coppice_attempt() {
  rm -f "$coppice_outcome"
  coppice_launch "$@" &
  coppice_pid=$!
  coppice_watch "$coppice_pid" &
  local watcher=$!
  while :; do
    wait "$coppice_pid"
    coppice_status=$?
    kill -0 "$coppice_pid" 2>/dev/null || break
  done
  coppice_pid=
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
}

# Ranks get one USR1 and no more, whatever comes: a launcher forwards each that it is sent.
coppice_stop() {
  local name=$1
  if [ "$name" = TERM ]; then coppice_term=1; fi
  if [ -n "$coppice_stopping" ]; then return; fi
  coppice_stopping=1
  coppice_say "$name: the study is told to stop"
  if [ -n "$coppice_pid" ]; then kill -USR1 "$coppice_pid" 2>/dev/null; fi
}

# What killed ranks leave: Open MPI's session directory, which is this job's alone (coppice_job made it so), and in memory files of
# this user's that no process has mapped, looked at twice, as one that is just being made isn't mapped yet.
coppice_clean_node() {
  case ${OMPI_MCA_orte_tmpdir_base:-} in
    */coppice."$SLURM_JOB_ID") rm -rf -- "$OMPI_MCA_orte_tmpdir_base" ;;
  esac
  local folder=${OMPI_MCA_btl_vader_backing_directory:-/dev/shm} round file leaked=() unmapped
  leaked=("$folder"/vader_segment.*)
  for round in 1 2; do
    unmapped=()
    for file in "${leaked[@]}"; do
      if [ -O "$file" ] && ! grep -qsF -- "$file" /proc/[0-9]*/maps; then unmapped+=("$file"); fi
    done
    leaked=("${unmapped[@]}")
    if [ ${#leaked[@]} -eq 0 ]; then return; fi
    if [ "$round" -eq 1 ]; then sleep 1; fi
  done
  rm -f -- "${leaked[@]}"
}

# Cleans each node of the allocation; sets coppice_nodes to those that answer. Empty where no step can be started: then nothing is
# known about the nodes.
coppice_sweep() {
  local names all clean node
  coppice_clean_node
  clean="$(declare -f coppice_clean_node); coppice_clean_node; echo \"\$SLURMD_NODENAME\""
  # Slurm takes a node from the job that it knows to be down; in the script's own variables it stays.
  names=$(timeout 30 squeue -h -j "$SLURM_JOB_ID" -o %N 2>/dev/null | head -n 1)
  mapfile -t all < <(timeout 30 scontrol show hostnames "${names:-$SLURM_JOB_NODELIST}" 2>/dev/null)
  if [ ${#all[@]} -eq 0 ]; then return; fi
  mapfile -t coppice_nodes < <(coppice_step "${all[@]}" -- "$clean")
  if [ ${#coppice_nodes[@]} -lt ${#all[@]} ]; then
    mapfile -t coppice_nodes < <(for node in "${all[@]}"; do coppice_step "$node" -- "$clean" & done | sort -V)
  fi
}

# coppice_step NODE… -- COMMAND: a shell on each of them, for half a minute at most, beside what runs there.
coppice_step() {
  local nodes=()
  while [ "$1" != -- ]; do
    nodes+=("$1")
    shift
  done
  timeout -k 5 30 srun --nodes=${#nodes[@]} --ntasks=${#nodes[@]} --ntasks-per-node=1 --nodelist="$(coppice_join "${nodes[@]}")" \
    --overlap --immediate=20 --mpi=none bash -c "$2" 2>/dev/null </dev/null
}

# Who ended the job: Slurm at its time limit, or somebody with scancel?
coppice_may_requeue() {
  if [ -z "$coppice_term" ]; then return 0; fi
  timeout 30 scontrol -o show job "$SLURM_JOB_ID" 2>/dev/null | grep -q 'JobState=TIMEOUT'
}

# A job that is too short to start and train a single step would be queued again for ever. Slurm leaves little time here, and what
# can't be known speaks for the study.
coppice_got_further() {
  local file=$coppice_results/.barren barren reports
  reports=$(coppice_reports 10)
  if [ -z "$reports" ] || [ "$reports" -gt "$coppice_reports_before" ]; then
    rm -f "$file"
    return 0
  fi
  barren=$(($(cat "$file" 2>/dev/null || echo 0) + 1))
  if [ "$barren" -lt "$coppice_barren" ]; then
    echo "$barren" >"$file"
    return 0
  fi
  rm -f "$file"
  coppice_say "$barren jobs in a row brought no report: not queued again. Is the time limit too short for start-up and one step? Submitted again it goes on"
  return 1
}

coppice_requeue() {
  local array=()
  if timeout 60 scontrol requeue "$SLURM_JOB_ID" 2>/dev/null; then
    coppice_say "back in the queue"
    return
  fi
  if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then array=(--array="$SLURM_ARRAY_TASK_ID"); fi
  if timeout 60 sbatch --dependency="afterany:$SLURM_JOB_ID" "${array[@]}" "$0"; then
    coppice_say "a job that goes on is in the queue"
  else
    coppice_say "it can't be queued again from here: submit it again, and it goes on"
  fi
}

coppice_job() {
  set +eu  # whatever the script around it likes: here, commands may fail
  local failures=0 reports before status
  coppice_pid='' coppice_stopping='' coppice_term='' coppice_status=0 coppice_nodes=()
  mkdir -p "$coppice_results" || exit 2
  coppice_results=$(cd "$coppice_results" && pwd) || exit 2
  command -v "$coppice" >/dev/null || { coppice_say "there is no program '$coppice'" >&2; exit 2; }
  coppice_outcome=$coppice_results/.outcome.$SLURM_JOB_ID
  coppice_command=("$coppice" run "${coppice_run[@]}" -o "$coppice_results" --quiet --outcome "$coppice_outcome")
  # The survivors of a dead node needn't be ended by Slurm.
  export SLURM_NO_KILL=set
  export OMPI_MCA_orte_tmpdir_base="${OMPI_MCA_orte_tmpdir_base:-${TMPDIR:-/tmp}/coppice.$SLURM_JOB_ID}"
  : "${coppice_grace_s:=$(coppice_grace)}"
  trap 'coppice_stop USR1' USR1
  trap 'coppice_stop TERM' TERM

  coppice_say "$(date '+%F %T') on ${SLURM_JOB_NODELIST:-one node}${SLURM_RESTART_COUNT:+, start $((SLURM_RESTART_COUNT + 1))}"
  reports=$(coppice_reports || echo 0)
  coppice_reports_before=$reports
  while :; do
    before=$reports
    coppice_attempt "${coppice_nodes[@]}"
    if [ -s "$coppice_outcome" ] || [ -n "$coppice_stopping" ]; then break; fi
    reports=$(coppice_reports || echo 0)
    failures=$((failures + 1))
    if [ "$reports" -gt "$before" ]; then failures=0; fi
    coppice_say "the run ended without a word (the launcher's exit status was $coppice_status)"
    if [ "$failures" -ge "$coppice_attempts" ]; then
      coppice_say "$failures launches in a row brought no report: giving up"
      rm -f "$coppice_outcome" "$coppice_results/.barren"
      exit 1
    fi
    coppice_sweep
    if [ -n "$coppice_stopping" ]; then break; fi
    coppice_say "starting it again on ${coppice_nodes[*]:-all nodes}"
  done

  status=$(coppice_field exit_status)
  if [ -n "$status" ]; then
    coppice_say "$(coppice_field outcome): $(coppice_reason)"
  else
    coppice_say "stopped before it could say how: what was acknowledged is in the journal"
  fi
  rm -f "$coppice_outcome"  # at once: a job that was ended hasn't much time left
  # An ended job may start nothing on other nodes any more.
  if [ -n "$coppice_term" ]; then coppice_clean_node; else coppice_sweep; fi
  # Killed while it saved: the journal has all that was acknowledged.
  : "${status:=75}"
  if [ "$status" -eq 75 ] && coppice_may_requeue; then
    if coppice_got_further; then coppice_requeue; fi
  else
    rm -f "$coppice_results/.barren"
  fi
  exit "$status"
}
