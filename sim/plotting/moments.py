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


CLOSE = 0.2  # outputs no further apart than this share of the time: what lies between is as good as kept


def round_times(result: Result, shares: tuple[float, ...] = (0.03, 0.2, 1.0)) -> list[float]:
    """Round times [s] near these shares of the run, the last being its end.

    Where outputs lie far apart there is nothing to show between them: then the nearest output's own time.
    """
    start, end = float(result.t[0]), float(result.t[-1])
    found = []
    for share in shares:
        t = share * end
        if share < 1.0 and t > 0:
            t = float(ROUND[np.argmin(np.abs(np.log(ROUND / t)))])
        if start <= t <= end:
            found.append(_kept(result.t, t))
    return list(dict.fromkeys(found)) or [end]


def _kept(outputs: np.ndarray, t: float) -> float:
    """The time itself between outputs that lie close, else that of the nearest output [s]."""
    after = min(int(np.searchsorted(outputs, t)), outputs.size - 1)
    before = max(after - 1, 0)
    if outputs[after] == t or outputs[after] - outputs[before] <= CLOSE * t:
        return t
    return float(outputs[np.argmin(np.abs(outputs - t))])
