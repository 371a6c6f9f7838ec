"""The definition of a run: everything that decides its numbers, as plain data, and the hash of that.

In it: the scenario field by field (interventions with all they hold, labels too, since axes of sweeps
are named by them), its model (what species, processes and derived quantities are, and the text that
is compiled), the settings (solver, tolerances, output times, most steps), the version of hapsim and
a hash of those of its files that numbers come from. A seed given to `simulate` is the scenario's.

Not in it: what words a run (name, title, notes and expected of a scenario, descriptions, labels of
outputs, sources of parameters), how it went (wall time, memory, an interruption), and where: threads,
machine and versions of other packages stand in the manifest as facts. Results do not depend on the
number of threads.

Different hashes may stand for the same numbers (a Parameter of 4 mm and one of 0.004 m, for the unit of
a parameter is part of it); one hash never stands for different ones, but for a run of a sweep beside others
(statistics "lanes"), which is within the tolerance of the run alone. Amounts at the start and of
interventions are SI numbers here: "20 uM" and "0.02 mM" have one hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.binder.cache import model_text
from sim.binder.kept import once_a_model
from sim.errors import ConfigError
from sim.experiment.scenario import Scenario
from sim.identity.described import (
    described,
    digest,
    text_digest,
    text_of,
    text_of_parameters,
    text_of_parts,
)
from sim.identity.settings import Settings
from sim.identity.sources import sources_hash
from sim.identity.versions import installed_versions
from sim.model.model import Model
from sim.model.process import Derived, Kernel, Process
from sim.model.species import Species

FORMAT = 2  # of the definition itself
WORDS = ("name", "title", "notes", "expected")  # fields of a scenario that decide no number
# The same of species, processes and derived quantities.
DESCRIPTIONS = ("description", "labels", "colour", "short_name", "shown_in")
PACKAGE = Path(__file__).parents[1]

Plain = dict[str, Any]  # what JSON holds


def run_definition(scenario: Scenario, settings: Settings) -> Plain:
    """Everything that decides the numbers of a run."""
    return _about_run(scenario, settings) | {"model": model_definition(scenario.model)}


def run_fingerprint(scenario: Scenario, settings: Settings) -> str:
    """`fingerprint` of the definition of a run; of a model that has been seen it costs 0.1 ms."""
    parts = _texts_of_rest(scenario)
    about = {
        "scenario": text_of_parts(parts | {"parameters": text_of_parameters(scenario.parameters)}),
        "model": text_of(_model_digest(scenario.model)),
    }
    return text_digest(text_of_parts(_texts_of_settings(settings) | about))


def continued_fingerprint(own: str, before: Plain) -> str:
    """The hash of a run that goes on from another: its `own`, and `before`, of which state.

    Raises ConfigError where the other has no hash.
    """
    if not before["hash"]:
        raise ConfigError("it goes on from a run that has no hash")
    which = {key: before[key] for key in ("hash", "time", "at_end")}
    return digest({"run": own, "before": which})


# Fields whose tables could be written to in place; all others of a scenario are frozen.
OPEN = ("initial", "interventions")
_last: list[tuple[list[Any], dict[str, str]]] = []  # fields of the last scenario, and their texts


def _texts_of_rest(scenario: Scenario) -> dict[str, str]:
    """Texts of all fields that decide numbers but the model and the parameters: scenarios made of one
    another share most of them."""
    left = ("model", "parameters", *OPEN, *WORDS)
    values = [getattr(scenario, f.name) for f in fields(scenario) if f.name not in left]
    known = _last[0] if _last else ([], {})
    if len(known[0]) != len(values) or any(a is not b for a, b in zip(known[0], values, strict=True)):
        rest = scenario_definition(scenario, ("parameters", *OPEN))
        known = values, {name: text_of(value) for name, value in rest.items()}
        _last[:] = [known]
    what = {name: described(getattr(scenario, name), f"{name} of {scenario.name}") for name in OPEN}
    return known[1] | {name: text_of(value) for name, value in what.items()}


def fingerprint(definition: Plain) -> str:
    """sha256 of a definition, as 64 hexadecimal digits."""
    return digest(definition | {"model": digest(definition["model"])})


def _about_run(scenario: Scenario, settings: Settings) -> Plain:
    """The definition but for the model."""
    return {"scenario": scenario_definition(scenario)} | _settings(settings)


def _settings(settings: Settings) -> Plain:
    """The definition but for scenario and model."""
    return {
        "format": FORMAT,
        "hapsim": installed_versions()["hapsim"],
        "sources": sources_hash(PACKAGE),
        **{f.name: described(getattr(settings, f.name)) for f in fields(settings)},
    }


@lru_cache(maxsize=8)
def _texts_of_settings(settings: Settings) -> dict[str, str]:
    return {name: text_of(value) for name, value in _settings(settings).items()}


def scenario_definition(s: Scenario, without: tuple[str, ...] = ()) -> Plain:
    """What decides numbers of a scenario but for its model. without: fields that are left out"""
    names = [f.name for f in fields(s) if f.name not in ("model", *WORDS, *without)]
    return {n: described(getattr(s, n), f"{n} of {s.name}") for n in names}


@once_a_model
def model_definition(m: Model) -> Plain:
    """What decides numbers of a model: what it is made of, and a hash of the text that is compiled."""
    return {
        "fields": {name: described((default, unit)) for name, (default, unit, _) in m.fields.items()},
        "species": {s.name: _part(s) for s in m.species},
        "processes": {p.name: _part(p) for p in m.processes},
        "derived": {d.name: _part(d) for d in m.derived},
        "shared": described(m.shared),
        "source": _text_hash(m),
    }


@once_a_model
def _model_digest(m: Model) -> str:
    return digest(model_definition(m))


def _part(owner: Species | Process | Derived) -> Plain:
    """A species, process or derived quantity. A formula is in the text of the model."""
    names = [f.name for f in fields(owner) if f.name not in ("formula", *DESCRIPTIONS)]
    found = {n: described(getattr(owner, n), owner.name) for n in names}
    if isinstance(owner, Derived) and isinstance(owner.formula, Kernel):
        found["kernel"] = described(owner.formula, owner.name)
    return found


def _text_hash(m: Model) -> str:
    """Hash of the text that a model becomes.

    Vector code of the package is among its sources. Versions of numba and numpy are not in it: they are
    noted in every result, and a sweep may outlive an update.
    """
    return hashlib.sha256(model_text(m).encode()).hexdigest()
