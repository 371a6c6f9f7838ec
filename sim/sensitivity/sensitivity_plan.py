"""Sensitivity files: a sweep file with a [sensitivity] table, that says which analysis. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, FileFormatError, listing, nearest, shown, unknown
from sim.experiment.values.file_tables import read_toml
from sim.parameters.sections import Section
from sim.sensitivity.derivatives import RTOL, LocalSensitivities, local_design, local_from
from sim.sensitivity.elementary import MorrisEffects, morris
from sim.sensitivity.variance import SobolIndices, sobol_indices
from sim.sweeps.driver import sweep
from sim.sweeps.plans.measured import measures_of
from sim.sweeps.plans.plan import CHANGES, base_of, naming_file, options_of, plan_from

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.run.measures import Measure
    from sim.sweeps.design.design import Design
    from sim.sweeps.sweep_table import SweepTable

METHODS = ("morris", "sobol", "local")
KEYS = ("method", "confidence", "resamples", "seed", "log", "parameters", "step")
USED = {
    "morris": ("method", "confidence", "resamples", "seed", "log"),
    "sobol": ("method", "confidence", "resamples", "seed", "log"),
    "local": ("method", "log", "parameters", "step"),
}
DESIGNS = {"morris": "morris", "sobol": "saltelli"}
OF_LOCAL = (
    "title", "notes", "scenario", *CHANGES, "cells", "treatments", "parameters", "interventions", "measures",
    "run",
)  # fmt: skip

Found = MorrisEffects | SobolIndices | LocalSensitivities


@dataclass(frozen=True)
class SensitivityPlan:
    """What a sensitivity file asks for.

    method: "morris", "sobol" or "local"; base, design, measures, options: of the sweep
    analysis: keywords of the analysis; logs: measures whose logarithm is analysed
    parameters: of "local"
    """

    name: str
    method: str
    base: Scenario
    design: Design
    measures: dict[str, Measure]
    options: dict[str, Any]
    analysis: dict[str, Any]
    logs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    title: str = ""
    notes: str = ""
    file: str = ""

    def check(self) -> None:
        """Refuse what could not run: an axis of nothing, a wrong unit."""
        with naming_file(self.file):
            self.design.check(self.base)

    def run(self, store: str | Path | None = None, **more: Any) -> SweepTable:
        """Run the points that the store lacks: the keywords of `sim.sweep` go before the file's."""
        return sweep(self.base, self.design, store, measures=self.measures, **{**self.options, **more})

    def analysed(self, table: SweepTable) -> tuple[dict[str, Found], dict[str, str]]:
        """{measure: its sensitivities}, and {measure: why there are none}.

        "local" has one table for all measures, under "".
        """
        if self.method == "local":
            return {"": local_from(table, self.parameters, self.analysis["step"], self.logs)}, {}
        analyse = morris if self.method == "morris" else sobol_indices
        found: dict[str, Found] = {}
        reasons = {}
        for name in self.measures:
            try:
                found[name] = analyse(table, name, log=name in self.logs, **self.analysis)
            except ConfigError as error:
                reasons[name] = str(error)
        return found, reasons


def _folder() -> Any:
    return resources.files("sim") / "data" / "sensitivity"


def sensitivities() -> list[str]:
    """Names of the sensitivity files that come with the package."""
    return sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml"))


def load_sensitivity(name: str | Path) -> SensitivityPlan:
    """Read a sensitivity file: the name of one that comes with the package, or a path.

    Raises ConfigError or FileFormatError, a sentence naming the file and the table, for what cannot be used.
    """
    path = Path(str(_folder() / f"{name}.toml")) if str(name) in sensitivities() else Path(name)
    if not path.exists():
        near = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        hint = nearest(name, [*sensitivities(), *near]) or f" There are {listing(sensitivities())}."
        raise FileFormatError(f"there is no sensitivity file {shown(str(name))}.{hint}")
    return sensitivity_from(read_toml(path), path)


def sensitivity_from(content: dict[str, Any], path: Path) -> SensitivityPlan:
    """The plan of a file's content; a scenario of its own is looked for beside `path`."""
    where = path.name
    one = Section(content.get("sensitivity", {}), f"{where} [sensitivity]", KEYS)
    rest = {key: value for key, value in content.items() if key != "sensitivity"}
    method = one.choice("method", METHODS, default=_implied(rest))
    for key in one.content:
        if key not in USED[method]:
            raise ConfigError(
                f"{one.where}: {key} decides nothing where method = '{method}', which uses "
                f"{listing(USED[method])}. Take it out."
            )
    if method == "local":
        return _local_plan(one, Section(rest, where, OF_LOCAL), path)
    plan = plan_from(rest, path)
    if plan.design.method != DESIGNS[method]:
        raise ConfigError(
            f"{where}: method = '{method}' needs [design] method = '{DESIGNS[method]}', not "
            f"'{plan.design.method}'."
        )
    return SensitivityPlan(
        plan.name, method, plan.base, plan.design, plan.measures, plan.options, _analysis(one),
        _logs(one, list(plan.measures)), (), plan.title, plan.notes, where,
    )  # fmt: skip


def _implied(rest: dict[str, Any]) -> str:
    """The method that goes with the design of the file, "" when none is stated."""
    design = rest.get("design", {})
    made = design.get("method") if isinstance(design, dict) else None
    return next((method for method, of in DESIGNS.items() if of == made), "")


def _local_plan(one: Section, top: Section, path: Path) -> SensitivityPlan:
    where = path.name
    with naming_file(where):
        base = base_of(top, path.parent)
        measured = measures_of(top, base)
        names = one.names("parameters", "names of parameters")
        step = float(one.number("step", 0.02))
        design = local_design(base, names, step)
        options = {"rtol": RTOL, **options_of(top)}
        words = top.text("title"), top.text("notes", most=10_000)
        return SensitivityPlan(
            path.stem, "local", base, design, measured, options, {"step": step},
            _logs(one, list(measured)), names, *words, where,
        )  # fmt: skip


def _analysis(one: Section) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "confidence" in one:
        found["confidence"] = float(one.number("confidence", 0.95))
    if "resamples" in one:
        found["resamples"] = one.whole("resamples", least=50)
    if "seed" in one:
        found["seed"] = one.whole("seed", most=2**31)
    return found


def _logs(one: Section, measured: list[str]) -> tuple[str, ...]:
    """Measures whose logarithm is taken: true for all, or a list."""
    if isinstance(one.content.get("log"), bool):
        return tuple(measured) if one.yes("log") else ()
    names = one.names("log", "names of measures, or true")
    for name in names:
        if name not in measured:
            raise ConfigError(f"{one.where}: log: {unknown('a measure of this file', name, measured)}")
    return names
