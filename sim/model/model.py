"""A model: species + fields + derived quantities + processes, checked when it is put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from sim.errors import ModelError, nearest
from sim.jit.written import learn, texts_of
from sim.model.checks import (
    check_changes,
    check_coefficients,
    check_formula,
    check_meanings,
    check_names,
    check_solubility,
    full_names,
    together,
)
from sim.model.coefficients import Written
from sim.model.collector import Sum
from sim.model.formulas import in_package, read_formula
from sim.model.process import Derived, Process, coefficient, group, named_by
from sim.model.species import Species
from sim.model.words.model_tables import model_html, model_table
from sim.model.words.names import TIME, UNACCOUNTED
from sim.parameters import Parameters
from sim.parameters.name_table import NameTable
from sim.public import public


@dataclass(frozen=True)
class Model:
    """What happens in a cell. Frozen; `with_...` returns a changed copy.

    fields: {name: (default, unit, description)}, quantities that vary in space but not in time.
    shared: parameters that belong to no formula (diffusivities, cell pools, molar volumes).
    """

    species: tuple[Species, ...] = ()
    processes: tuple[Process, ...] = ()
    derived: tuple[Derived, ...] = ()
    fields: dict[str, tuple[float, str, str]] = field(default_factory=dict)
    shared: Parameters = field(default_factory=lambda: Parameters({}))
    name: str = "model"

    def __post_init__(self) -> None:
        object.__setattr__(self, "derived", tuple(_collected(d, self.species) for d in self.derived))
        self._check()
        _ = self.order

    @public
    def with_species(self, *species: Species) -> Model:
        """A copy with species added, or replaced where the name exists."""
        return replace(self, species=_merge(self.species, species))

    @public
    def with_process(self, *processes: Process) -> Model:
        """A copy with processes added, or replaced where the name exists."""
        return replace(self, processes=_merge(self.processes, processes))

    @public
    def with_derived(self, *derived: Derived) -> Model:
        """A copy with derived quantities added, or replaced where the name exists."""
        return replace(self, derived=_merge(self.derived, derived))

    @public
    def without(self, *names: str) -> Model:
        """A copy without the named processes; "group" removes all of "group: ..."."""
        known = {p.name for p in self.processes} | {group(p.name) for p in self.processes}
        for n in names:
            if n not in known:
                raise ModelError(f"no process is called '{n}'.{nearest(n, known)}")
        kept = tuple(p for p in self.processes if not {p.name, group(p.name)} & set(names))
        return replace(self, processes=kept)

    def __getstate__(self) -> dict:
        """The fields alone: what is cached beside them holds modules that another process has not loaded.

        And the texts of its own formulas: a function of a main script or a notebook travels without its file.
        """
        owners: list[Derived | Process] = [*self.derived, *self.processes]
        functions = [f for x in owners if not in_package(x) for f in read_formula(x).functions]
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return fields | {"texts": texts_of(functions), "meanings": self.meanings}

    def __setstate__(self, state: dict) -> None:
        learn(state.pop("texts"))
        self.__dict__.update(state)

    def check_meanings(self) -> None:
        """Refuse a model of which a formula names a constant or a helper that was changed since it was put
        together: what was compiled already would have the old one, what is compiled next the new one."""
        owners: tuple[Derived | Process, ...] = (*self.derived, *self.processes)
        for owner, before in zip(owners, self.meanings, strict=True):
            if before:
                check_meanings(owner, before)

    @cached_property
    def meanings(self) -> tuple[dict[str, str], ...]:
        """What names in formulas of one's own stand for: found when the model is put together, by derived
        quantity and process in their order."""
        owners: tuple[Derived | Process, ...] = (*self.derived, *self.processes)
        return tuple(check_formula(owner, self.names_for(owner)) for owner in owners)

    @cached_property
    def kept(self) -> dict[object, Any]:
        """What others made of this model (sim.binder.kept); a copy or another process starts without."""
        return {}

    @cached_property
    def parameters(self) -> Parameters:
        """Every parameter, "<group>.<argument>" and the shared ones. Two that differ under one name are
        refused: the formulas of one of them would silently take the number of the other."""
        return together(self.shared, self.species, (*self.derived, *self.processes))

    @cached_property
    def parameter_names(self) -> dict[tuple[str, str], str]:
        """{(name of a formula, argument): full name of the parameter that it takes}."""
        held = {s.solid.volume_name: s.solid.volume for s in self.species if s.solid is not None}
        return full_names((*self.derived, *self.processes), held | dict(self.shared))

    @cached_property
    def written_changes(self) -> tuple[np.ndarray, np.ndarray, Written]:
        """The stoichiometry by entries: species, process, and what a unit of the process changes of it."""
        index = {s.name: k for k, s in enumerate(self.species)}
        entries = [(index[s], q, v) for q, p in enumerate(self.processes) for s, v in p.changes.items()]
        rows, columns = (np.array([e[k] for e in entries], np.int64) for k in (0, 1))
        return rows, columns, Written([e[2] for e in entries], len(entries))

    @cached_property
    def written_contents(self) -> Written:
        """What each species contains, (elements, species)."""
        given = [s.contains.get(e, 0.0) for e in self.elements for s in self.species]
        return Written(given, len(self.elements), len(self.species))

    @cached_property
    def written_diffusivities(self) -> Written:
        """Diffusivities of the mobile species [m2/s]."""
        given = [s.diffusivity for s in self.species if s.mobile]
        return Written(given, len(given))

    @cached_property
    def solids(self) -> tuple[Species, ...]:
        """The species that are solids, in their order."""
        return tuple(s for s in self.species if s.solid is not None)

    @cached_property
    def mobile(self) -> tuple[str, ...]:
        """Names of the species that diffuse."""
        return tuple(s.name for s in self.species if s.mobile)

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """What species contain and the ledger adds up."""
        return tuple(dict.fromkeys(e for s in self.species for e in s.contains))

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Names of the derived quantities, in order of evaluation."""
        return tuple(o for d in self.order for o in d.outputs)

    @cached_property
    def order(self) -> tuple[Derived, ...]:
        """Derived quantities so that each comes after what it needs; a ring is refused."""
        made = {o: d for d in self.derived for o in d.outputs}
        done: list[Derived] = []

        def visit(d: Derived, path: tuple[str, ...]):
            if d in done:
                return
            if d.name in path:
                raise ModelError(f"derived quantities need each other: {' -> '.join((*path, d.name))}.")
            for need in d.needs:
                if need in made:
                    visit(made[need], (*path, d.name))
            done.append(d)

        for d in self.derived:
            visit(d, ())
        return tuple(done)

    def imbalance(self, values: dict[str, float]) -> dict[tuple[str, str], float]:
        """{(process, element): net production per unit of rate} where it is not zero."""
        key = tuple(values.get(name) for name in self._named_by_coefficients)
        if key in self._imbalances:
            return dict(self._imbalances[key])
        found: dict[tuple[str, str], float] = {}
        contains = {s.name: {e: coefficient(v, values) for e, v in s.contains.items()} for s in self.species}
        for p in self.processes:
            change = {k: coefficient(v, values) for k, v in p.changes.items()}
            for e in self.elements:
                parts = [n * contains[k].get(e, 0.0) for k, n in change.items()]
                if abs(sum(parts)) > 1e-12 * sum(map(abs, parts)):
                    found[p.name, e] = sum(parts)
        self._imbalances.clear()
        self._imbalances[key] = found
        return dict(found)

    @cached_property
    def _named_by_coefficients(self) -> tuple[str, ...]:
        """Parameters that changes of processes and contents of species name."""
        given = [v for p in self.processes for v in p.changes.values()]
        given += [v for s in self.species for v in s.contains.values()]
        return tuple(dict.fromkeys(name for v in given for name in named_by(v)))

    @cached_property
    def _imbalances(self) -> dict[tuple[float | None, ...], dict[tuple[str, str], float]]:
        """The last answer of `imbalance`: a run asks several times."""
        return {}

    def balanced(self, values: dict[str, float]) -> Model:
        """A copy in which what a process makes or loses of an element is counted as a species.

        "unaccounted_Ca" and the like: immobile, in a ledger pool of their own. A sink written
        down without saying where things go thus stays visible, and everything else checkable.
        """
        model = self
        for (name, element), amount in self.imbalance(values).items():
            sink = f"{UNACCOUNTED}_{element}"
            if sink not in {s.name for s in model.species}:
                model = model.with_species(
                    Species(sink, contains={element: 1}, pool=UNACCOUNTED, signed=True,
                            description=f"{element} that processes took away and did not put anywhere")
                )  # fmt: skip
            process = next(p for p in model.processes if p.name == name)
            changes = {**process.changes, sink: -amount}
            model = model.with_process(replace(process, changes=changes))
        return model

    def names_for(self, owner: Process | Derived) -> set[str]:
        """Everything a formula of `owner` may name."""
        return (
            {s.name for s in self.species}
            | {o for d in self.derived for o in d.outputs}
            | set(owner.parameters)
            | set(self.fields)
            | {TIME}
            | {n for n in self.parameters if "." in n}
        )

    def _check(self) -> None:
        """Refuse what does not fit together, in a sentence."""
        check_names(self.species, self.processes, self.derived, self.fields)
        check_solubility(self.derived, self.solids)
        parameters = self.parameters  # refuses names that clash
        _ = self.meanings  # calls and reads every formula
        known = [s.name for s in self.species]
        for p in self.processes:
            check_changes(p, known, parameters)
        for s in self.species:
            check_coefficients((*s.contains.values(), s.diffusivity, s.initial), s.name, parameters)

    @public
    def table(self, what: str = "species") -> NameTable:
        """What it is made of, with units and descriptions: "species" with the processes that change each,
        "processes" with what each changes, "quantities" or "fields". To print, search, or as HTML."""
        return model_table(self, what)

    def _repr_html_(self) -> str:
        return model_html(self, repr(self))

    def __repr__(self) -> str:
        return (
            f"Model({self.name}: {len(self.species)} species ({len(self.mobile)} mobile), "
            f"{len(self.derived)} derived, {len(self.processes)} processes, "
            f"{len(self.parameters)} parameters)"
        )


def _collected(d: Derived, species: tuple[Species, ...]) -> Derived:
    """A derived quantity; one that is a Sum, over the species there are now."""
    if not isinstance(d.formula, Sum):
        return d
    formula, weights = d.formula.over(species)
    renamed = {a: n for a, n in d.inputs.items() if a in formula.arguments}
    return replace(d, formula=formula, inputs=renamed | weights)


def _merge(old: tuple, new: Iterable) -> tuple:
    """`old` with same-named entries replaced and the others appended."""
    entries = {x.name: x for x in old}
    entries.update({x.name: x for x in new})
    return tuple(entries.values())
