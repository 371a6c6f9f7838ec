"""The pool of a fit is ended without a word of its own."""

import threading

import numpy as np
import pytest

from sim.calibration.engine.worker_pool import WorkerPool

LATE = 0.05  # s until what was submitted leaves


class Slow:
    """A future that leaves for its worker after a while and never comes back."""

    def __init__(self):
        self._left = threading.Event()
        threading.Timer(LATE, self._left.set).start()

    def running(self):
        return self._left.is_set()

    def done(self):
        return False

    def add_done_callback(self, call):
        pass


class Executor:
    """An executor that notes what had left when it was shut down."""

    def __init__(self):
        self.futures, self.left = [], []

    def submit(self, function, values):
        self.futures.append(Slow())
        return self.futures[-1]

    def shutdown(self, wait, kill_workers):
        self.left = [f.running() for f in self.futures]


@pytest.mark.parametrize("kill", [True, False])
def test_what_was_submitted_has_left_before_the_processes_are_ended(monkeypatch, kill):
    """loky forgets what has not left, and its thread then falls over it; an end without a kill waits."""
    made = Executor()
    monkeypatch.setattr(WorkerPool, "_started", lambda self: made)
    pool = WorkerPool(lambda v: v, 2, lambda event: None, lambda *_: None)
    for k in range(3):  # two are handed out
        pool.submit((float(k),), np.array([float(k)]))
    pool.close(kill=kill)
    assert len(made.left) == 2 and all(made.left) == kill
