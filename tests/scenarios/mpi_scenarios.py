"""The main job's shape: several ranks, checkpoints pulled from rank to rank."""

import json
import os
import signal
import unittest

from support import Scenario, catches, children_of, command_of, ranks_of


class MpiScenarios(Scenario):
    def test_pbt_on_one_two_and_four_ranks(self):
        for ranks in (1, 2, 4):
            with self.subTest(ranks):
                self.results = self.folder / f"ranks-{ranks}"
                study = self.sum_study("{name: pbt, population: 6, interval: 2}", "{steps_per_trial: 20}", pause=0.002)
                self.run_study(study, ranks=ranks)
                trials, _ = self.assert_sums_right()
                self.assertEqual((trials["state"] == b"complete").sum(), 6)
                self.assertEqual(len(self.table("workers")), ranks)
                if ranks > 1:
                    self.assertGreater(self.table("segments")["transfer_s"].sum(), 0)
                self.verify_replay()

    def test_a_dedicated_coordinator(self):
        study = self.sum_study("fifo", "{trials: 4, steps_per_trial: 3}", extra="coordinator: dedicated\n")
        self.run_study(study, ranks=3)
        self.assertEqual(len(self.table("workers")), 2)
        _, err = self.coppice("run", study, "-o", self.folder / "alone", ranks=1, status=2)
        self.assertIn("dedicated", err)

    def test_a_wrong_study_ends_all_ranks_with_2(self):
        study = self.write("study.yaml", "nmae: x\n")
        outcome = self.folder / "outcome"
        _, err = self.run_study(study, ranks=3, status=2)
        self.assertEqual(err.count("study.yaml:1:"), 1, "said once")
        self.run_study(study, "--outcome", outcome, ranks=3, status=0)  # what the file tells, a launcher needn't know
        self.assertEqual(json.loads(outcome.read_text())["exit_status"], 2)

    def test_check_gives_an_explorer_the_time_it_takes(self):
        go = self.folder / "go"
        self.write("explore.py", f"""
            import os, time
            import coppice
            while not os.path.exists({str(go)!r}): time.sleep(0.01)
            coppice.serve_explorer(lambda base: {{"y": 1}})
        """)
        study = self.sum_study("{name: pbt, population: 4, interval: 2, explore: {command: [/usr/bin/python3, explore.py]}}",
                               "{steps_per_trial: 12}")
        process = self.start("check", study, ranks=2)
        self.wait_for(lambda: any(command_of(pid)[1:2] == [b"explore.py"] for pid in self.processes()), "the explorer")
        (limited,) = [catches(pid, signal.SIGALRM) for rank, pid in ranks_of(process).items() if rank == 0]
        go.touch()
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2, err)
        self.assertEqual(err.count("scheduler.explore has no answer: there is no parameter 'y'"), 1)
        self.assertFalse(limited, "it was asked inside of the limit on MPI's start")

    def test_a_signal_to_mpirun_stops_in_order(self):
        study = self.sum_study("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 200}", pause=0.01)
        process = self.start("run", study, "-o", self.results, "--quiet", ranks=3)
        self.wait_for(lambda: self.journal_bytes() > 6000, "some reports")
        os.kill(children_of(process.pid)[0], signal.SIGUSR1)  # mpirun hands it to all ranks
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.assert_sums_right()
        self.run_study(study, ranks=2)
        trials, _ = self.assert_sums_right()
        self.assertEqual((trials["state"] == b"complete").sum(), 4)
        self.verify_replay()


class RankDeathScenarios(Scenario):
    """What dies here dies under `mpirun --enable-recovery`. Its exit status says nothing; DIR/outcome does.

    On a busy machine, with so short a limit on silence, a worker may be taken for dead though it lives: nothing here may depend on it."""

    SILENCE = "timeouts: {worker: 3s}\n"

    def begin(self, ranks, extra="", steps=150):
        self.study = self.sum_study("{name: pbt, population: 4, interval: 5}", f"{{steps_per_trial: {steps}}}", pause=0.02,
                                    extra=self.SILENCE + "checkpoints: {every: 0.2s}\n" + extra)
        process = self.start("run", self.study, "-o", self.results, "--quiet", ranks=ranks, recovery=True)
        self.wait_for(lambda: self.journal_bytes() > 6000, "some reports")
        found = ranks_of(process)
        self.assertEqual(sorted(found), list(range(ranks)))
        return process, found

    def lost_ranks(self):
        events = [entry["event"] for entry in self.journal_entries()]
        ranks = {event["worker"]: event["rank"] for event in events if event["type"] == "worker_up"}
        return {ranks[event["worker"]] for event in events if event["type"] == "worker_lost"}

    def journal_says(self, text):
        return text.encode() in (self.results / "study.journal").read_bytes()

    def finish(self, process, outcome="finished"):
        out, err = process.communicate(timeout=240)
        self.wait_for(lambda: not self.processes(), "the end of all processes")
        self.assertEqual(self.outcome()["outcome"], outcome, out + err)
        return err

    def assert_finished_right(self):
        trials, _ = self.assert_sums_right()
        self.assertEqual((trials["state"] == b"complete").sum(), 4)
        self.verify_replay()

    def run_again(self):
        self.run_study(self.study, ranks=2)
        self.assert_finished_right()

    def test_a_worker_is_killed(self):
        process, ranks = self.begin(4)
        os.kill(ranks[2], signal.SIGKILL)
        err = self.finish(process)
        self.assertIn(2, self.lost_ranks())
        self.assertIn("is lost: it was silent for 3 s, timeouts.worker", err)
        self.assert_finished_right()

    def test_two_of_three_workers_are_killed(self):
        process, ranks = self.begin(3)
        os.kill(ranks[1], signal.SIGKILL)
        os.kill(ranks[2], signal.SIGKILL)
        self.finish(process)
        self.assertEqual(self.lost_ranks(), {1, 2})
        self.assert_finished_right()

    def test_a_worker_that_was_taken_for_dead_does_no_harm_and_works_again(self):
        process, ranks = self.begin(3, steps=400)
        os.kill(ranks[1], signal.SIGSTOP)
        self.wait_for(lambda: self.journal_says("it was silent for"), "its death")
        os.kill(ranks[1], signal.SIGCONT)
        self.finish(process)
        self.assertIn(1, self.lost_ranks())
        ups = [entry["event"]["rank"] for entry in self.journal_entries() if entry["event"]["type"] == "worker_up"]
        self.assertGreater(ups.count(1), 1, "it came back")
        self.assert_finished_right()

    def test_without_workers_the_study_stops_and_can_be_resumed(self):
        process, ranks = self.begin(3, "coordinator: dedicated\n")
        os.kill(ranks[1], signal.SIGKILL)
        os.kill(ranks[2], signal.SIGKILL)
        self.finish(process, "stopped")
        self.assertEqual(self.outcome()["exit_status"], 75)
        self.assertIn("no worker is left", self.outcome()["reason"])
        self.assert_sums_right()
        self.run_again()

    def test_without_rank_0_the_others_end_by_themselves(self):
        process, ranks = self.begin(3)
        os.kill(ranks[0], signal.SIGKILL)
        self.wait_for(lambda: not self.processes(), "the end of all processes")
        self.assertFalse((self.results / "outcome").exists(), "nobody could tell how it ended")
        self.assertIn("the coordinator is gone", process.communicate()[1])
        self.coppice("recover", self.results)
        self.assert_sums_right()
        self.run_again()


if __name__ == "__main__":
    unittest.main(verbosity=2)
