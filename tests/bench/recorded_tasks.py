"""Where recorded tuning tasks are, for the benches that measure on them. Exits with 77, and says why, where they or numpy aren't there."""

import pathlib
import sys

SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def load(benchmarks):
    """The folder, and its module hpo_tasks."""
    if not benchmarks or not (pathlib.Path(benchmarks) / "tasks" / "hpo_tasks.py").exists():
        skip("no folder of tasks: name it with --benchmarks or COPPICE_BENCHMARKS")
    try:
        import numpy  # noqa: F401: the tasks need it
    except ImportError:
        skip("the tasks need numpy")
    folder = pathlib.Path(benchmarks)
    sys.path.insert(0, str(folder / "tasks"))
    import hpo_tasks
    return folder, hpo_tasks
