"""Axes and design of a sweep file: what varies, how far, and which points are taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, UnitError, listing, shown
from sim.experiment.values.file_tables import dotted_tables, dotted_values
from sim.parameters.sections import Section, finite_number, quantity

if TYPE_CHECKING:
    from sim.sweeps.design.design import Design

METHODS = ("grid", "latin_hypercube", "sobol", "morris", "saltelli", "table")
DESIGN = ("method", "n", "seed", "levels", "second_order", "replicates")
USED = {  # keys of [design] that a method has a use for, beside method and replicates
    "grid": ("n",),
    "latin_hypercube": ("n", "seed"),
    "sobol": ("n", "seed"),
    "morris": ("n", "seed", "levels"),
    "saltelli": ("n", "seed", "second_order"),
    "table": (),
}
AXIS = ("low", "high", "log", "n", "values")
MOST_POINTS = 1_000_000
GRID = 5  # levels of an axis of a grid, where none are stated


def design_of(content: Mapping[str, Any], where: str) -> Design:
    """The design of a file from its [design], [axes] and [[points]]."""
    plan = Section(content.get("design", {}), f"{where} [design]", DESIGN)
    method = plan.choice("method", METHODS, default="table" if "points" in content else "grid")
    for key in plan.content:
        if key not in (*USED[method], "method", "replicates"):
            raise ConfigError(
                f"{plan.where}: {key} decides nothing where method = '{method}', which uses "
                f"{listing(USED[method])}. Take it out."
            )
    if method == "table":
        made = _table(content, where)
    else:
        if "points" in content:
            raise ConfigError(f"{where} lists [[points]], which method = '{method}' ignores: take them out.")
        made = _drawn(method, plan, content, where)
    return _replicated(made, plan)


def _drawn(method: str, plan: Section, content: Mapping[str, Any], where: str) -> Design:
    """A design over ranges."""
    from sim.sweeps.design import methods

    sections = {
        name: Section(axis, f"{where} [axes.{shown_name(name)}]", AXIS)
        for name, axis in dotted_tables(_table_of(content, "axes", where), f"{where} [axes]").items()
    }
    if not sections:
        raise ConfigError(
            f"{where} has no axes; write for example [axes] with "
            "\"lesion.radius\" = { low = '0.2 mm', high = '5 mm', log = true }."
        )
    axes = {name: _axis(name, section) for name, section in sections.items()}
    if method == "grid":
        counts = _levels(plan, sections)
        _bounded(math.prod(counts.values()), plan)
        return methods.grid(axes, {k: n for k, n in counts.items() if "values" not in sections[k]})
    for section in sections.values():
        if "n" in section:
            raise ConfigError(
                f"{section.where}: n of a single axis is for a grid; '{method}' takes n in [design]."
            )
    n, seed = plan.whole("n", least=1, most=MOST_POINTS), plan.whole("seed", 0, most=2**32 - 1)
    if method == "morris":
        _bounded(n * (len(axes) + 1), plan)
        return methods.morris(axes, n, seed, plan.whole("levels", 4, least=2, most=1000))
    if method == "saltelli":
        second = plan.yes("second_order")
        _bounded(n * ((2 if second else 1) * len(axes) + 2), plan)
        return methods.saltelli(axes, n, seed, second)
    return (methods.sobol if method == "sobol" else methods.latin_hypercube)(axes, n, seed)


def shown_name(name: str) -> str:
    """The name of an axis in a sentence, cut."""
    return name if len(name) <= 64 else name[:64] + "..."


def _axis(name: str, section: Section) -> Any:
    """What Axis.of takes: (low, high), (low, high, "log") or a list of levels."""
    if "values" in section:
        for key in ("low", "high", "log", "n"):
            if key in section:
                raise ConfigError(f"{section.where} has values and {key}: give a range, or list its levels.")
        values = [quantity(v, f"{section.where}: values") for v in section.list("values", "levels")]
        if not values:
            raise ConfigError(f"{section.where}: values lists no level.")
        return values
    low, high = (quantity(section.needed(k), f"{section.where}: {k}") for k in ("low", "high"))
    return (low, high, "log") if section.yes("log") else (low, high)


def _levels(plan: Section, sections: Mapping[str, Section]) -> dict[str, int]:
    """Levels of every axis of a grid."""
    common = plan.whole("n", GRID, least=1, most=MOST_POINTS)
    return {
        name: len(section.list("values"))
        if "values" in section
        else section.whole("n", common, least=1, most=MOST_POINTS)
        for name, section in sections.items()
    }


def _table(content: Mapping[str, Any], where: str) -> Design:
    """Points that are listed."""
    from sim.sweeps.design import methods

    if content.get("axes"):
        raise ConfigError(
            f"{where} has [axes] and lists [[points]]: method = 'table' takes the points alone."
        )
    rows = content.get("points", [])
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{where}: method = 'table' needs its points, a [[points]] table for each.")
    found = []
    for k, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise ConfigError(f"{where}: point {k}, {shown(row)}, is not a table of names and values.")
        name = f"{where} [[points]] {k}"
        found.append(
            {a: quantity(v, f"{name}: {shown_name(a)}") for a, v in dotted_values(row, name).items()}
        )
    return methods.table(found)


def _replicated(made: Design, plan: Section) -> Design:
    """The design once for each seed, where replicates are asked for."""
    if "replicates" not in plan:
        return made
    given = plan.content["replicates"]
    if isinstance(given, list):
        seeds: Any = [finite_number(v, f"{plan.where}: replicates") for v in given]
        if not seeds or not all(isinstance(s, int) and 0 <= s < 2**63 for s in seeds):
            raise ConfigError(
                f"{plan.where}: replicates = {shown(given)} is not a list of seeds, 0 or above."
            )
        count = len(seeds)
    else:
        seeds = count = plan.whole("replicates", least=1, most=MOST_POINTS)
    _bounded(len(made) * count, plan)
    return made.with_replicates(seeds)


def _bounded(count: int, plan: Section) -> None:
    """Refuse a design before a mistyped number fills the memory."""
    if count > MOST_POINTS:
        raise ConfigError(
            f"{plan.where} asks for {count:.6g} points; {MOST_POINTS} are the most. Take fewer levels or "
            "axes, or a Latin hypercube."
        )


def _table_of(content: Mapping[str, Any], key: str, where: str) -> dict:
    value = content.get(key, {})
    if not isinstance(value, dict):
        raise UnitError(f"{where}: {key} = {shown(value)} is not a table.")
    return value
