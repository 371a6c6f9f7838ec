"""Sweep files: TOML that says which scenario, what varies, what is measured. Data only, never code."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, FileFormatError, ScenarioError, listing, nearest, shown
from sim.experiment.values.file_tables import dotted_values, parameters_in, read_toml
from sim.parameters.sections import Section, quantity
from sim.sweeps.design.axis_check import check_ends
from sim.sweeps.plans.design import design_of
from sim.sweeps.plans.measured import measures_of
from sim.sweeps.plans.memory import memory_in_bytes

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.run.measures import Measure
    from sim.sweeps.design.design import Design
    from sim.sweeps.sweep_table import SweepTable

CHANGES = ("duration", "geometry", "outer", "constants", "growth_law", "resolution")
TABLES = ("parameters", "interventions", "design", "axes", "points", "measures", "run", "figures")
KEYS = ("title", "notes", "scenario", *CHANGES, "parts", "cells", "treatments", *TABLES)
RUN = ("solver", "rtol", "atol", "times", "timeout", "memory", "keep", "lanes")
FIGURE = ("x", "y", "colour", "contours", "scale", "at", "title")


@dataclass(frozen=True)
class Picture:
    """A phase diagram to draw at the end: a measure in colour over two axes."""

    x: str
    y: str
    colour: str
    options: dict[str, Any] = field(default_factory=dict)  # contours, scale, at of plotting.phase_diagram
    title: str = ""


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep file asks for.

    base, design, measures: as `sim.sweep` takes them · options: solver, rtol, atol, times, timeout,
    memory, keep, lanes, as far as the file states them · figures: drawn when all is done
    """

    name: str
    base: Scenario
    design: Design
    measures: dict[str, Measure]
    options: dict[str, Any]
    figures: tuple[Picture, ...] = ()
    title: str = ""
    notes: str = ""
    file: str = ""

    def check(self) -> None:
        """Refuse what could not run: an axis of nothing, a wrong unit."""
        with naming_file(self.file):
            self.design.check(self.base)

    def check_points(self) -> None:
        """Refuse an intervention that begins after the end of the run in any point; a sweep that runs has
        such points as failed rows."""
        with naming_file(self.file):
            check_ends(self.design.points, self.base)

    def run(self, store: str | Path | None = None, **more: Any) -> SweepTable:
        """Run it: the keywords of `sim.sweep` (workers, client, timeout, ...) go before the file's."""
        from sim.sweeps.driver import sweep

        return sweep(self.base, self.design, store, measures=self.measures, **{**self.options, **more})


def plans() -> list[str]:
    """Names of the sweep files that come with the package."""
    return sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml"))


def plan_path(name: str | Path) -> Path:
    """The file of this name: one that comes with the package, or a path."""
    if str(name) in plans():
        return _folder() / f"{name}.toml"
    path = Path(name)
    if not path.exists():
        near = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        text = difflib.get_close_matches(str(name)[:64], [*plans(), *near], 1)
        hint = f" Did you mean '{text[0]}'?" if text else f" There are {listing(plans())}."
        raise FileFormatError(f"there is no sweep file {shown(str(name))}.{hint}")
    return path


def load_plan(name: str | Path) -> SweepPlan:
    """Read a sweep file: the name of one that comes with the package, or a path.

    Raises ConfigError or FileFormatError, a sentence naming the file and the table, for what cannot be
    used. Nothing in the file is evaluated.
    """
    path = plan_path(name)
    return plan_from(read_toml(path), path)


def plan_from(content: dict[str, Any], path: Path) -> SweepPlan:
    """The plan of a file's content; a scenario of its own is looked for beside `path`."""
    where = path.name
    with naming_file(where):
        top = Section(content, where, KEYS)
        base = base_of(top, path.parent)
        design = design_of(content, where)
        _refuse_slips(base, design)
        measured = measures_of(top, base)
        figures = _figures(top, [a.name for a in design.axes], list(measured))
        words = top.text("title"), top.text("notes", most=10_000)
        return SweepPlan(path.stem, base, design, measured, options_of(top), figures, *words, where)


def _refuse_slips(base: Scenario, design: Design) -> None:
    """Refuse plain numbers of axes that are hardly meant in SI, as those of parameters are."""
    from sim.experiment.targets import target
    from sim.experiment.typed import refuse_slip

    for axis in design.axes:
        try:
            target(base, axis.name)
        except ScenarioError:
            continue  # a name that means nothing is told by `check`
        for value in () if axis.words else axis.numbers:
            refuse_slip(base, axis.name, f"{float(value)!r} {axis.unit}" if axis.unit else value)


