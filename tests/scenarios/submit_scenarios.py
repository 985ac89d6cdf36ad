"""What `coppice submit --dry-run` asks Slurm for. Needs no Slurm; jobs for real are in tests/slurm."""

import re
import unittest

from support import Scenario


class Submit(Scenario):
    def script(self, gpus_per_worker, *arguments, status=0):
        study = self.write("study.yaml", f"""
            name: asked
            objective: {{metric: value}}
            space: {{x1: {{type: float, low: -5, high: 10}}, x2: {{type: float, low: 0, high: 15}}}}
            budget: {{trials: 4}}
            trainable: {{builtin: branin}}
            resources: {{gpus_per_worker: {gpus_per_worker}}}
            """)
        out, err = self.coppice("submit", study, "--nodes", "1", "--dry-run", *arguments, status=status)
        self.assertFalse((self.folder / "results").exists(), "nothing is written")
        return out if status == 0 else err

    def tasks(self, *arguments):
        return int(re.search("#SBATCH --ntasks-per-node=([0-9]+)", self.script(*arguments)).group(1))

    def test_workers_fill_each_gpu_and_lie_across_none(self):
        for gpus_per_worker, tasks in (("auto", 4), (1, 4), (2, 2), (3, 1), (0.5, 8), (0.25, 16), (0.3333333333333333, 12), (0.3, 12),
                                       (0.4, 8), (0.6, 4), (0, 1)):
            with self.subTest(gpus_per_worker):
                self.assertEqual(self.tasks(gpus_per_worker, "--gpus-per-node", "4"), tasks)
        self.assertEqual(self.tasks("auto"), 1)
        self.assertEqual(self.tasks(0, "--gpus-per-node", "4", "--tasks-per-node", "6"), 6)

    def test_more_workers_than_there_is_room_for(self):
        for gpus_per_worker, tasks, room in (("auto", 5, "room for 4"), (0.4, 9, "room for 8"), (2, 3, "room for 2")):
            err = self.script(gpus_per_worker, "--gpus-per-node", "4", "--tasks-per-node", str(tasks), status=2)
            self.assertIn(room, err)
        self.assertIn("give more", self.script(2, "--gpus-per-node", "1", status=2))
        arguments = ("--gpus-per-node", "4", "--tasks-per-node", "5", "--set", "coordinator=dedicated")
        self.assertEqual(self.tasks("auto", *arguments), 5)

    def test_a_worker_gets_the_cpus_that_the_study_says(self):
        asked = ("--set", "resources.cpus_per_worker=3")
        self.assertNotIn("#SBATCH --cpus-per-task", self.script(1))
        self.assertIn("#SBATCH --cpus-per-task=3\n", self.script(1, *asked))
        self.assertIn("#SBATCH --cpus-per-task=4\n", self.script(1, *asked, "--cpus-per-task", "4"))
        self.assertIn("each worker of this study gets 3", self.script(1, *asked, "--cpus-per-task", "2", status=2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
