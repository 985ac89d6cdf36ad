"""Devices and CPUs: what check says of them, and what trial hosts are given. Drivers are stand-ins (tests/cluster)."""

import os
import subprocess
import time
import unittest

from support import BINARY, MPI_ENVIRONMENT, Scenario

FAKE = os.environ["COPPICE_FAKE_DRIVERS"]
UUID = "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae0"

# Says what it was given, as its metrics.
PLACE_PROGRAM = """
    import json, os
    print(json.dumps({"loss": 0.0, "first": min(os.sched_getaffinity(0)), "count": len(os.sched_getaffinity(0)),
                      "threads": int(os.environ["OMP_NUM_THREADS"]),
                      "device": int(os.environ.get("CUDA_VISIBLE_DEVICES") or -1)}))
"""
CPUS = sorted(os.sched_getaffinity(0))


class DeviceScenarios(Scenario):
    def with_environment(self, **variables):
        """For all programs that this test starts."""
        for name, value in variables.items():
            before = os.environ.get(name)
            os.environ[name] = value
            self.addCleanup(lambda name=name, before=before: os.environ.pop(name) if before is None else
                            os.environ.__setitem__(name, before))

    def fake_gpus(self, count, **variables):
        path = FAKE + (":" + os.environ["LD_LIBRARY_PATH"] if os.environ.get("LD_LIBRARY_PATH") else "")
        self.with_environment(LD_LIBRARY_PATH=path, FAKE_CUDA_DEVICES=str(count), **variables)

    def place_study(self, resources="{}", trials=8):
        self.write("place.py", PLACE_PROGRAM)
        return self.write(
            "study.yaml", "name: place\nobjective: {metric: loss}\nspace: {x: {type: float, low: 0, high: 1}}\n"
            f"budget: {{trials: {trials}}}\nresources: {resources}\n"
            "trainable: {command: [/usr/bin/python3, place.py], protocol: stdout}\n")

    def test_check_without_a_launcher(self):
        self.fake_gpus(2)
        out, _ = self.coppice("check")
        self.assertIn(UUID + "1", out)
        self.assertIn("80.0 of 80.0 GB", out)
        self.assertTrue(out.endswith("fine\n"), out)

    def test_check_refuses_four_workers_on_two_devices_unless_they_share(self):
        self.with_environment(CUDA_VISIBLE_DEVICES="0,1")
        study = self.place_study()
        out, err = self.coppice("check", study, ranks=4, status=2)
        self.assertIn("ranks 0 to 3", err)
        self.assertIn("resources.gpus_per_worker: 0.5", err)
        self.assertNotIn("fine", out)
        out, _ = self.coppice("check", study, "--set", "resources.gpus_per_worker=0.5", ranks=4)
        rows = [line.split() for line in out.splitlines() if line[:1].isdigit()]
        self.assertEqual([row[3] for row in rows], ["0", "1", "0", "1"], out)
        self.assertIn("fine", out)

    def test_check_names_both_ranks_of_a_collision(self):
        """Each rank sees one device, numbered 0 for each; with a driver the identities tell that it is the same one."""
        self.fake_gpus(2, CUDA_VISIBLE_DEVICES="0")
        _, err = self.coppice("check", ranks=2, status=2)
        self.assertIn(f"visible ({UUID}0)", err)
        self.assertEqual(err.count("want 1 GPU each"), 1, "said once")

    def test_check_tells_what_cgroups_renumbered_apart(self):
        self.with_environment(CUDA_VISIBLE_DEVICES="0", SLURM_STEP_GPUS="2,3")
        out, _ = self.coppice("check", ranks=2)
        self.assertIn("taken for different ones", out)
        self.assertIn("fine", out)

    def test_check_says_how_many_workers_a_lag_is_too_small_for(self):
        study = self.place_study()
        lag = ["--set", "sampler=tpe", "--set", "deterministic={lag: 2}"]
        out, _ = self.coppice("check", study, *lag, ranks=3)
        self.assertIn("some of the 3 workers will wait", out)
        out, _ = self.coppice("check", study, *lag, "--set", "coordinator=dedicated", ranks=3)
        self.assertIn("a proposal waits for the results", out)
        self.assertNotIn("will wait", out)

    def test_check_prints_the_study_of_rank_0_and_its_mistake_once(self):
        study = self.write("study.yaml", "nmae: x\n")
        _, err = self.coppice("check", study, ranks=2, status=2)
        self.assertEqual(err.count("study.yaml:1:"), 1)

    def test_a_run_refuses_as_check_does(self):
        self.with_environment(CUDA_VISIBLE_DEVICES="0,1")
        _, err = self.run_study(self.place_study(), ranks=3, status=2)
        self.assertEqual(err.count("want 1 GPU each"), 1, "said once")

    def test_a_plainly_bound_rank_is_told_to_bind_to_none(self):
        study = self.place_study(f"{{cpus_per_worker: {len(CPUS)}}}")
        if len(CPUS) < 2:
            self.skipTest("one CPU: there is nothing to bind to less of")
        process = subprocess.run(["timeout", "120", "mpirun", "--bind-to", "core", "-n", "2", BINARY, "check", str(study)],
                                 env={**os.environ, **MPI_ENVIRONMENT}, capture_output=True, text=True)
        self.assertEqual(process.returncode, 2, process.stdout + process.stderr)
        self.assertIn("--bind-to none", process.stderr)

    def test_hosts_get_their_cpus(self):
        if len(CPUS) < 2:
            self.skipTest("one CPU: there is nothing to divide")
        self.run_study(self.place_study("{cpus_per_worker: 1}"), "--workers", 2)
        reports = self.table("reports")
        self.assertEqual(set(reports["count"]), {1})
        self.assertEqual(set(reports["threads"]), {1})
        first = {worker: set(reports["first"][reports["worker"] == worker]) for worker in set(reports["worker"])}
        for cpus in first.values():
            self.assertEqual(len(cpus), 1, "a worker's CPUs don't change")
        self.assertEqual(len(set.union(*first.values())), len(first), "no two workers on one CPU")

    def test_alone_a_host_gets_all_cpus(self):
        self.run_study(self.place_study(trials=1), "--workers", 1)
        report = self.table("reports")[0]
        self.assertEqual(report["count"], len(CPUS))

    def test_more_cpus_than_there_are_is_a_mistake(self):
        _, err = self.run_study(self.place_study(f"{{cpus_per_worker: {len(CPUS)}}}"), "--workers", 2, status=2)
        self.assertIn("resources.cpus_per_worker", err)

    def test_hosts_see_their_own_device(self):
        self.fake_gpus(2)
        self.run_study(self.place_study())
        reports = self.table("reports")
        for worker in set(reports["worker"]):
            self.assertEqual(set(reports["device"][reports["worker"] == worker]), {worker}, "the workers are 0 and 1")
        self.assertEqual(list(self.table("workers")["device_uuid"]), [(UUID + "0").encode(), (UUID + "1").encode()])

    def test_a_device_that_fails_is_set_aside(self):
        """It kills whoever uses it, from some moment on. Its worker leaves and the other one finishes; no trial is to blame."""
        broken = self.write("broken", "")
        self.fake_gpus(2, FAKE_CUDA_BROKEN_DEVICES=str(broken))
        study = self.sum_study("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 60}", pause=0.02, extra="retries: 0\n")
        program = self.folder / "train.py"
        check = f"if os.environ['CUDA_VISIBLE_DEVICES'] in open('{broken}').read(): os._exit(9)"
        program.write_text("import os\n" + program.read_text().replace("self.count += 1", check + "; self.count += 1")
                           .replace(check + "; ", check + "\n        "))
        process = self.start("run", study, "-o", self.results, "--quiet")
        self.wait_for(lambda: self.journal_bytes() > 8000, "some reports")
        broken.write_text("1")
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn(f"its device {UUID}1 failed: cuCtxSynchronize says CUDA_ERROR_LAUNCH_FAILED (719)", err)
        trials, _ = self.assert_sums_right()
        self.assertEqual((trials["state"] == b"failed").sum(), 0)
        self.assertEqual((trials["state"] == b"complete").sum(), 4)
        self.verify_replay()

    def test_a_run_waits_for_device_memory(self):
        free = self.write("free", "1000000000")
        self.fake_gpus(1, FAKE_FREE_MEMORY=str(free))
        process = self.start("run", self.place_study("{gpu_memory: 10GB}"), "-o", self.results, "--quiet")
        self.assertIn(f"waiting: device {UUID}0 has 1 GB of 80 GB free (process 4711 is on it), and 10 GB", process.stderr.readline())
        self.assertFalse((self.results / "logs" / "worker-0.log").exists(), "no host yet")
        free.write_text("20000000000")
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)

    def test_check_tells_the_end_of_the_allocation(self):
        self.with_environment(COPPICE_END_TIME=str(int(time.time()) + 1830))
        out, _ = self.coppice("check")
        self.assertRegex(out, r"ends .* in 30 min")


if __name__ == "__main__":
    unittest.main(verbosity=2)
