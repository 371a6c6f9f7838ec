"""Reactions as tables (an equation, a law found by name, what the law reads), made into processes.

A file of reactions holds one table a reaction, and may bring `[species.NAME]` (as data/species.toml) and
`[parameters.GROUP]` (as data/processes.toml) of its own.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sim import kinetics
from sim.chemistry.solids import Solid
from sim.errors import ModelError, listing, nearest, shown
from sim.model.process import Process, arguments, group
from sim.model.species import Coefficient
from sim.model.words.names import OMEGA
from sim.parameters import Parameter, Parameters
from sim.parameters.sections import LONGEST_TEXT, Section
from sim.parameters.wording import wording

KEYS = ("equation", "law", "rate", "reads", "unbalanced", "description")
TEMPLATE = "template_"
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)+")


@dataclass(frozen=True)
class Reaction:
    """One table of a file of reactions; see data/reactions.toml for the keys."""

    name: str
    equation: str
    where: str
    changes: dict[str, Coefficient]
    law: str = ""
    rate: str = ""
    reads: Mapping[str, str] = field(default_factory=dict)
    unbalanced: bool = False
    description: str = ""

    def process(self, table: Parameters, solids: Mapping[str, Solid], phases: Mapping[str, Solid]) -> Process:
        """The process. table: "<group>.<argument>"; solids by name, and by phase of a set of constants."""
        self._check_parameters({*table, *(s.volume_name for s in solids.values())})
        if self.rate:
            return Process(
                self.name, the_rate_itself, self.changes, {}, {"rate": self.rate}, self.description
            )
        formula = laws()[self.law]
        inputs = self._inputs(arguments(formula, self.name), solids)
        own = own_parameters(self.name, formula, inputs, table)
        phase = inputs.get("ln_omega", "").removeprefix(OMEGA)
        if "nu" in arguments(formula, self.name) and "nu" not in (own | inputs) and phase in phases:
            own = _in_order(own | {"nu": ions_of(phases[phase], group(self.name))}, formula, self.name)
        return Process(self.name, formula, self.changes, own, inputs, self.description)

    def _check_parameters(self, known: Iterable[str]) -> None:
        """Refuse dotted names, of what the law reads and of coefficients, that are no parameters."""
        coefficients = [v.removeprefix("-") for v in self.changes.values() if isinstance(v, str)]
        for name in (*self.reads.values(), *coefficients):
            if "." in name and name not in known:
                raise ModelError(f"{self.where}: '{name}' is not a parameter.{nearest(name, known)}")

    def _inputs(self, names: tuple[str, ...], solids: Mapping[str, Solid]) -> dict[str, str]:
        """What arguments stand for; those that follow from the solid it reads need not be said."""
        inputs = dict(self.reads)
        solid = solids.get(inputs.get("solid", ""))
        if solid is not None:
            follow = {"template": TEMPLATE + solid.name, "molar_volume": solid.volume_name}
            if solid.phase:
                follow["ln_omega"] = OMEGA + solid.phase
            inputs |= {a: n for a, n in follow.items() if a in names and a not in inputs}
        for a in inputs:
            if a not in names:
                raise ModelError(
                    f"{self.where}: the law {self.law}({', '.join(names)}) has no argument '{a}' to read."
                    f"{nearest(a, names)}"
                )
        return inputs


def the_rate_itself(rate):
    """A rate that a derived quantity already holds."""
    return rate


@lru_cache
def laws() -> dict[str, Callable]:
    """{"<file>.<function>": every formula of sim/kinetics}."""
    found = {}
    for item in pkgutil.iter_modules(kinetics.__path__):
        module = importlib.import_module(f"{kinetics.__name__}.{item.name}")
        for name, value in vars(module).items():
            if callable(value) and getattr(value, "__module__", "") == module.__name__ and name[0] != "_":
                found[f"{item.name}.{name}"] = value
    return found


def own_parameters(
    name: str, formula: Callable, inputs: Mapping[str, str], table: Parameters
) -> dict[str, Parameter]:
    """The parameters that the table has for a formula under the group of `name`."""
    keys = {a: f"{group(name)}.{a}" for a in arguments(formula, name) if a not in inputs}
    return {a: table[key] for a, key in keys.items() if key in table}


def ions_of(solid: Solid, of: str) -> Parameter:
    """The number of ions in a formula unit, as a parameter. of: the group of processes that it belongs to"""
    note = f"counted in {solid.formula}, water left out"
    said = wording("parameters", "nu", title=solid.title, group=of).description
    return Parameter(solid.nu, "1", solid.nu, solid.nu, "this_work", "derived", note, said)


def read_reactions(content: Mapping[str, Any], where: str) -> dict[str, Reaction]:
    """The reactions of tables already read; `where` names them in errors."""
    return {name: _reaction(name, table, f"{where}: [{name}]") for name, table in content.items()}


def check_species(reactions: Iterable[Reaction], known: Iterable[str]) -> None:
    """Refuse what an equation names and nobody knows."""
    names = tuple(known)
    for r in reactions:
        for s in r.changes:
            if s not in names:
                raise ModelError(
                    f"{r.where}: '{s}' in {r.equation} is neither a species nor a solid.{nearest(s, names)}"
                )


def unbalanced(reactions: Iterable[Reaction], off: Mapping[tuple[str, str], float]) -> str:
    """A sentence on the first reaction that makes or loses an element without saying so, or ""."""
    for r in reactions:
        parts = [f"{n:+.6g} {element}" for (name, element), n in off.items() if name == r.name]
        if parts and not r.unbalanced:
            return (
                f"{r.where}: {r.equation} does not balance, it makes {', '.join(parts)} out of nothing; "
                "correct it, or write unbalanced = true to have the difference counted as unaccounted."
            )
    return ""


def changes_of(equation: str, where: str) -> dict[str, Coefficient]:
    """{species: coefficient} of "4 Ca + 3 P = OCP + 2 H"; parameters by dotted name, "a.b Ca = ..."."""
    sides = equation.split("=")
    if len(sides) != 2:
        raise ModelError(f"{where}: {shown(equation)} is not an equation such as '4 Ca + 3 P = OCP + 2 H'.")
    found: dict[str, Coefficient] = {}
    for sign, side in zip((-1, 1), sides, strict=True):
        for term in re.split(r"\s\+\s", side.strip()) if side.strip() else []:
            number, species = _term(term, equation, where)
            value: Coefficient = f"-{number}" if isinstance(number, str) and sign < 0 else number
            if not isinstance(number, str):
                value = sign * number
            if species in found:
                old = found[species]
                if isinstance(old, str | tuple) or isinstance(value, str | tuple):
                    raise ModelError(f"{where}: {species} stands twice in {equation}; write it once.")
                value = old + value
            found[species] = value
    kept = {s: v for s, v in found.items() if v != 0}
    if not kept:
        raise ModelError(f"{where}: {shown(equation)} changes nothing.")
    return kept


def _term(term: str, equation: str, where: str) -> tuple[int | float | str, str]:
    parts = term.split()
    if len(parts) == 1:
        parts = ["1", *parts]
    if len(parts) != 2 or not parts[1].isidentifier():
        raise ModelError(
            f"{where}: '{term.strip()}' in {shown(equation)} is not a species with a coefficient before "
            "it, such as '4 Ca' or 'acid.load H' (with a space between)."
        )
    number, species = parts
    if _DOTTED.fullmatch(number):
        return number, species
    try:
        value = int(number) if number.isdigit() else float(number)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ModelError(
            f"{where}: '{number}' before {species} is neither a positive number nor a parameter, "
            "such as acid.load."
        )
    return value, species


def _reaction(name: str, table: object, where: str) -> Reaction:
    given = Section(table, where, KEYS, ModelError)
    law, rate, equation = given.text("law"), given.text("rate"), given.text("equation", most=LONGEST_TEXT)
    reads = given.content.get("reads", {})
    if not equation.strip():
        raise ModelError(f"{where} lacks an equation such as '4 Ca + 3 P = OCP + 2 H'.")
    if not isinstance(reads, dict) or not all(isinstance(v, str) for v in reads.values()):
        raise ModelError(f"{where}: reads = {shown(reads)} must be names, as {{ solid = 'OCP' }}.")
    if bool(law) == bool(rate):
        raise ModelError(f"{where} needs either a law (a formula of sim/kinetics) or a rate (a quantity).")
    if law and law not in laws():
        raise ModelError(f"{where}: law = {shown(law)} is not a formula of sim/kinetics.{_nearest_law(law)}")
    return Reaction(
        name, equation, where, changes_of(equation, where), law, rate, reads,
        given.yes("unbalanced"), given.text("description", most=LONGEST_TEXT),
    )  # fmt: skip


def _nearest_law(given: str) -> str:
    """The nearest name, by the whole or by the part after the dot."""
    hint = nearest(given, laws())
    same = [name for name in laws() if name.partition(".")[2] == given.rpartition(".")[2]]
    return hint or (
        f" Did you mean {listing(same)}?" if same else f" There are {listing(sorted(laws()), 60)}."
    )


def _in_order(found: dict[str, Parameter], formula: Callable, name: str) -> dict[str, Parameter]:
    return {a: found[a] for a in arguments(formula, name) if a in found}
