"""What does a sweep cost beyond its runs, and how many runs a second does it reach?

Overhead: the wall of a whole sweep into a store, less the walls of its points (which exclude nothing
but handing over, hashing, storing and counting), over the number of points; with workers, over as many
runs as one worker does. Workers that have been started and warmed are meant, so the start is a row of
its own. Throughput is compared at equal error of a measure.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

import sim
from benchmarks.comparators import differenced
from benchmarks.equal_error import cost_at
from benchmarks.problems import of_scenario
from benchmarks.timing import spread
from sim.sweeps import grid, in_process, processes
from sim.sweeps.driver import sweep
from sim.sweeps.identity import points
from sim.sweeps.job import Job

QUESTION = "What does a sweep cost beyond its runs, and how does it compare with a loop of one's own?"
RADIUS = "lesion.radius"
MEASURES = {"mineral": sim.measures.total("HAP")}
LIMIT = {0: 2e-3, 1: 5e-3, 2: 5e-3}  # s a point, by workers
TIMES = 2  # outputs: a sweep that takes numbers needs the last


def tiny() -> sim.Scenario:
    """The least there is to run: one stirred cell, one species that decays to nothing."""
    from sim.model.model import Model
    from sim.model.process import Process
    from sim.model.species import Species
    from sim.parameters import Parameter

    decay = Process("decay", _decay, {"a": -1}, {"k": Parameter(1e-4, "s-1", source="this_work")})
    model = Model((Species("a", diffusivity=0.0),), (decay,), name="decay")
    return sim.Scenario("decay", model, geometry="well_mixed", layers=(("cell", 1),), outer="closed",
                        duration=3600.0, initial={"a": 1.0})  # fmt: skip


def _decay(a, k):
    """First-order decay [mol m-3 s-1]."""
    return k * a
