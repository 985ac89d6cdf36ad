"""The Python examples do what they say, with the worker played by hand."""

import os
import unittest

from client_test import SOURCE, Host, order

EXAMPLES = os.path.join(SOURCE, "examples")


class Examples(unittest.TestCase):
    def start(self, *path):
        host = Host(f"import runpy\nrunpy.run_path({os.path.join(EXAMPLES, *path)!r}, run_name='__main__')\n")
        self.addCleanup(host.close)
        self.hello = host.receive()
        return host

    def test_function_at_a_minimum(self):
        host = self.start("function", "objective.py")
        host.send(order(params={"x": 9.42478, "y": 2.475}, until=None))
        self.assertAlmostEqual(host.segment()[0]["metrics"]["loss"], 0.397887, places=5)

    def test_pure_python_learns_and_goes_on_exactly_after_a_load(self):
        params = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": 32}
        host = self.start("pure-python", "train.py")
        self.assertTrue(self.hello["can_save"])
        host.send(order(params=params, until=2))
        first = host.segment()
        host.send(order(params=params, segment=2, fresh=False, from_step=2, until=4))
        went_on = host.segment()
        blob = first[-2]["blob"]
        host.send(order(params=params, segment=3, from_step=2, until=4, checkpoint_bytes=len(blob)), blob)
        loaded = host.segment()
        self.assertEqual([m["metrics"] for m in went_on[:2]], [m["metrics"] for m in loaded[:2]])
        self.assertEqual(went_on[-2]["blob"], loaded[-2]["blob"])
        self.assertLess(went_on[1]["metrics"]["val_loss"], first[0]["metrics"]["val_loss"])
        self.assertGreater(went_on[1]["metrics"]["val_accuracy"], 0.7)


if __name__ == "__main__":
    unittest.main()
