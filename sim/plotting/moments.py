"""Round times to show a run at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.run.result import Result

ROUND = np.array(
    [
        *(k * 1.0 for k in (1, 2, 5, 10, 20, 30)),
        *(k * 60.0 for k in (1, 2, 5, 10, 20, 30)),
        *(k * 3600.0 for k in (1, 2, 3, 6, 12)),
        *(k * 86400.0 for k in (1, 2, 3, 5, 7, 10, 14, 21, 28, 60, 90, 180)),
        *(k * 31557600.0 for k in (1, 2, 3, 5, 7, 10, 20)),
    ]
)  # times that people name [s]


def round_times(result: Result, shares: tuple[float, ...] = (0.03, 0.2, 1.0)) -> list[float]:
    """Round times [s] near these shares of the run, the last being its end."""
    start, end = float(result.t[0]), float(result.t[-1])
    found = []
    for share in shares:
        t = share * end
        if share < 1.0 and t > 0:
            t = float(ROUND[np.argmin(np.abs(np.log(ROUND / t)))])
        if start <= t <= end and t not in found:
            found.append(t)
    return found or [end]
