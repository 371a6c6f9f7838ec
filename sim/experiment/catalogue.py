"""Named scenarios from data/scenarios/*.toml, and scenarios from files of one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sim.errors import ConfigError, FileFormatError, ScenarioError, listing, nearest, shown
from sim.experiment.intervention import Intervention, from_keys
from sim.experiment.models import CONSTANTS, WORDS, standard_model
from sim.experiment.scenario import Scenario
from sim.experiment.targets import TEXTS
from sim.experiment.typed import typed
from sim.experiment.values.file_tables import parameters_in, read_toml
from sim.model import library
from sim.model.library.parts import named_parts

ROWS = (
    "regions",
    "random_fields",
    "interventions",
    "courses",
    "maps",
)  # those of a file come after those of its base
PLAIN = (*TEXTS, "geometry", "outer", "duration", "layers", "domain", "stochastic", "resolution")
TREATMENTS = "treatments"  # words as "etidronate@3day..10day:2uM", given to what the rest of a file makes
KEYS = ("base", *PLAIN, *WORDS, *ROWS, "cells", "initial", "parameters", TREATMENTS)
BEYOND = "beyond"  # of an intervention: it lies beyond the end of a shortened run, and does not act
LARGEST_FILE = 20_000_000  # bytes; a mask is data
DEEPEST = 16  # tables within tables: shapes are made of shapes
LONGEST_CHAIN = 8  # of files that build on each other
NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


def _folder() -> Any:
    return resources.files("sim") / "data" / "scenarios"


def scenarios() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(f.name[: -len(".toml")] for f in _folder().iterdir() if f.name.endswith(".toml"))


def is_path(name: str | Path) -> bool:
    """Whether this is the path of a scenario file and not a name: it ends in .toml, or has a folder."""
    return isinstance(name, os.PathLike) or name.endswith(".toml") or os.sep in name or "/" in name


def scenario(name: str | Path, **options: str) -> Scenario:
    """A named scenario, or that of a file: scenario("infarct_myocardium"), scenario("my.toml").

    options: constants="minteq.v4", growth_law="spiral" replace the file's.
    Raises ScenarioError or FileFormatError, a sentence that names the file.
    """
    return _scenario(name, options, LONGEST_CHAIN)


def _scenario(name: str | Path, options: Mapping[str, str], chain: int) -> Scenario:
    if not isinstance(name, str | os.PathLike):
        raise ScenarioError(f"scenario needs a name or a path, not {shown(name)}.")
    if is_path(name):
        path = Path(name)
        return _from_file(path, options, chain)
    if name not in scenarios():
        near = nearest(name, scenarios())
        if not near and Path(f"{name}.toml").exists():
            near = f" The file {name}.toml is called by its path."
        near = near or f" There are {', '.join(scenarios())}."
        raise ScenarioError(f"no scenario is called '{name}'.{near}")
    with resources.as_file(_folder() / f"{name}.toml") as path:
        return from_table(str(name), read_toml(path), options=options)


def _from_file(path: Path, options: Mapping[str, str], chain: int) -> Scenario:
    if not path.exists():
        folder = path.parent
        near = [str(p) for p in folder.glob("*.toml")] if folder.is_dir() else []
        hint = nearest(str(path), near) or nearest(path.stem, scenarios())
        hint = hint or f" Scenarios with a name: {listing(scenarios())}."
        raise FileFormatError(f"the scenario file {path} does not exist.{hint}")
    if chain < 1:
        raise ScenarioError(f"{path}: files that are the base of each other never end; take one base out.")
    content = read_toml(path, LARGEST_FILE, DEEPEST)
    try:
        return _made(path.stem, content, options, path.parent, chain)
    except ConfigError as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from None


def from_table(
    name: str, table: Mapping[str, Any], folder: Path = Path(), options: Mapping[str, str] = NO_OPTIONS
) -> Scenario:
    """A scenario from the content of a TOML file.

    folder: that paths in it count from, the working directory; options: words that replace the file's
    """
    try:
        return _made(name, table, options, folder, LONGEST_CHAIN)
    except ConfigError as error:
        if name in str(error):
            raise
        raise type(error)(f"{name}: {error}") from None


def scenario_from_text(name: str, text: str) -> Scenario:
    """A scenario from the text of a file, as a result keeps it."""
    import tomllib

    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"the scenario kept as {shown(name)} cannot be read: {error}") from None
    return from_table(name, table)


def _made(
    name: str, table: Mapping[str, Any], options: Mapping[str, str], folder: Path, chain: int
) -> Scenario:
    """A file says what to change of its base, or of a scenario that has nothing but a model."""
    for key in (*table, *options):
        if key not in KEYS:
            raise ScenarioError(f"'{key}' is not a key of a scenario.{nearest(key, KEYS)}")
    words = {key: table[key] for key in WORDS if key in table} | {k: v for k, v in options.items() if v}
    for key, word in words.items():
        if key != "parts" and not isinstance(word, str):
            raise ScenarioError(f"{key} = {shown(word)} is not text; put it into quotes.")
    start = _base(name, table, words, folder, chain)
    values: dict[str, Any] = {key: table[key] for key in PLAIN if key in table}
    values |= {key: word for key, word in words.items() if "base" in table}
    beyond: list[Any] = []
    for key in ROWS:
        if key in table:
            rows = _rows(table[key], key, folder)
            if key == "interventions":
                beyond = [row for row in rows if row.get(BEYOND) is True]
                rows = [row for row in rows if row not in beyond]
            values[key] = (*_kept(start, key, rows), *rows)
    if "cells" in table:
        if not isinstance(table["cells"], Mapping):
            raise ScenarioError(f"cells = {shown(table['cells'])} is not a table, such as {{ lesion = 40 }}.")
        values |= {f"{layer}.cells": count for layer, count in table["cells"].items()}
    if "initial" in table:
        if not isinstance(table["initial"], Mapping):
            raise ScenarioError(f"initial = {shown(table['initial'])} is not a table of species and amounts.")
        values["initial"] = {**start.initial, **table["initial"]}
    values |= parameters_in(table.get("parameters", {}), "[parameters]")
    try:
        made = _with_beyond(typed(start, {"name": name, **values}), beyond)
        return _treated(made, table.get(TREATMENTS, []))
    except ConfigError:
        raise
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:  # a list for a word
        raise ScenarioError(
            f"this is no scenario: {type(error).__name__}, {error}. Compare it with sim/data/scenarios."
        ) from None


def _base(
    name: str, table: Mapping[str, Any], words: Mapping[str, Any], folder: Path, chain: int
) -> Scenario:
    if "base" in table:
        base = table["base"]
        if not isinstance(base, str):
            raise ScenarioError(f"base = {shown(base)} is not the name or path of a scenario.")
        return _scenario(folder / base if is_path(base) else base, {}, chain - 1)
    if "layers" not in table:
        raise ScenarioError(
            "a scenario needs layers, such as layers = [{ name = 'tissue', cells = 50 }], or the name of "
            "another as its base."
        )
    constants, law = words.get("constants", CONSTANTS), words.get("growth_law", library.GROWTH_LAWS[0])
    parts = named_parts(words.get("parts", ()))
    made = standard_model(constants, law, parts)
    return Scenario(name, made, constants=constants, growth_law=law, parts=parts)


def _treated(made: Scenario, words: object) -> Scenario:
    """The scenario under the treatments that are listed."""
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ScenarioError(
            f"{TREATMENTS} = {shown(words)} is not a list of texts, as ['etidronate@3day..10day']."
        )
    for word in words:
        made = made.treated(word)
    return made


def _rows(given: object, key: str, folder: Path) -> list[Any]:
    """Tables of a list; pictures are looked for in the folder of the file."""
    if not isinstance(given, list):
        raise ScenarioError(f"{key} = {shown(given)} is not a list of tables.")
    for row in given:
        if not isinstance(row, Mapping):
            raise ScenarioError(f"{key}: {shown(row)} is not a table.")
    if key == "courses":
        return [_read_from(row, folder) for row in given]
    return [_found_from(row, folder) for row in given] if key in ("regions", "maps") else given


def _kept(start: Scenario, key: str, rows: list[Any]) -> list[Any]:
    """Rows of the base: a course of the file takes the place of that which it has of the same."""
    new = {row.get("of") for row in rows} if key == "courses" else set()
    return [row for row in getattr(start, key) if key != "courses" or row.of not in new]


def _with_beyond(made: Scenario, rows: list[Any]) -> Scenario:
    """The scenario with interventions that are said to lie beyond its end, as a file has it that was saved
    of a shortened one."""
    if not rows:
        return made
    cuts = [from_keys(Intervention, {k: v for k, v in row.items() if k != BEYOND}, made.name) for row in rows]
    return replace(made, interventions=(*made.interventions, *cuts))


def _read_from(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The table of a course, its file looked for in this folder and read."""
    found = dict(table)
    if isinstance(found.get("file"), str):
        found["file"] = os.path.join(folder, found["file"])
    return found


def _found_from(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    found = dict(table)
    if isinstance(found.get("of"), list):
        found["of"] = [_found_from(t, folder) if isinstance(t, Mapping) else t for t in found["of"]]
    if isinstance(found.get("path"), str):
        found["path"] = os.path.join(folder, found["path"]) if str(folder) != "." else found["path"]
    return found
