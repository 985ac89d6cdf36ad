"""Training on a real GPU with PyTorch: which device trials get, their state from worker to worker, a program that ruins its CUDA
context, memory that somebody else holds. Without a GPU or without PyTorch each story says which of them is missing."""

import subprocess
import sys
import unittest

from support import Scenario


def missing():
    """What these stories need and don't find, or "". Asked of another process: a context would hold memory of the device."""
    asked = subprocess.run([sys.executable, "-c", "import torch; print(torch.cuda.is_available())"], capture_output=True, text=True)
    if asked.returncode != 0:
        return f"{sys.executable} has no PyTorch"
    return "" if asked.stdout.strip() == "True" else "PyTorch finds no CUDA device"


MISSING = missing()

# The sum of tests/scenarios/support.py, but on the device and with a matrix product in each step. A wrong restore shows.
GPU_SUM = """
    import io
    import torch
    import coppice

    class Sum(coppice.Trainable):
        def setup(self, params):
            self.x = params["x"]
            self.total = torch.zeros(1, dtype=torch.float64, device="cuda")
            self.weights = torch.full((512, 512), 1.0, device="cuda")
            self.count = 0
        def step(self):
            self.weights = self.weights @ torch.full((512, 512), 1 / 512, device="cuda")
            self.count += 1
            self.total += self.x / self.count
            BREAK
            return {"loss": self.total, "count": self.count, "weight": self.weights[7, 9],
                    "devices": torch.cuda.device_count(), "bytes": torch.cuda.get_device_properties(0).total_memory}
        def save(self):
            blob = io.BytesIO()
            torch.save({"total": self.total, "weights": self.weights, "count": self.count}, blob)
            return blob.getbuffer()
        def load(self, blob):
            state = torch.load(io.BytesIO(blob))
            self.total, self.weights, self.count = state["total"], state["weights"], state["count"]

    coppice.serve(Sum)
"""


@unittest.skipIf(MISSING, MISSING)
class GpuScenarios(Scenario):
    def gpu_study(self, scheduler, budget, resources, ruin="", extra=""):
        self.write("train.py", GPU_SUM.replace("BREAK", ruin or "pass"))
        return self.write(
            "study.yaml",
            "name: gpu\nobjective: {metric: loss, direction: minimize}\nspace: {x: {type: float, low: 0.1, high: 1.0}}\n"
            f"scheduler: {scheduler}\nbudget: {budget}\nresources: {resources}\n"
            f"trainable: {{command: [{sys.executable}, train.py]}}\nseed: 3\n" + extra)

    def devices_of_nvidia_smi(self):
        asked = subprocess.run(["nvidia-smi", "--query-gpu=uuid,name,memory.total", "--format=csv,noheader,nounits"],
                               capture_output=True, text=True, check=True)
        return [line.split(", ") for line in asked.stdout.splitlines()]

    def test_check_says_what_nvidia_smi_says(self):
        out, _ = self.coppice("check")
        for uuid, name, _ in self.devices_of_nvidia_smi():
            self.assertIn(uuid, out)
            self.assertIn(name, out)

    def share(self, workers_each=4):
        """(devices, workers, resources) with so many workers on each device."""
        devices = len(self.devices_of_nvidia_smi())
        return devices, devices * workers_each, f"{{gpus_per_worker: {1 / workers_each}}}"

    def assert_trained_on(self, devices):
        workers, reports = self.table("workers"), self.table("reports")
        known = {uuid.encode() for uuid, *_ in self.devices_of_nvidia_smi()}
        self.assertEqual(set(workers["device_uuid"]), known)
        self.assertEqual(set(reports["devices"]), {1}, "a trial sees its own device alone")
        self.assertTrue((reports["weight"] == 1).all(), "each product of these is exact")

    def test_a_population_shares_the_devices(self):
        """Its states are tensors: they go from worker to worker, and into the checkpoints of the results."""
        devices, workers, resources = self.share()
        study = self.gpu_study("{name: pbt, population: 8, interval: 3}", "{steps_per_trial: 12}", resources)
        self.run_study(study, "--workers", workers)
        trials, _ = self.assert_sums_right()
        self.assertGreater((trials["origin_trial"] >= 0).sum(), 0, "nothing was copied")
        self.assert_trained_on(devices)
        self.verify_replay()

    def test_ranks_share_the_devices(self):
        devices, workers, resources = self.share(workers_each=2)
        if subprocess.run(["mpirun", "--version"], capture_output=True).returncode != 0:
            self.skipTest("there is no mpirun")
        study = self.gpu_study("{name: hyperband, max_steps: 9, eta: 3}", "{trials: 20}", resources)
        self.run_study(study, ranks=workers)
        self.assert_sums_right()
        self.assert_trained_on(devices)

    def test_a_ruined_context_is_the_trials_failure_not_the_devices(self):
        """An assertion on the device makes every later call of that process fail. The device is fine, and others go on with it."""
        devices, workers, resources = self.share(workers_each=2)
        ruin = "torch.zeros(4, device='cuda')[torch.tensor([9], device='cuda')].cpu() if self.x > 0.6 else None"
        study = self.gpu_study("{name: fifo}", "{trials: 12, steps_per_trial: 3}", resources, ruin, "retries: 0\n")
        _, err = self.coppice("run", study, "-o", self.results, "--quiet", "--workers", workers, status=None)
        trials = self.table("trials")
        self.assertEqual({state for state, x in zip(trials["state"], trials["x"]) if x > 0.6}, {b"failed"}, err)
        self.assertEqual({state for state, x in zip(trials["state"], trials["x"]) if x <= 0.6}, {b"complete"}, err)
        self.assertEqual(len(trials), 12)
        self.assertNotIn("its device", err, "no worker left")

    def test_a_run_waits_for_memory_that_another_process_holds(self):
        uuid, _, megabytes = self.devices_of_nvidia_smi()[0]
        half = int(megabytes) * 2**19
        hold = f"import torch, sys; x = torch.empty({int(half * 1.2)}, dtype=torch.uint8, device='cuda'); print(1, flush=True); sys.stdin.read()"
        holder = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "1\n")
        study = self.gpu_study("{name: fifo}", "{trials: 2, steps_per_trial: 2}", f"{{gpu_memory: {half / 1e9:.0f}GB}}")
        process = self.start("run", study, "-o", self.results, "--quiet", "--workers", 1)
        line = process.stderr.readline()
        self.assertIn(f"waiting: device {uuid} has", line)
        self.assertFalse((self.results / "logs" / "worker-0.log").exists(), "no host yet")
        holder.communicate("")
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)
        self.assert_sums_right()


if __name__ == "__main__":
    unittest.main(verbosity=2)
