"""A drawing of a model: who releases what, what binds what, which solids form from which ions."""

from __future__ import annotations

import textwrap
from itertools import product
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, shown
from sim.plotting.canvas import canvas
from sim.plotting.colours import colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.model.model import Model

COLUMNS = ("cells and what they leave", "pore water, exchanging with plasma", "bound in the tissue", "solids")
CELLS, WATER, BOUND, SOLIDS = range(len(COLUMNS))
APART, WIDE, HIGH = 1.75, 1.15, 0.52  # of columns; of a box, where boxes lie 1 above each other at most
TALL = 7.0  # of a column, in the same measure
BEND = 0.5  # of what arrows between solids bend beyond their boxes
SWEEPS = 12  # of sorting each column by where its arrows come from
LINE = 17  # characters of a box

Pair = tuple[str, str]


def scheme(model: Model, ax: Axes | None = None) -> Axes:
    """Species as boxes, from cells over pore water to solids, and what turns into what as arrows.

    An arrow has two heads where processes go both ways. A dashed one goes from what speeds a process up
    to what it acts on. Acid that minerals set free, and species that no process turns into another, are
    left out: `model.table("processes")` has all.
    """
    if not hasattr(model, "processes") or not hasattr(model, "species"):
        raise ConfigError(f"a scheme shows a model, not {shown(model)}; give scenario.model.")
    flows = flows_of(model)
    places = _places(_sorted(columns_of(model), flows))
    with canvas(ax, (9.2, 5.6)) as ax:
        for a, b in flows:
            both = (b, a) in flows
            if not both or places[a] < places[b]:
                _arrow(ax, places[a], places[b], colour(a), "<|-|>" if both else "-|>")
        for a, b in helpers_of(model):
            if a in places and b in places:
                _arrow(ax, places[a], places[b], colour(a), "-|>", "--")
        for s in model.species:
            if s.name in places:
                _box(ax, places[s.name], s.label or s.name, colour(s.name))
        for k, title in enumerate(COLUMNS):
            ax.text(APART * k, TALL + 0.3, textwrap.fill(title, 22), ha="center", va="center", weight="bold")
        ax.set(xlim=(-0.7, APART * SOLIDS + 0.7 + BEND), ylim=(-0.1, TALL + 0.6))
        ax.axis("off")
    return ax


def flows_of(model: Model) -> dict[Pair, None]:
    """Pairs (from, to) of species: what a process takes and makes that have an element in common.

    What holds no element (phosphatase, room in mitochondria) comes from all that is taken, and goes into
    what is made and does not move.
    """
    made_of = {s.name: set(s.contains) for s in model.species}
    still = {s.name for s in model.species if not s.mobile}
    found: dict[Pair, None] = {}
    for p in model.processes:
        used = [n for n, k in p.changes.items() if _negative(k)]
        made = [n for n in p.changes if n not in used]
        for a, b in product(used, made):
            bare = not made_of[b] or (not made_of[a] and b in still)
            if made_of[a] & made_of[b] or bare:
                found[a, b] = None
    return found


def helpers_of(model: Model) -> dict[Pair, None]:
    """Pairs (helper, species): what holds no element and drives a process unused, and what that takes."""
    made_from = {o: d.needs for d in model.derived for o in d.outputs}
    bare = {s.name for s in model.species if not s.contains and not s.mobile}
    found: dict[Pair, None] = {}
    for p in model.processes:
        reached: set[str] = set()
        waiting = list(p.needs)
        while waiting:
            n = waiting.pop()
            if n not in reached:
                reached.add(n)
                waiting += made_from.get(n, ())
        used = [n for n, k in p.changes.items() if _negative(k)]
        found |= {(a, b): None for a in sorted(reached & bare - set(p.changes)) for b in used}
    return found


def columns_of(model: Model) -> dict[str, int]:
    """The column of each species that takes part in a flow, or is in the pore water."""
    taking_part = {n for pair in flows_of(model) for n in pair}
    mobile = {s.name for s in model.species if s.mobile}
    binding = {
        n
        for p in model.processes
        if any(m in mobile and _negative(k) for m, k in p.changes.items())
        for n in p.changes
        if n not in mobile
    }
    return {
        s.name: WATER
        if s.mobile
        else SOLIDS
        if s.solid is not None
        else BOUND
        if s.name in binding
        else CELLS
        for s in model.species
        if s.mobile or s.name in taking_part
    }


def _negative(coefficient: Any) -> bool:
    parts = coefficient if isinstance(coefficient, tuple | list) else (coefficient,)
    return all(v.startswith("-") if isinstance(v, str) else v < 0 for v in parts)


def _sorted(column: dict[str, int], flows: dict[Pair, None]) -> list[list[str]]:
    """Names by column, in an order that keeps arrows short: each at the mean height of its neighbours."""
    order = [[n for n, c in column.items() if c == k] for k in range(len(COLUMNS))]
    for _ in range(SWEEPS):
        for k, names in enumerate(order):
            height = {n: y for n, (_, y) in _places(order).items()}
            reach = {n: [height[b if a == n else a] for a, b in flows if n in (a, b)] for n in names}
            mean = {n: sum(ys) / len(ys) if ys else height[n] for n, ys in reach.items()}
            order[k] = sorted(names, key=mean.__getitem__, reverse=True)
    return order


def _places(order: list[list[str]]) -> dict[str, tuple[float, float]]:
    """The middle of each box, columns spread over one height."""
    return {
        n: (APART * k, TALL * (1 - (i + 0.5) / len(names)))
        for k, names in enumerate(order)
        for i, n in enumerate(names)
    }


def _box(ax: Axes, at: tuple[float, float], words: str, tint: Any) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (at[0] - WIDE / 2, at[1] - HIGH / 2)
    ax.add_patch(
        FancyBboxPatch(
            corner,
            WIDE,
            HIGH,
            boxstyle="round,pad=0,rounding_size=0.1",
            fc="white",
            ec=tint,
            lw=1.6,
            zorder=3,
        )
    )
    ax.text(*at, textwrap.fill(words, LINE), ha="center", va="center", zorder=4, fontsize=8, linespacing=0.95)


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], tint: Any, heads: str, line: str = "-"
) -> None:
    """From edge to edge of two boxes; within a column round its side."""
    from matplotlib.patches import FancyArrowPatch

    beside = start[0] == end[0]
    side = 1 if end[0] >= start[0] else -1
    leave = (start[0] + side * WIDE / 2, start[1])
    reach = (end[0] + (side if beside else -side) * WIDE / 2, end[1])
    bend = (0.45 if start[1] < end[1] else -0.45) if beside else 0.0
    style = f"arc3,rad={bend}"
    ax.add_patch(
        FancyArrowPatch(
            leave, reach, arrowstyle=heads, mutation_scale=9, lw=1.1, color=tint, connectionstyle=style,
            shrinkA=0, shrinkB=0, alpha=0.85, zorder=2, linestyle=line,
        )
    )  # fmt: skip
