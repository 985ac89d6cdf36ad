"""The Python client against PROTOCOL.md: a worker played by hand, at the other end of a raw socket."""

import array
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CLIENT = os.path.join(SOURCE, "src", "python")
HANG_S = 60

DOUBLING = """
    import coppice, struct
    class Doubling(coppice.Trainable):
        def setup(self, params): self.value = params["lr"]
        def step(self):
            self.value *= 2
            return {"loss": self.value}
        def save(self): return struct.pack("<d", self.value)
        def load(self, blob): (self.value,) = struct.unpack("<d", blob)
    coppice.serve(Doubling)
"""


def refuse(word):
    raise ValueError(f"{word} is no JSON")


class Host:
    """A trial program, and what a worker would do with it."""
    def __init__(self, program):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(HANG_S)
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "train.py")
        with open(path, "w") as file:
            file.write(textwrap.dedent(program))
        environment = dict(os.environ, COPPICE_FD=str(theirs.fileno()), PYTHONPATH=CLIENT)
        self.process = subprocess.Popen([sys.executable, path], env=environment, pass_fds=[theirs.fileno()],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        theirs.close()
        self.buffer = b""
        self.fds = []
        self.output = None

    def send(self, message, blob=None):
        body = json.dumps(message).encode()
        control = []
        fd = None
        if blob is not None:
            fd = os.memfd_create("test")
            os.write(fd, blob)
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        self.socket.sendmsg([struct.pack("<I", len(body)) + body], control)
        if fd is not None:
            os.close(fd)

    def receive(self):
        """The next message, with `blob` if bytes came beside it; None at the end."""
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack("<I", self.buffer[:4])[0]:
            data, control, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(16))
            for _, _, content in control:
                self.fds.extend(array.array("i", content))
            if not data:
                return None
            self.buffer += data
        (length,) = struct.unpack("<I", self.buffer[:4])
        body, self.buffer = self.buffer[4 : 4 + length], self.buffer[4 + length :]
        message = json.loads(body, parse_constant=refuse)
        if message["type"] == "saved":
            fd = self.fds.pop(0)
            message["blob"] = os.pread(fd, message["bytes"] + 1, 0)
            os.close(fd)
        return message

    def segment(self):
        """All messages of a segment."""
        messages = [self.receive()]
        while messages[-1] is not None and messages[-1]["type"] not in ("ended", "failed"):
            messages.append(self.receive())
        return messages

    def close(self):
        """Its exit status and what it printed."""
        self.socket.close()
        if self.output is None:
            try:
                self.output, _ = self.process.communicate(timeout=HANG_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.output, _ = self.process.communicate()
            self.folder.cleanup()
        return self.process.returncode, self.output


def order(**changes):
    message = {"type": "run", "segment": 1, "trial": 0, "params": {"lr": 0.5}, "metric": "loss", "seed": 7, "repeat": 0,
               "device": "", "fresh": True, "from_step": 0, "until": 2, "report_after": 0, "save_every_s": 0.0,
               "save_at_end": True}
    message.update(changes)
    return message


class Transcript(unittest.TestCase):
    """The example of PROTOCOL.md, word by word."""

    def setUp(self):
        self.host = Host(DOUBLING)

    def tearDown(self):
        self.host.close()

    def expect(self, message):
        seen = self.host.receive()
        if "seconds" in seen:
            self.assertEqual(set(seen["seconds"]), {"setup", "load", "train", "save"})
            self.assertTrue(all(s >= 0 for s in seen.pop("seconds").values()))
        self.assertEqual(seen, message)

    def test_of_two_trials(self):
        self.expect({"type": "hello", "protocol": 1, "form": "trainable", "can_save": True, "client": "coppice-python"})
        self.host.send(order())
        self.expect({"type": "report", "segment": 1, "step": 1, "metrics": {"loss": 1.0}})
        self.expect({"type": "report", "segment": 1, "step": 2, "metrics": {"loss": 2.0}})
        state = struct.pack("<d", 2.0)
        self.expect({"type": "saved", "segment": 1, "step": 2, "bytes": 8, "blob": state})
        self.expect({"type": "ended", "segment": 1, "step": 2, "done": False})
        self.host.send(order(segment=2, trial=1, from_step=2, until=1 << 40, report_after=2, checkpoint_bytes=8), state)
        self.expect({"type": "report", "segment": 2, "step": 3, "metrics": {"loss": 4.0}})
        self.host.send({"type": "stop", "segment": 1})  # late: not this one
        self.expect({"type": "report", "segment": 2, "step": 4, "metrics": {"loss": 8.0}})
        self.host.send({"type": "stop", "segment": 2})
        messages = self.host.segment()
        self.assertEqual([m["type"] for m in messages[-2:]], ["saved", "ended"])
        self.assertEqual(messages[-1]["step"], messages[-2]["step"])
        self.host.send({"type": "exit"})
        self.assertIsNone(self.host.receive())
        self.assertEqual(self.host.close()[0], 0)

    def test_values_beyond_the_range_of_json(self):
        self.host.receive()
        self.host.send(order(until=1100, params={"lr": 1e300}))
        messages = self.host.segment()
        self.assertEqual(messages[200]["metrics"], {"loss": "inf"})

    def test_a_frame_in_pieces(self):
        self.host.receive()
        body = json.dumps(order()).encode()
        for byte in struct.pack("<I", len(body)) + body:
            self.host.socket.send(bytes([byte]))
        self.assertEqual(self.host.segment()[-1]["type"], "ended")

    def test_members_and_messages_that_it_does_not_know_are_passed_over(self):
        self.host.receive()
        self.host.send({"type": "news", "text": "x"})
        self.host.send(order(news=1))
        self.assertEqual(self.host.segment()[-1]["type"], "ended")


class Documentation(unittest.TestCase):
    def test_every_json_example_is_valid_and_known(self):
        with open(os.path.join(SOURCE, "src", "worker", "PROTOCOL.md")) as file:
            examples = re.findall(r"```json\n(.*?)```", file.read(), re.DOTALL)
        types = [json.loads(example)["type"] for example in examples]
        self.assertEqual(sorted(types), ["ended", "exit", "failed", "hello", "report", "run", "saved", "stop"])
        run = next(json.loads(e) for e in examples if json.loads(e)["type"] == "run")
        self.assertEqual(set(run), set(order()) | {"checkpoint_bytes"})


class Serve(unittest.TestCase):
    def start(self, program):
        host = Host(program)
        self.addCleanup(host.close)
        return host

    def test_by_hand_says_how_to_start_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "train.py")
            with open(path, "w") as file:
                file.write("import coppice\ncoppice.serve(lambda params: 1)\n")
            environment = {k: v for k, v in os.environ.items() if k != "COPPICE_FD"}
            done = subprocess.run([sys.executable, path], env=dict(environment, PYTHONPATH=CLIENT), text=True,
                                  capture_output=True, timeout=HANG_S)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("coppice run STUDY.yaml", done.stderr)

    def refused(self, program):
        host = self.start(program)
        self.assertIsNone(host.receive())
        status, output = host.close()
        self.assertEqual(status, 1)
        return output.splitlines()[-1]

    def test_what_can_not_be_served_is_named(self):
        self.assertIn("must be a subclass of coppice.Trainable", self.refused("import coppice\ncoppice.serve(int)"))
        self.assertIn("must take (params) or (params, trial)", self.refused(
            "import coppice\ncoppice.serve(lambda a, b, c: 1)"))
        self.assertIn("save and load both, or neither", self.refused("""
            import coppice
            class Half(coppice.Trainable):
                def save(self): return b""
            coppice.serve(Half)
        """))

    def test_an_end_of_the_stream_ends_the_program(self):
        host = self.start(DOUBLING)
        host.receive()
        self.assertEqual(host.close(), (0, ""))

    def test_an_end_of_the_stream_unwinds_a_function(self):
        host = self.start("""
            import coppice
            def objective(params, trial):
                try:
                    while True: trial.report(1)
                finally: print("unwound")
            coppice.serve(objective)
        """)
        host.receive()
        host.send(order())
        self.assertEqual(host.segment()[-1]["step"], 2)
        self.assertEqual(host.close(), (0, "unwound\n"))

    def test_except_exception_does_not_keep_an_abandoned_function(self):
        host = self.start("""
            import coppice
            def objective(params, trial):
                while True:
                    try: trial.report(trial.id)
                    except Exception: pass
            coppice.serve(objective)
        """)
        host.receive()
        host.send(order(until=1))
        host.segment()
        host.send(order(until=1, segment=2, trial=5))
        self.assertEqual(host.segment()[0]["metrics"], {"loss": 5})

    def test_a_spawned_process_that_imports_the_program_does_not_serve(self):
        host = self.start("""
            import coppice, multiprocessing
            def square(x): return x * x
            def objective(params):
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    return sum(pool.map(square, [1, 2]))
            coppice.serve(objective)
        """)
        host.receive()
        host.send(order(until=None))
        messages = host.segment()
        self.assertEqual(messages[0]["metrics"], {"loss": 5})

    def test_output_is_there_at_once(self):
        host = self.start("""
            import coppice, os
            def objective(params):
                print("before the crash")
                os._exit(9)
            coppice.serve(objective)
        """)
        host.receive()
        host.send(order())
        self.assertIsNone(host.receive())
        self.assertEqual(host.close(), (9, "before the crash\n"))

    def test_without_memfd(self):
        host = self.start("import os\ndel os.memfd_create\n" + textwrap.dedent(DOUBLING))
        host.receive()
        host.send(order())
        self.assertEqual(host.segment()[-2]["blob"], struct.pack("<d", 2.0))


