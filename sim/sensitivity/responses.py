"""The values of a measure in the order of a design, and which blocks of it can be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, UnknownNameError, nearest, shown

if TYPE_CHECKING:
    from sim.sweeps.store.row import Row
    from sim.sweeps.sweep_table import SweepTable

REPLICATES = "seed"


@dataclass(frozen=True)
class Responses:
    """Complete blocks of a design.

    names: of the axes, replicates left out; values (blocks, size): nothing missing in them
    inputs: of the points of these blocks, {axis: value} each; planned: blocks of the design
    lost: {why: number of points} that cost the missing blocks; replicates: averaged at each point
    log: whether the values are log10 of the measure
    """

    names: tuple[str, ...]
    values: np.ndarray
    inputs: list[list[dict]]
    planned: int
    lost: dict[str, int]
    replicates: int
    log: bool = False

    @property
    def dropped(self) -> int:
        """Blocks that could not be used."""
        return self.planned - len(self.values)

    def named(self, measure: str) -> str:
        """The measure, as "log10 of mineral" where its logarithm was taken."""
        return f"log10 of {measure}" if self.log else measure

    def text(self) -> str:
        """As "60 of 64 blocks; 4 dropped for 5 points: 5 failed"."""
        said = f"{len(self.values)} of {self.planned} blocks"
        if self.dropped:
            why = ", ".join(f"{n} {w}" for w, n in self.lost.items())
            said += (
                f"; {self.dropped} dropped for missing points ({why}). What is left stands for the part of "
                "the space where runs succeed"
            )
        if self.replicates > 1:
            said += f"; means of {self.replicates} replicates"
        return said


def blocks(table: SweepTable, measure: str, size: int, what: str, log: bool = False) -> Responses:
    """The values of `measure` in blocks of `size` points; blocks with a missing point are left out.

    Failed points, points not yet run and values that are not finite (an onset that never comes) are missing;
    nothing is put in their place. log: take log10; values that are zero or negative are missing then.
    """
    if not isinstance(log, bool):
        raise ConfigError(f"log = {shown(log)} is neither True nor False.")
    if not isinstance(measure, str) or measure not in table.names:
        raise UnknownNameError(f"the sweep has no measure {shown(measure)}.{nearest(measure, table.names)}")
    seeds = table.settings.get("replicates") or [None]
    names = tuple(a.name for a in table.axes if seeds == [None] or a.name != REPLICATES)
    rows = {row["index"]: row for row in table.rows}
    repeats = {int(k): int(v) for k, v in table.settings.get("repeats", {}).items()}
    planned = int(table.settings["n"])
    found = np.full((planned, size), np.nan)
    inputs: list[list[dict]] = []
    lost: Counter[str] = Counter()
    for b in range(planned):
        points = []
        for k in range(size):
            first = (b * size + k) * len(seeds)
            mine = [rows.get(repeats.get(i, i)) for i in range(first, first + len(seeds))]
            found[b, k] = np.mean([_value(row, measure, lost, log) for row in mine])
            points.append(mine[0]["inputs"] if mine[0] else {})
        inputs.append(points)
    whole = np.isfinite(found).all(axis=1)
    if whole.sum() < 2:
        why = ", ".join(f"{n} {w}" for w, n in lost.items())
        raise ConfigError(
            f"{measure}: {whole.sum()} of {planned} blocks of the {what} design are complete ({why}); at "
            "least 2 are needed. Run the sweep again to go on with missing points, or narrow the axes."
        )
    kept = [points for points, good in zip(inputs, whole, strict=True) if good]
    return Responses(names, found[whole], kept, planned, dict(lost), len(seeds), log)


def _value(row: Row | None, measure: str, lost: Counter[str], log: bool) -> float:
    if row is None:
        why = "not run"
    elif row["status"] != "finished":
        why = row["status"]
    else:
        value = row["measures"].get(measure)
        if value is not None and np.isfinite(value) and not (log and value <= 0):
            return float(np.log10(value)) if log else float(value)
        why = "without a finite value"
        if value is not None and np.isfinite(value):
            why = "where it is zero or negative and has no logarithm"
    lost[why] += 1
    return float("nan")


def check_method(table: SweepTable, wanted: str, made_by: str) -> None:
    """Refuse what is no sweep, or one of another design."""
    if not all(hasattr(table, part) for part in ("method", "rows", "settings")):
        raise ConfigError(f"table = {shown(table)} is no table of a sweep; sim.sweep(...) makes one.")
    if table.method != wanted:
        raise ConfigError(
            f"this sweep is a {table.method} design; {made_by} points are needed, sim.sweeps.{wanted}(...)."
        )


def check_choices(confidence: float, resamples: int, seed: int) -> None:
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0.5 <= confidence < 1:
        raise ConfigError(f"confidence = {shown(confidence)} must lie from 0.5 to below 1; 0.95 is usual.")
    for value, name, least in ((resamples, "resamples", 50), (seed, "seed", 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f"{name} = {shown(value)} must be a whole number from {least} on.")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a small table in columns: the first to the left, the others to the right."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths, strict=True))
        )
        for r in rows
    ]


def interval_table(names: Sequence[str], columns: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]):
    """A DataFrame with a row an axis: of {name: (value, low, high)}, columns name, name_low, name_high."""
    import pandas as pd

    found: dict[str, np.ndarray] = {}
    for name, (value, low, high) in columns.items():
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(found, index=pd.Index(names, name="axis"))


def interval_text(value: float, low: float, high: float) -> str:
    """As "0.314 (0.29 to 0.34)"."""
    return f"{value:.3g} ({low:.3g} to {high:.3g})"
