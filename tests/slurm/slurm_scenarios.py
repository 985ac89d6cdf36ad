"""Studies in Slurm jobs, on a virtual cluster of four nodes: submitted, stopped, requeued, cancelled, struck, resumed."""

import contextlib
import json
import os
import re
import signal
import unittest

from cluster import NODES, SlurmScenario, command_of, environment_of, processes
from support import SOURCE

PBT = "{name: pbt, population: 8, interval: 4}"
ON_CPUS = "resources: {gpus_per_worker: 0}\n"


class SlurmScenarios(SlurmScenario):
    def pbt_study(self, steps=24, pause=0.15, extra=""):
        return self.sum_study(PBT, f"{{steps_per_trial: {steps}}}", pause=pause, extra=ON_CPUS + extra)

    def assert_finished(self, what, members=8):
        trials, reports = self.assert_sums_right()
        self.assertEqual((trials["state"] == b"complete").sum(), members)
        self.assertEqual(self.outcome()["outcome"], "finished")
        self.verify_replay()
        self.assert_nothing_left()
        print(f"{what}: {len(trials)} trials, {len(reports)} reports, none lost or doubled; nothing left behind", flush=True)
        return trials

    def outcome(self):
        return json.loads((self.results / "outcome").read_text())

    def ranks_of(self, number):
        """Processes of this test that are that rank under mpirun."""
        return [process for process in processes()
                if environment_of(process).get("COPPICE_TEST_MARK") == self.mark
                and environment_of(process).get("OMPI_COMM_WORLD_RANK") == str(number) and " run " in command_of(process)]

    def test_a_signal_before_the_limit_requeues_and_the_study_goes_on(self):
        job = self.submit(self.pbt_study())
        self.wait_for_reports(20)
        self.slurm("scancel", "--signal=USR1", "--batch", job)
        self.wait_for(lambda: self.log().count("back in the queue") == 1, "the requeue", 120)
        self.assertEqual(self.outcome(), {"outcome": "stopped", "exit_status": 75, "incarnation": 1, "reason": self.outcome()["reason"]})
        self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), self.log())
        self.assertEqual(self.log().count("stopping in order"), 1, "ranks are signalled once")
        self.assertEqual(self.outcome()["incarnation"], 2)
        self.assertEqual(len(self.table("workers")), 2 * NODES)
        self.assert_finished("signal, requeue, resume")

    def test_a_short_time_limit(self):
        job = self.submit(self.pbt_study(steps=150, pause=0.3), "--time", "1m", nodes=2)
        self.wait_for(lambda: "back in the queue" in self.log(), "the time limit's signal", 180)
        self.assertGreaterEqual(int(self.job(job)["Restarts"]), 1)
        self.assertLess(self.log().count("TERM"), 1, "it was over before the limit")
        self.slurm("scancel", job)
        self.wait_for_job(job)
        # Slurm may signal a minute too soon: before the study has begun, and at once again when the job is back.
        if self.journal_bytes() > 0:
            self.assert_sums_right()
        self.assert_nothing_left()
        print("time limit of 1 min: saved and requeued before it", flush=True)

    def test_cancelled_by_its_user_and_resumed_on_fewer_nodes_with_a_larger_budget(self):
        study = self.sum_study("fifo", "{trials: 8, steps_per_trial: 12}", pause=0.15, extra=ON_CPUS)
        job = self.submit(study)
        self.wait_for_reports(10)
        self.slurm("scancel", job)
        self.assertEqual(self.wait_for_job(job)[0], "CANCELLED")
        self.wait_for(lambda: (self.results / "outcome").exists(), "the outcome", 60)
        self.assertEqual(self.outcome()["outcome"], "stopped")
        self.assertNotIn("queue", self.log())
        self.assertEqual(self.slurm("squeue", "-h"), "", "it isn't requeued")
        self.assert_sums_right()
        self.assert_nothing_left()
        # By hand, the same script again, on other nodes than it says.
        job = self.sbatch("--nodes=2", self.results / "job.sh")
        self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), self.log())
        self.assertEqual(len(self.table("workers")), NODES + 2)
        self.assert_finished("scancel, resubmission on two nodes")
        job = self.submit(study, "--set", "budget.trials=12", nodes=1)
        self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), self.log())
        self.assert_finished("a larger budget, on one node", members=12)
        job = self.submit(study, "--set", "budget.trials=12", nodes=1)
        self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), self.log())
        self.assertIn("nothing to do", self.outcome()["reason"])

    def test_a_node_dies(self):
        job = self.submit(self.pbt_study(extra="timeouts: {worker: 15s}\n"), nodes=3)
        self.wait_for_reports(15)
        node = self.job(job)["BatchHost"]
        nodes = self.slurm("scontrol", "show", "hostnames", self.job(job)["NodeList"]).split()
        dead = [name for name in nodes if name != node][0]
        self.assertGreater(self.cluster.kill_node(dead), 1)
        self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), self.log())
        self.assert_finished(f"{dead} of {len(nodes)} nodes killed")

    def test_the_coordinator_is_killed(self):
        job = self.submit(self.pbt_study(), nodes=2)
        self.wait_for_reports(15)
        ranks = self.ranks_of(0)
        self.assertTrue(ranks, self.log())
        for process in ranks:
            with contextlib.suppress(ProcessLookupError):  # its spawner, with the same environment, dies with it
                os.kill(process, signal.SIGKILL)
        self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), self.log())
        self.assertEqual(self.outcome()["incarnation"], 2)
        self.assertIn("starting it again", self.log())
        self.assert_finished("rank 0 killed, launched again in the same job")

    def test_mistakes_end_the_job_with_2(self):
        study = self.pbt_study()
        self.assertIn("did you mean", self.submit(study, "--set", "budget.trails=3", status=2))
        self.assertIn("partition", self.submit(study, "--partition", "nowhere", status=2))
        self.assertIn("--time 90", self.submit(study, "--time", "90", status=2))
        job = self.submit(study, "--set", "trainable.command=[/usr/bin/python3, -c, 'import nosuchmodule']", nodes=2)
        self.assertEqual(self.wait_for_job(job), ("FAILED", 2), self.log())
        self.assertIn("nosuchmodule", self.log())
        study.write_text("nmae: x\n")
        job = self.sbatch(self.results / "job.sh")
        self.assertEqual(self.wait_for_job(job), ("FAILED", 2), self.log())
        self.assertIn("study.yaml:1:1", self.log())
        self.assertEqual(self.slurm("squeue", "-h"), "", "nothing is requeued")
        self.assert_nothing_left()
        print("mistakes: refused with 2, before and in the job, and not requeued", flush=True)

    def template(self, name, **changes):
        """A template as a user would change it: in the lines marked with <--."""
        text = (SOURCE / "jobs" / f"{name}.sbatch").read_text()
        for pattern, replacement in changes.items():
            marked = {"nodes": r"--nodes=\d+", "tasks": r"--ntasks-per-node=\d+", "gpus": r" ?(#SBATCH )?--gpus-per-node=\d+",
                      "cpus": r"--cpus-per-task=\d+"}[pattern]
            self.assertRegex(text, marked)
            text = re.sub(marked, replacement, text)
        text = text.replace("examples/digits-pbt/study.yaml", str(self.folder / "study.yaml")).replace("results/digits-pbt", str(self.results))
        return self.write(f"{name}.sbatch", text)

    def test_the_templates_run(self):
        study = self.sum_study("fifo", "{trials: 4, steps_per_trial: 3}", extra=ON_CPUS)
        for name in ("mpirun", "srun", "heterogeneous"):
            with self.subTest(name):
                self.results = self.folder / name
                script = self.template(name, nodes="--nodes=1", tasks="--ntasks-per-node=2", cpus="--cpus-per-task=1", gpus="")
                job = self.sbatch(script)
                log = self.folder / f"coppice-{job}.log"
                self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), log.read_text() if log.exists() else "")
                self.assertEqual(len(self.table("workers")), 3 if name == "heterogeneous" else 2)
                self.assert_finished(f"jobs/{name}.sbatch", members=4)
        with self.subTest("array"):
            self.results = self.folder / "array"
            job = self.sbatch(self.template("array", tasks="--ntasks-per-node=1", cpus="--cpus-per-task=1", gpus=""))
            for seed in (1, 2, 3):
                results = self.folder / f"array-{seed}"
                self.wait_for(lambda: (results / "outcome").exists(), "a task of the array", 120)
                self.assertEqual(len(self.assert_sums_right(results)[0]), 4)
            self.wait_for(lambda: not self.slurm("squeue", "-h"), "the end of the array", 60)
            self.assert_nothing_left()
            print("jobs/array.sbatch: 3 studies", flush=True)
        del study

    def test_workers_take_the_gpus_that_slurm_grants(self):
        study = self.sum_study("fifo", "{trials: 4, steps_per_trial: 3}")
        job = self.submit(study, "--gpus-per-node", "2", nodes=2)
        self.assertEqual(self.wait_for_job(job), ("COMPLETED", 0), self.log())
        self.assertEqual(len(self.table("workers")), 4)
        self.assert_finished("two nodes with two GPUs each", members=4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
