"""Calibration files: TOML that says which scenario, which data, what may move. Data only, never code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.calibration.data import Data
from sim.calibration.data_file import as_data, shipped
from sim.calibration.fitting import calibrate, request_of
from sim.calibration.outcome import Calibration
from sim.errors import ConfigError, FileFormatError, UnitError, listing, nearest, shown
from sim.experiment.values.file_tables import dotted_tables, read_toml
from sim.parameters.sections import Section, quantity
from sim.sweeps.plans.plan import CHANGES, base_of, naming_file

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario

FREE = ("low", "high", "log", "start")
FIT = ("starts", "seed", "errors", "confidence", "profiles", "workers", "solver", "rtol", "atol", "max_steps")
TABLES = ("parameters", "interventions", "free", "fit", "points")
KEYS = ("title", "notes", "scenario", "data", *CHANGES, "cells", "treatments", *TABLES)
POINT = ("time", "quantity", "value", "sd")


@dataclass(frozen=True)
class CalibrationPlan:
    """What a calibration file asks for: scenario, data, parameters and options of `sim.calibrate`."""

    name: str
    scenario: Scenario
    data: Data
    parameters: tuple[str, ...]
    options: dict[str, Any]
    title: str = ""
    notes: str = ""
    file: str = ""

    def check(self) -> Any:
        """The free parameters; refuses what could not run: an unknown name, crossing bounds, late data."""
        with naming_file(self.file):
            return request_of(self.scenario, self.data, self.parameters, self.options)

    def run(self, **more: Any) -> Calibration:
        """Run it: the keywords of `sim.calibrate` (workers, store, progress, ...) go before the file's."""
        return calibrate(self.scenario, self.data, self.parameters, **{**self.options, **more})


def calibrations() -> list[str]:
    """Names of the calibration files that come with the package."""
    return sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml"))


def calibration_path(name: str | Path) -> Path:
    """The file of this name: one that comes with the package, or a path."""
    if str(name) in calibrations():
        return Path(str(_folder() / f"{name}.toml"))
    path = Path(name)
    if not path.exists():
        near = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        hint = nearest(name, [*calibrations(), *near]) or f" There are {listing(calibrations())}."
        raise FileFormatError(f"there is no calibration file {shown(str(name))}.{hint}")
    return path


def load_calibration(name: str | Path) -> CalibrationPlan:
    """Read a calibration file: the name of one that comes with the package, or a path.

    Raises ConfigError or FileFormatError, a sentence naming the file and the table, for what cannot be
    used. Nothing in the file is evaluated.
    """
    path = calibration_path(name)
    return calibration_from(read_toml(path), path)


def calibration_from(content: dict[str, Any], path: Path) -> CalibrationPlan:
    """The plan of a file's content; data and a scenario of its own are looked for beside `path`."""
    where = path.name
    with naming_file(where):
        if "experiments" in content:
            raise ConfigError(f"{where} calibrates over experiments; run it by sim.validation.fit.")
        top = Section(content, where, KEYS)
        scenario = base_of(top, path.parent)
        names, bounds, logs, start = free_of(top)
        options = options_of(top, FIT) | {"bounds": bounds, "log": logs, "start": start}
        words = top.text("title"), top.text("notes", most=10_000)
        return CalibrationPlan(path.stem, scenario, _data(top, path.parent), names, options, *words, where)


def _folder() -> Any:
    return resources.files("sim") / "data" / "calibration"


def _data(top: Section, folder: Path) -> Data:
    """The numbers: of a CSV beside the file, of the package by name, or listed in the file."""
    if "data" in top and "points" in top:
        raise ConfigError(f"{top.where} has data and lists [[points]]: keep one of them.")
    if "points" in top:
        rows = [
            Section(t, f"{top.where} [[points]] {k}", POINT)
            for k, t in enumerate(top.list("points", "tables"), 1)
        ]
        return replace(as_data([_point(one) for one in rows]), name=f"the points of {top.where}")
    top.needed("data")
    name = top.text("data")
    return as_data(folder / name) if name.endswith(".csv") else shipped(name)


def _point(one: Section) -> tuple:
    found = [quantity(one.needed(k), f"{one.where}: {k}") for k in ("time", "quantity", "value")]
    if "sd" in one:
        found.append(quantity(one.content["sd"], f"{one.where}: sd"))
    if not isinstance(found[0], str) or not isinstance(found[2], str):
        raise UnitError(f"{one.where}: write time and value with their units, '7 day' and '5 mM'.")
    return tuple(found)


def free_of(
    top: Section, more: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], dict | None, list[str] | None, dict | None]:
    """Names, bounds, which in the logarithm (None: as it fits), starts. more: keys beside those"""
    sections = {
        name: Section(table, f"{top.where} [free.{shown(name)}]", (*FREE, *more))
        for name, table in dotted_tables(top.table("free"), f"{top.where} [free]").items()
    }
    if not sections:
        raise ConfigError(
            f"{top.where} frees no parameter; write for example [free] with "
            "\"growth.k\" = { low = '1e-15 m/s', high = '1e-13 m/s', log = true }, or {} for its own range."
        )
    bounds: dict[str, tuple] = {}
    start = {}
    for name, one in sections.items():
        if ("low" in one) != ("high" in one):
            raise ConfigError(
                f"{one.where} has one of low and high; give both, or none for the range it has."
            )
        if "low" in one:
            low, high = (quantity(one.content[k], f"{one.where}: {k}") for k in ("low", "high"))
            bounds[name] = (low, high)
        if "start" in one:
            start[name] = quantity(one.content["start"], f"{one.where}: start")
        if "log" in one:
            one.yes("log")
    logs = {name: one.content["log"] for name, one in sections.items() if "log" in one}
    return tuple(sections), bounds, logs or None, start  # type: ignore[return-value]


def options_of(top: Section, keys: tuple[str, ...]) -> dict[str, Any]:
    """Keywords of `sim.calibrate` that the [fit] table states, of those in `keys`."""
    from sim.calibration.fitting import ERRORS
    from sim.solvers import SOLVERS

    one = Section(top.table("fit"), f"{top.where} [fit]", keys)
    found: dict[str, Any] = {}
    for key, least, most in (("starts", 1, 10_000), ("seed", 0, 2**32), ("workers", 0, 1024)):
        if key in one:
            found[key] = one.whole(key, least=least, most=most)
    if "max_steps" in one:
        found["max_steps"] = one.whole("max_steps", least=1, most=10**9)
    for key, words in (("errors", ERRORS), ("solver", tuple(SOLVERS))):
        if key in one:
            found[key] = one.choice(key, words)
    for key in ("confidence", "rtol", "atol", "tolerance"):
        if key in one:
            found[key] = float(one.number(key, 1.0))
    if "profiles" in one:
        found["profiles"] = one.yes("profiles")
    return found
