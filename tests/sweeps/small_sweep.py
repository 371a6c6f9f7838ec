"""A sweep of tiny runs, and a driver of it to be killed: python small_sweep.py STORE WORKERS [points]."""

import os
import sys
import time

import sim
from sim.sweeps import grid

RADIUS = "lesion.radius"
TIMES = 5  # outputs: with the usual 121 they would cost more than the run


def base():
    """12 cells, one day: some hundredths of a second."""
    return sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration="1 day")


def design(n=60):
    return grid({RADIUS: ("0.5 mm", "4 mm")}, n=n)


def radius(result):
    """What the point was [m]: says which one a measure is asked about."""
    return result.parameters.si(RADIUS)


def mineral(result):
    """Mean crystals [mol m-3]."""
    return sim.measures.mean("HAP")(result)


def heavy(result):
    """The middle of the design kills its process, as a kernel does that runs out of memory."""
    if abs(radius(result) - 2.25e-3) < 1e-5:
        os.kill(os.getpid(), 9)
    return 1.0


def endless(result):
    """The middle of the design never ends, and does not listen."""
    if abs(radius(result) - 2.25e-3) < 1e-5:
        time.sleep(1e6)
    return 1.0


def looping(result):
    """The middle of the design never ends, in Python."""
    while abs(radius(result) - 2.25e-3) < 1e-5:
        pass
    return 1.0


MEASURES = {"mineral": sim.measures.mean("HAP"), "pH": sim.measures.lowest("pH"), "radius": radius}


def but_wall(rows):
    """Rows without what may differ: how long they took."""
    return [{k: v for k, v in row.items() if k != "wall"} for row in rows]


if __name__ == "__main__":
    print("started", flush=True)
    sim.sweep(
        base(), design(int(sys.argv[3]) if len(sys.argv) > 3 else 60), sys.argv[1],
        workers=int(sys.argv[2]), measures=MEASURES, times=TIMES,
    )  # fmt: skip
    print("done", flush=True)
