"""What a sweep says on the screen: what is planned, how far it is, what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.cli.tables import name_list, text_paragraph
from sim.errors import UnitError
from sim.texts import duration_text, number_text, size_text
from sim.units import parse_unit, readable_unit, to_unit

if TYPE_CHECKING:
    from sim.sweeps.design.axis import Axis
    from sim.sweeps.plans.plan import SweepPlan
    from sim.sweeps.sweep_table import SweepTable

REASONS = 3  # shown of those that points failed for
ORDER = ("finished", "failed", "timed out", "out of memory", "killed")


def planned(plan: SweepPlan) -> str:
    """What would run: `--check`."""
    lines = [f"{plan.name}: {plan.title}" if plan.title else plan.name]
    if plan.notes:
        lines += [text_paragraph(plan.notes), ""]
    rows = [
        ("scenario", f"{plan.base.name}, {duration_text(plan.base.duration)}"),
        ("points", f"{len(plan.design)}, {plan.design.method.replace('_', ' ')}"),
        *((axis.name, axis_text(axis)) for axis in plan.design.axes),
        *((name, measure.name) for name, measure in plan.measures.items()),
        *((key, _option(key, value)) for key, value in plan.options.items()),
    ]
    return "\n".join([*lines, name_list(rows)])


def axis_text(axis: Axis) -> str:
    """ "0.2 mm to 5 mm, logarithmic", or the levels."""
    if axis.values:
        some = [value_text(v, axis.unit) for v in axis.values[:8]]
        more = f" and {len(axis.values) - 8} more" if len(axis.values) > 8 else ""
        return ", ".join(some) + more
    if axis.low is None or axis.high is None:
        return "as listed"
    low, high = together([axis.low, axis.high], axis.unit)
    return f"{low} to {high}" + (", logarithmic" if axis.log else "")


def value_text(value: float | int | str, unit: str) -> str:
    """A number as people write it, "5 mm"; a word as it is."""
    return value if isinstance(value, str) else together([float(value)], unit)[0]


def together(values: Sequence[float], unit: str) -> list[str]:
    """Numbers as people write them, in one unit where they lie within three decades.

    unit: of them; one that sim.units does not know, as HU of a CT, is said as it is
    """
    if unit in ("", "1"):
        return [number_text(v) for v in values]
    if not _is_known(unit):
        return [f"{number_text(v)} {unit}" for v in values]
    sizes = [abs(v) for v in values if v] or [0.0]
    common = max(sizes) <= 1000 * min(sizes)
    texts = []
    for value in values:
        if unit == "s" and value:
            texts.append(duration_text(value))
            continue
        readable = readable_unit(2 * (max(sizes) if common or not value else value), unit)
        shown = to_unit(value, readable)
        tiny = shown and abs(shown) < 1e-6
        texts.append(f"{f'{shown:.3g}' if tiny else number_text(shown)} {readable}")
    return texts


def on_screen(table: SweepTable, files: Mapping[str, str]) -> str:
    """Points by status, the first reasons, the range of every measure, and where the files are."""
    rows = [("points", counts(table.status))]
    rows += reason_rows([row["reason"] for row in table.failed])
    rows += [(name, measure_text(table.measure(name), table.units.get(name, ""))) for name in table.names]
    return name_list([*rows, *files.items()])


def progress_text(path: Path) -> str:
    """How far a store is, who fills it, how fast, and the first reasons."""
    from sim.sweeps.store.store import Store

    with Store.open(path, readonly=True) as store:
        found = store.status()
        rate = store.pace(found["began"])  # not over the nights between
        reasons = [row["reason"] for row in store.each() if row["status"] != "finished"]
    done, planned, writer = found["done"], found["planned"], found["writer"]
    words = [f"{found['counts'][s]} {s}" for s in _in_order(found["counts"])]
    whole = f"{done} of {planned}" if planned else f"{done}"
    rows = [("points", whole + (f": {', '.join(words)}" if words else ""))]
    rows += reason_rows(reasons)
    tries = sum(found["counts"].values())
    if tries and rate:
        rows.append(("rate", f"{number_text(rate)} points/s, {value_text(found['wall'] / tries, 's')} each"))
    if writer:
        rows.append(("running", writer))
    if done >= planned > 0:
        rows.append(("left", "nothing: it is complete"))
    elif writer and rate:
        rows.append(("left", f"{planned - done} points, about {duration_text((planned - done) / rate)}"))
    elif not writer:
        rows.append(("left", f"{planned - done} points; nobody runs it: the same command goes on"))
    return f"{path}\n{name_list(rows)}"


def counts(status: Sequence[str] | np.ndarray, planned: int | None = None) -> str:
    """ "144 of 200: 140 finished, 4 failed"."""
    found = Counter(str(s) for s in status)
    words = [f"{found[s]} {s}" for s in _in_order(found)]
    total = sum(found.values())
    whole = f" of {planned}" if planned is not None and planned != total else ""
    return f"{total}{whole}" + (f": {', '.join(words)}" if words else "")


def reason_rows(reasons: Sequence[str]) -> list[tuple[str, str]]:
    """The first reasons, each with the number of points that it stopped."""
    found = Counter(r for r in reasons if r)
    rows = [(f"{count} stopped", text) for text, count in list(found.items())[:REASONS]]
    if len(found) > REASONS:
        left = sum(list(found.values())[REASONS:])
        rows.append((f"{left} stopped", f"for {len(found) - REASONS} other reasons"))
    return rows


def measure_text(values: np.ndarray, unit: str) -> str:
    """ "12 h to 20 days, median 3 days; never in 31"."""
    known, never = values[np.isfinite(values)], int(np.isposinf(values).sum())
    word = "never" if unit == "s" else "infinite"
    if not known.size:
        return f"{word} in all {never}" if never else "no value"
    low, middle, high = together([float(f(known)) for f in (np.min, np.median, np.max)], unit)
    text = f"{low} to {high}, median {middle}"
    return f"{text}; {word} in {never}" if never else text


def _is_known(unit: str) -> bool:
    try:
        parse_unit(unit)
    except UnitError:
        return False
    return True


def _in_order(counts: Mapping[str, int]) -> list[str]:
    """Statuses that occur, the usual ones first."""
    return [s for s in [*ORDER, *sorted(set(counts) - set(ORDER))] if counts.get(s)]


def _option(key: str, value: object) -> str:
    if key == "timeout" and isinstance(value, int | float):
        return f"{duration_text(value)} a point"
    if key == "memory" and isinstance(value, int | float):
        return f"{size_text(value)} a point"
    return str(value) if not isinstance(value, tuple) else f"{len(value)} times"
