"""Sobol' indices: which share of a measure's variance comes from which axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, not_installed
from sim.notebook.fragments import html_text
from sim.sensitivity.enough import share_remarks, shares_enough
from sim.sensitivity.responses import (
    Responses,
    aligned,
    blocks,
    check_choices,
    check_method,
    interval_table,
    interval_text,
)
from sim.texts import printable

if TYPE_CHECKING:
    from sim.sweeps.sweep_table import SweepTable


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """Sobol' indices of one measure.

    first (d,): share of the variance that an axis explains alone; total (d,): with all its
        interactions; first_half, total_half (d,): half-widths of their intervals, by bootstrap
    second, second_half (d, d): of pairs, above the diagonal; None where the design has none
    variance: of the measure over the design [its unit squared]; used: of the blocks
    """

    measure: str
    names: tuple[str, ...]
    first: np.ndarray
    first_half: np.ndarray
    total: np.ndarray
    total_half: np.ndarray
    second: np.ndarray | None
    second_half: np.ndarray | None
    variance: float
    confidence: float
    used: Responses

    @property
    def dropped(self) -> int:
        """Blocks of the design left out for missing points."""
        return self.used.dropped

    def to_dataframe(self):
        """A row an axis: first, first_low, first_high, total, total_low, total_high, and "enough": whether
        its intervals are no wider than `sim.sensitivity.enough.WIDEST` and its shares possible."""
        rows = {"first": (self.first, self.first_half), "total": (self.total, self.total_half)}
        frame = interval_table(self.names, {n: (v, v - half, v + half) for n, (v, half) in rows.items()})
        frame["enough"] = self.enough
        return frame

    @property
    def enough(self) -> np.ndarray:
        """Whether the points were enough for each axis (d,): see `sim.sensitivity.enough`."""
        return shares_enough(self)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on what these indices cannot say: too few points, a measure over decades; or none."""
        return share_remarks(self)

    def __repr__(self) -> str:
        rows = [("axis", "first order", "total")]
        for k, name in enumerate(self.names):
            rows.append(
                (
                    name,
                    _with_interval(self.first[k], self.first_half[k]),
                    _with_interval(self.total[k], self.total_half[k]),
                )
            )
        lines = [f"Sobol' indices of {self.measure} ({100 * self.confidence:g} % intervals)"]
        lines += [f"  {x}" for x in aligned(rows)]
        if self.second is not None and self.second_half is not None:
            for i, a in enumerate(self.names):
                for j in range(i + 1, len(self.names)):
                    text = _with_interval(self.second[i, j], self.second_half[i, j])
                    lines.append(f"  {a} x {self.names[j]}: {text}")
        lines += [f"├─ {text}" for text in self.remarks]
        return printable("\n".join([*lines, f"└─ {self.used.text()}"]))

    def _repr_html_(self) -> str:
        return html_text(repr(self))


def _with_interval(value: float, half: float) -> str:
    return interval_text(value, value - half, value + half)


def sobol_indices(
    table: SweepTable,
    measure: str,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 1,
    log: bool = False,
) -> SobolIndices:
    """Sobol' indices of a measure from a sweep over sim.sweeps.saltelli points, with SALib.

    resamples: of the bootstrap that the intervals come from. The points are a Sobol' sequence, more even than
        the bootstrap knows, so the intervals tend to be too wide.
    log: indices of log10(measure), for measures over decades; points where it is zero or negative are
        missing, and counted
    A block of d + 2 points with a missing one is dropped whole.
    Source: Saltelli et al. (2010), Comput. Phys. Commun. 181:259-270.
    """
    check_method(table, "saltelli", "Saltelli's")
    check_choices(confidence, resamples, seed)
    second = bool(table.settings.get("second_order", False))
    d = len(table.axes) - ("replicates" in table.settings)
    used = blocks(table, measure, 2 * d + 2 if second else d + 2, "saltelli", log)
    y = used.values.ravel()
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise ConfigError(f"{measure} is the same at all points, {y[0]:g}: no axis changes it.")
    found = _analysis()(
        {"num_vars": d, "names": list(used.names), "bounds": [[0.0, 1.0]] * d}, y,
        calc_second_order=second, num_resamples=resamples, conf_level=confidence, seed=seed + 1,
    )  # fmt: skip
    pairs = (found["S2"], found["S2_conf"]) if second else (None, None)
    return SobolIndices(
        used.named(measure), used.names, found["S1"], found["S1_conf"], found["ST"], found["ST_conf"],
        pairs[0], pairs[1], float(used.values[:, [0, -1]].var()), confidence, used,
    )  # fmt: skip


def _analysis():
    try:
        from SALib.analyze.sobol import analyze
    except ImportError:
        raise ConfigError(not_installed("Sobol' indices need", "SALib")) from None
    return analyze
