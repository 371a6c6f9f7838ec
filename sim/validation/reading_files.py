"""Experiment files: a scenario file with arms and what is wanted of them. Data only, never code."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from sim.errors import ConfigError, FileFormatError, listing, nearest, shown, unknown
from sim.experiment.catalogue import KEYS as OF_SCENARIO
from sim.experiment.catalogue import from_table
from sim.experiment.scenario import Scenario
from sim.experiment.targets import TEXTS, WHOLES
from sim.experiment.typed import typed
from sim.experiment.values.file_tables import parameters_in, read_toml
from sim.parameters.sections import LONGEST_TEXT, Section
from sim.validation.experiment import Experiment
from sim.validation.statements import statements

OWN = ("row", "cause", "counterfactual", "arms", "wanted")
DEEPEST = 16  # tables within tables, as in files of scenarios


def experiments() -> list[str]:
    """Names of the experiments that come with the package, in the order of the scorecard."""
    return list(_names())


def _names() -> dict[str, Path]:
    """{name: file} of those of the package."""
    folder = Path(str(resources.files("sim") / "data" / "experiments"))
    rows = [(_row(path), path) for path in sorted(folder.glob("*.toml"))]
    return {path.stem: path for _, path in sorted(rows)}


def _row(path: Path) -> tuple[str, int]:
    """What sorts "D2" before "D10"."""
    text = str(read_toml(path, deepest=DEEPEST).get("row", ""))
    digits = "".join(c for c in text if c.isdigit())
    return text.rstrip("0123456789"), int(digits or 0)


def experiment_path(name: str | Path) -> Path:
    """The file of this name: one that comes with the package, or a path."""
    known = _names()
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if not path.exists():
        near = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        hint = nearest(name, [*known, *near]) or f" There are {listing(known, 20)}."
        raise FileFormatError(f"there is no experiment {shown(str(name))}.{hint}")
    return path


def load_experiment(name: str | Path) -> Experiment:
    """Read an experiment: the name of one that comes with the package, or the path of a file.

    Raises ConfigError or FileFormatError, a sentence naming the file and the table, for what cannot be
    used. Nothing in the file is evaluated.
    """
    path = experiment_path(name)
    try:
        return experiment_from(read_toml(path, deepest=DEEPEST), path.stem, path)
    except ConfigError as error:
        if path.name in str(error):
            raise
        raise type(error)(f"{path.name}: {error}") from None


def experiment_from(content: Mapping[str, Any], name: str, path: Path) -> Experiment:
    """The experiment of a file's content; a base of its own is looked for beside `path`."""
    top = Section(dict(content), path.name, (*OWN, *OF_SCENARIO))
    own = {key: value for key, value in content.items() if key not in OWN}
    base = from_table(name, own, folder=path.parent)
    arms = _arms(top, base)
    other = parameters_in(top.table("counterfactual"), f"{top.where} [counterfactual]")
    for scenario in arms.values() if other else ():
        typed(scenario, other)  # refuses what none of the arms has
    return Experiment(
        name,
        top.text("row"),
        base.title if "title" in top else "",
        base.notes if "notes" in top else "",
        arms,
        tuple(statements(top, arms)),
        top.text("cause", most=LONGEST_TEXT),
        other,
    )


def _arms(top: Section, base: Scenario) -> dict[str, Scenario]:
    """{arm: its scenario}: the set-up with the changes of the arm, after those of the arm that it is like."""
    content = top.table("arms")
    if not content:
        raise ConfigError(
            f"{top.where} has no arms; write a table for each, [arms.untreated], which may be empty, and "
            "[arms.treated] with what is changed there."
        )
    found: dict[str, Scenario] = {}
    for arm, table in content.items():
        where = f"{top.where} [arms.{arm}]"
        if not isinstance(table, Mapping):
            raise ConfigError(f"{where} = {shown(table)} is not a table of names and values.")
        start = base
        if "like" in table:
            like = table["like"]
            if like not in found:
                raise ConfigError(f"{where}: like: {unknown('an arm above this one', like, found)}")
            start = found[like]
        found[arm] = typed(start, {"name": f"{base.name} ({arm})", **_changes(table, where)})
    return found


def _changes(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The changes of an arm, as `Scenario.changed` takes them; texts and wholes as they stand."""
    whole = {k: v for k, v in table.items() if k in (*WHOLES, *TEXTS)}
    rest = {k: v for k, v in table.items() if k not in whole and k != "like"}
    return whole | parameters_in(rest, where)