@contextmanager
def naming_file(where: str) -> Iterator[None]:
    """Errors of the library name the file too."""
    try:
        yield
    except ConfigError as error:
        if where in str(error):
            raise
        raise type(error)(f"{where}: {error}") from None


def _folder() -> Any:
    return resources.files("sim") / "data" / "sweeps"


def base_of(top: Section, folder: Path) -> Scenario:
    """The scenario of a file, with the changes and interventions that the file states."""
    return _treated(_base(top, folder), top)


def _base(top: Section, folder: Path) -> Scenario:
    """The scenario that is varied: of the package by name, or of a file by path, as the file changes it."""
    from sim.experiment.catalogue import scenario, scenarios
    from sim.experiment.typed import typed

    top.needed("scenario")
    name = top.text("scenario")
    if not name.endswith(".toml") and name not in scenarios():
        hint = nearest(name, scenarios()) or f" There are {', '.join(scenarios())}."
        raise ScenarioError(
            f"{top.where}: no scenario is called {shown(name)}, and that of a file ends in '.toml'.{hint}"
        )
    base = scenario(folder / name if name.endswith(".toml") else name)
    for word in top.names("treatments", "treatments, as ['etidronate@3day..10day']"):
        base = base.treated(word)
    return typed(base, _changes(top))


def _changes(top: Section) -> dict[str, Any]:
    """{name: value} of all that the file changes of its scenario."""
    values: dict[str, Any] = {
        key: quantity(top.content[key], f"{top.where}: {key}") for key in CHANGES if key in top
    } | ({"parts": top.names("parts", "names, as ['soaps']")} if "parts" in top else {})
    values |= {f"{layer}.cells": count for layer, count in top.table("cells").items()}
    return values | parameters_in(top.table("parameters"), f"{top.where} [parameters]")


def _treated(base: Scenario, top: Section) -> Scenario:
    """The scenario with the interventions of the file added."""
    from sim.experiment.intervention import Intervention, from_keys
    from sim.experiment.typed import typed

    tables = top.list("interventions", "tables")
    found = [
        from_keys(Intervention, t, f"{top.where} [[interventions]] {k}") for k, t in enumerate(tables, 1)
    ]
    if found:
        typed(base, {"interventions": tables})  # refuses slips
    return base.with_intervention(*found) if found else base


def options_of(top: Section) -> dict[str, Any]:
    """Keywords of `sim.sweep` that the [run] table states."""
    from sim.identity.settings import checked_atol, checked_rtol
    from sim.solvers import SOLVERS
    from sim.sweeps.design.job import KEEP, checked_timeout
    from sim.units import convert

    run = Section(top.table("run"), f"{top.where} [run]", RUN)
    found: dict[str, Any] = {}
    if "solver" in run:
        found["solver"] = run.choice("solver", SOLVERS)
    for key, checked in (("rtol", checked_rtol), ("atol", checked_atol)):
        if key in run:
            found[key] = checked(run.number(key, 1.0))
    if "times" in run:
        given = run.content["times"]
        if isinstance(given, list):
            found["times"] = tuple(convert(quantity(t, f"{run.where}: times"), "s", "times") for t in given)
        else:
            found["times"] = run.whole("times", least=2, most=100_000)
    if "timeout" in run:
        found["timeout"] = checked_timeout(run.si("timeout", "s"))
    if "memory" in run:
        found["memory"] = memory_in_bytes(run.content["memory"], f"{run.where}: memory")
    if "keep" in run:
        found["keep"] = run.choice("keep", KEEP)
    if "lanes" in run:
        found["lanes"] = run.yes("lanes")
    return found


def _figures(top: Section, axes: list[str], measured: list[str]) -> tuple[Picture, ...]:
    found = []
    for k, content in enumerate(top.list("figures", "tables"), start=1):
        one = Section(content, f"{top.where} [[figures]] {k}", FIGURE)
        x, y = (one.choice(a, [n for n in axes if n != "seed"]) for a in ("x", "y"))
        if x == y:
            raise ConfigError(f"{one.where}: x and y are both {shown(x)}; give two axes.")
        found.append(Picture(x, y, one.choice("colour", measured), _look(one), one.text("title")))
    return tuple(found)


def _look(one: Section) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "contours" in one:
        given: Mapping | list | int = one.content["contours"]
        if isinstance(given, list):
            options["contours"] = [quantity(v, f"{one.where}: contours") for v in given]
        else:
            options["contours"] = one.whole("contours", least=1, most=50)
    if "scale" in one:
        options["scale"] = one.choice("scale", ("auto", "linear", "log"))
    if "at" in one:
        where = f"{one.where}: at"
        options["at"] = {k: quantity(v, where) for k, v in dotted_values(one.table("at"), where).items()}
    return options