EXPLORER = """
    import coppice

    class Odd:  # as NumPy's numbers are
        def __float__(self): return 0.5

    def explore(base, info):
        if base["lr"] == 1.0:
            return None
        print(info, info.standings)
        return {"lr": Odd(), "n": base["n"] + info.random.randrange(1, 2), "gone": None, "bad": float("inf"), "on": True}

    coppice.serve_explorer(explore)
"""


def question(**changes):
    message = {"type": "explore", "question": 1, "trial": 4, "seed": 7, "base": {"lr": 0.25, "n": 3}, "origin": 2, "step": 6,
               "origin_params": {"lr": 0.25, "n": 3}, "perturbed": {"lr": 0.2, "n": 4}, "minimize": True,
               "standings": [{"trial": 2, "params": {"lr": 0.25, "n": 3}, "value": 0.5}]}
    message.update(changes)
    return message


class Explorers(unittest.TestCase):
    def test_answers_and_exceptions(self):
        host = Host(EXPLORER)
        self.addCleanup(host.close)
        self.assertEqual(host.receive(), {"type": "hello", "protocol": 1, "form": "explorer", "client": "coppice-python"})
        host.send(question())
        self.assertEqual(host.receive(), {"type": "answer", "question": 1,
                                          "params": {"lr": 0.5, "n": 4, "gone": None, "bad": "inf", "on": True}})
        host.send(question(question=2, base={"lr": 1.0}))
        failed = host.receive()
        self.assertEqual((failed["type"], failed["question"]), ("failed", 2))
        self.assertIn("returns a dict of hyperparameters, not NoneType", failed["error"])
        host.send(question(question=3))
        self.assertEqual(host.receive()["question"], 3)
        host.send({"type": "exit"})
        self.assertIsNone(host.receive())
        status, output = host.close()
        self.assertEqual(status, 0)
        self.assertIn("Exploration(trial=4, origin=2, step=6) [Standing(trial=2, params=", output)

    def test_of_the_base_alone(self):
        host = Host("import coppice\ncoppice.serve_explorer(lambda base: {'lr': base['lr'] * 2})\n")
        self.addCleanup(host.close)
        host.receive()
        host.send(question())
        self.assertEqual(host.receive()["params"], {"lr": 0.5})

    def test_what_can_not_be_served_is_named(self):
        for what, why in [("lambda a, b, c: {}", "the function must take (base) or (base, info)"),
                          ("lambda: {}", "the function must take (base) or (base, info)"),
                          ("3", "takes a function, not int")]:
            host = Host(f"import coppice\ncoppice.serve_explorer({what})\n")
            self.assertIsNone(host.receive())
            status, output = host.close()
            self.assertEqual(status, 1)
            self.assertIn(why, output.splitlines()[-1])

    def test_an_answer_that_is_too_long_is_none(self):
        host = Host("import coppice\ncoppice.serve_explorer(lambda base: {'lr': 'x' * (1 << 20)})\n")
        self.addCleanup(host.close)
        host.receive()
        host.send(question())
        failed = host.receive()
        self.assertEqual(failed["type"], "failed")
        self.assertIn("bytes is too long: at most 1048576 go at once", failed["error"])

    def test_by_hand_it_says_what_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "explore.py")
            with open(path, "w") as file:
                file.write(textwrap.dedent(EXPLORER))
            done = subprocess.run([sys.executable, path], env=dict(os.environ, PYTHONPATH=CLIENT), capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("explore: {command: [python3, explore.py]}}, and start it with: coppice run STUDY.yaml", done.stderr)


if __name__ == "__main__":
    unittest.main()
