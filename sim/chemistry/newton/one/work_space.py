"""The work space of the kernel for one fluid: named pieces of one vector."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.records import Reactions
from sim.jit.kernel import plain_kernel

BALANCED, FIXED, ABSENT = 0.0, 1.0, 2.0  # kinds of component: with a total, of fixed activity, without any


class Work(NamedTuple):
    """Vectors of one solve; nc components."""

    g: np.ndarray  # what is multiplied to molalities, see `Reactions`
    slope: np.ndarray  # d ln gamma/dI of each class
    A: np.ndarray  # (nc nc,) the block of the components, then its factors
    off: np.ndarray  # imbalances
    size: np.ndarray  # sums of the sizes of the terms of each balance
    b: np.ndarray  # border of A: the column of I
    e: np.ndarray  # the column of ln a_w
    c: np.ndarray  # the row of I
    s: np.ndarray  # the row of ln a_w
    y: np.ndarray  # the step
    kind: np.ndarray  # BALANCED, FIXED or ABSENT
    trial: np.ndarray  # (nc + 2,) unknowns after a step


@plain_kernel
def pieces_of(work, nc, t: Reactions):
    """`Work` out of the vector `work` (`records.work_size`)."""
    n_classes = t.classes.shape[0]
    at = 2 * nc + 2 + n_classes
    g = work[0:at]
    slope = work[at : at + n_classes]
    at += n_classes
    A = work[at : at + nc * nc]
    at += nc * nc
    return Work(
        g,
        slope,
        A,
        work[at : at + nc],
        work[at + nc : at + 2 * nc],
        work[at + 2 * nc : at + 3 * nc],
        work[at + 3 * nc : at + 4 * nc],
        work[at + 4 * nc : at + 5 * nc],
        work[at + 5 * nc : at + 6 * nc],
        work[at + 6 * nc : at + 7 * nc],
        work[at + 7 * nc : at + 8 * nc],
        work[at + 8 * nc : at + 9 * nc + 2],
    )
