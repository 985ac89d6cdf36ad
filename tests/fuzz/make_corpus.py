"""Makes the seeds of the corpus anew: study files from the examples, a journal and its records from a short run.

  tests/fuzz/make_corpus.py build/ci/bin/coppice"""

import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent

SMALL = """
name: s
objective: {metric: value, direction: maximize}
space:
  h1: {type: float, low: 0, high: 1}
  h2: {type: float, low: 0, high: 1}
scheduler: {name: pbt, population: 2, interval: 2}
budget: {steps_per_trial: 4}
trainable: {builtin: pbt_toy}
"""

ODD = """
name: odd
objectives: [{metric: loss, direction: minimize}]
space:
  a: {type: int, low: 1, high: 8, log: true, step: 1}
  b: &x {type: categorical, choices: [1, 2.5, true, "a b", null], ordered: true, fixed: true}
  c: {type: float, low: 1e-4, high: 1.0, when: {b: [1, true]}}
  d: *x
sampler: {name: sobol}
scheduler: {name: hyperband, max_steps: 27, eta: 3, sizes: table, iterations: 2}
budget: {trials: 200, wall_time: 1d2h30m, target: 0.05}
trainable: {command: [./solver, "--lr={c}"], protocol: stdout}
resources: {gpus_per_worker: 0.5, cpus_per_worker: 2}
checkpoints: {every: 10s}
timeouts: {startup: 5s, segment: 1h}
retries: 0
deterministic: {lag: 4}
seed: 7
"""


def write(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(content)


def main():
    coppice = pathlib.Path(sys.argv[1]).absolute()
    for study in sorted(SOURCE.glob("examples/*/study*.yaml")):
        write("study", study.parent.name, study.read_bytes())
    write("study", "small", SMALL.encode())
    write("study", "odd", ODD.encode())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "study.yaml").write_text(SMALL)
        subprocess.run([coppice, "run", "study.yaml", "-o", "results", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        journal = (folder / "results" / "study.journal").read_bytes()
        owner = b'{"host":"node1","pid":7,"process_start":1,"slurm_job":"","incarnation":1,"since_unix_s":1,"beat":2,"machine":"m"}\n'
        checkpoint = next((folder / "results" / "checkpoints").glob("*.ckpt")).read_bytes()
    write("journal", "run", journal)
    records, at = [], 20
    while at < len(journal):
        length = struct.unpack_from("<I", journal, at + 4)[0]
        records.append(journal[at + 16:at + 16 + length])
        at += 16 + length
    write("journal", "framed", b"R" + b"".join(struct.pack("<H", len(record)) + record for record in records[1:]))
    kinds = {}
    for record in records:
        kinds.setdefault((record[0], len(record) // 16), record)  # one of each size
    for i, record in enumerate(kinds.values()):
        write("messages", f"record-{i}", bytes([10]) + record)  # 10: a journal's record
    for kind in range(13):
        write("messages", f"empty-{kind}", bytes([kind]) + bytes(8))
    write("checkpoint", "owner", b"O" + owner)
    write("checkpoint", "file", b"C" + checkpoint)


if __name__ == "__main__":
    main()
