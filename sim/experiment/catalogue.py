"""Named scenarios from data/scenarios/*.toml."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields
from importlib import resources

from sim.errors import ScenarioError, nearest
from sim.experiment.nucleation import StochasticNucleation
from sim.experiment.scenario import Scenario
from sim.model import library
from sim.parameters import Parameters, parameters_from
from sim.space.random_field import RandomField

KEYS = {
    "title", "notes", "expected", "geometry", "outer", "duration", "layers", "initial",
    "constants", "growth_law", "parameters", "domain", "regions", "random_fields",
    "stochastic",
}  # fmt: skip


def _folder():
    return resources.files("sim") / "data" / "scenarios"


def scenarios() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(f.name[: -len(".toml")] for f in _folder().iterdir() if f.name.endswith(".toml"))


def scenario(name: str, **options: str) -> Scenario:
    """A named scenario. options: constants="minteq.v4", growth_law="spiral" replace the file's."""
    if name not in scenarios():
        raise ScenarioError(
            f"no scenario is called '{name}'; there are {', '.join(scenarios())}.{nearest(name, scenarios())}"
        )
    text = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return from_table(name, tomllib.loads(text), **options)


def from_table(name: str, table: dict, **options: str) -> Scenario:
    """A scenario from the content of a TOML file."""
    for key in (*table, *options):
        if key not in KEYS:
            raise ScenarioError(f"{name}: '{key}' is not a key of a scenario.{nearest(key, KEYS)}")
    chosen = {k: options.get(k, table.get(k)) for k in ("constants", "growth_law")}
    chosen = {k: v for k, v in chosen.items() if v}
    model = library.model(**chosen)
    own: Parameters = parameters_from(table.get("parameters", {}), name)
    # Where the domain is stated, layers have no cells of their own.
    layers = tuple((x["name"], x["cells"] if "domain" not in table else 1) for x in table["layers"])
    plain = ("title", "notes", "expected", "geometry", "outer", "duration", "domain", "regions")
    given = {k: table[k] for k in plain if k in table}
    return Scenario(
        name, model, layers=layers, parameters=own, initial=table.get("initial", {}),
        constants=chosen.get("constants", "tissue-37C"),
        growth_law=chosen.get("growth_law", library.GROWTH_LAWS[0]),
        random_fields=tuple(_made(RandomField, name, x) for x in table.get("random_fields", ())),
        stochastic=_made(StochasticNucleation, name, table["stochastic"]) if "stochastic" in table else None,
        **given,
    )  # fmt: skip


def _made(kind: type, name: str, table: dict):
    """An object of data from its table, where keys are the names of its fields."""
    keys = {f.name: f.default is MISSING for f in fields(kind)}
    for key in table:
        if key not in keys:
            raise ScenarioError(f"{name}: {kind.__name__} has no '{key}'.{nearest(key, keys)}")
    missing = [k for k, needed in keys.items() if needed and k not in table]
    if missing:
        raise ScenarioError(f"{name}: {kind.__name__} lacks {', '.join(missing)}.")
    return kind(**table)
