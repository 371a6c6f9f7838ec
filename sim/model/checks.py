"""What is refused when a model is put together, each in a sentence; and its parameters put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from sim.chemistry.constants_sets import constants_set, constants_sets
from sim.chemistry.pore_water import transported
from sim.errors import ModelError, nearest
from sim.jit.callables import called, check_value, plain_function
from sim.model.collector import Sum
from sim.model.formulas import in_package, read_formula
from sim.model.process import Derived, Kernel, Process, arguments, group
from sim.model.species import Coefficient, Species
from sim.model.words.names import OMEGA, TIME, UNACCOUNTED, check_free, check_pool
from sim.model.words.spelling import check_word
from sim.parameters import Parameter, Parameters
from sim.units import parse_unit


def check_names(
    species: Sequence[Species],
    processes: Sequence[Process],
    derived: Sequence[Derived],
    fields: Iterable[str],
) -> None:
    """Refuse names that stand twice, and those that results use or that formulas could not say."""
    fields = list(fields)
    for name in fields:
        check_word(name, "a field")
    seen: dict[str, str] = {TIME: "the time"}
    taken = [(s.name, "a species") for s in species]
    taken += [(o, "a derived quantity") for d in derived for o in d.outputs]
    taken += [(f, "a field") for f in fields]
    for name, what in taken:
        if name in seen:
            raise ModelError(f"'{name}' is both {seen[name]} and {what}; names must differ.")
        seen[name] = what
    called = {"processes": [p.name for p in processes], "derived quantities": [d.name for d in derived]}
    for what, names in called.items():
        for name in names:
            if names.count(name) > 1:
                raise ModelError(f"two {what} are called '{name}'; names must differ.")
    check_free((s.name for s in species), fields, (o for d in derived for o in d.outputs))
    for s in species:
        if s.name.startswith(f"{UNACCOUNTED}_") and s.pool != UNACCOUNTED:
            raise ModelError(
                f"'{s.name}' cannot name a species: what processes make or lose is counted in species of "
                "such names. Choose another name."
            )
        if s.contains:
            check_pool(s.pool or s.name, s.name)


def check_solubility(derived: Iterable[Derived], solids: Iterable[Species]) -> None:
    """Refuse a saturation of a phase that nobody knows: results would leave it out without a word."""
    plain = [(d.name, o.removeprefix(OMEGA)) for d in derived if not isinstance(d.formula, Kernel)
             for o in d.outputs if o.startswith(OMEGA)]  # fmt: skip
    if not plain:
        return
    known = dict.fromkeys(m for name in constants_sets() for m in constants_set(name).minerals)
    known |= dict.fromkeys(s.solid.phase for s in solids if s.solid is not None)
    for owner, phase in plain:
        if phase not in known:
            raise ModelError(
                f"{owner}: '{OMEGA}{phase}' is the saturation of a phase, and there is no phase '{phase}'; "
                f"choose another name.{nearest(phase, known)}"
            )


def check_ligands(ligands: Sequence[str], species: Iterable[Species]) -> None:
    """Refuse ligands of the pore water that are no mobile species."""
    transported(ligands)  # which refuses those that no fluid has
    mobile = {s.name: s.mobile for s in species}
    for name in ligands:
        if not mobile.get(name):
            what = "does not diffuse" if name in mobile else "is no species of the model"
            raise ModelError(
                f"the ligand {name} {what}, and only what is dissolved binds ions of the pore water: give a "
                f"table [species.{name}] with a diffusivity in a file of reactions."
            )


def check_formula(owner: Derived | Process, allowed: set[str]) -> dict[str, str]:
    """Refuse arguments that stand for nothing. Call the formula once in plain Python, so that mistakes
    come back as sentences. Returns what the names in a formula of one's own stand for."""
    for need in owner.needs:
        if need not in allowed:
            at = called(owner.formula) if callable(owner.formula) else "its kernel"
            raise ModelError(
                f"{owner.name}: '{need}' in {at}({', '.join(owner.needs)}) is not a species, "
                f"derived quantity, field or parameter of {owner.name}."
                f"{nearest(need, allowed)}"
            )
    if isinstance(owner.formula, Kernel):
        return {}
    outputs = len(owner.outputs) if isinstance(owner, Derived) else 1
    n = len(arguments(owner.formula, owner.name))
    meanings = {} if in_package(owner) else dict(read_formula(owner).meanings)  # now: the file may change
    _try(owner.formula, owner.name, n, outputs, isinstance(owner, Process))
    return meanings


def check_meanings(owner: Derived | Process, before: Mapping[str, str]) -> None:
    """Refuse a formula whose constants and helpers are others than when its model was put together."""
    now = read_formula(owner).meanings
    for name, meaning in before.items():
        if now.get(name) != meaning:
            raise ModelError(
                f"{owner.name}: {name} was {meaning} when the model was put together, and is "
                f"{now.get(name, 'not there')} now. Put the model together again; a number that is to be "
                "changed is best a parameter of the process (sim.Parameter)."
            )


def check_changes(process: Process, species: Sequence[str], parameters: Iterable[str]) -> None:
    """Refuse changes of what is no species, by what is neither a number nor a parameter."""
    for target, n in process.changes.items():
        if target not in species:
            raise ModelError(
                f"{process.name} changes '{target}', which is not a species of the model."
                f"{nearest(target, species)}"
            )
        check_coefficients((n,), process.name, parameters)


def check_coefficients(values: Iterable[Coefficient], owner: str, parameters: Iterable[str]) -> None:
    """Refuse coefficients that are neither numbers nor parameters."""
    for value in values:
        if isinstance(value, tuple | list):
            check_coefficients(value, owner, parameters)
        elif isinstance(value, str) and value.lstrip("-") not in parameters:
            raise ModelError(
                f"{owner}: '{value}' is neither a number nor a parameter.{nearest(value, parameters)}"
            )


def together(
    shared: Parameters, species: Iterable[Species], owners: Iterable[Derived | Process]
) -> Parameters:
    """Every parameter: the shared ones, molar volumes of solids, and those of formulas by `full_names`.

    Formulas of one group may share a parameter; two of one name that differ are refused.
    """
    owners = list(owners)
    found = {name: (p, "the shared parameters of the model") for name, p in shared.items()}
    for s in species:
        if s.solid is not None:
            name = s.solid.volume_name
            before, first = found.setdefault(name, (s.solid.volume, f"the solid {s.name}"))
            if _differ(before, s.solid.volume):
                raise ModelError(
                    f"{name} is {before.text()} in {first} and {s.solid.volume.text()} in the solid "
                    f"{s.name}: one name cannot have two values. Give the solid another name, or the volume "
                    "that there is."
                )
    names = full_names(owners, {name: p for name, (p, _) in found.items()})
    for owner in owners:
        for key, p in owner.parameters.items():
            name = names[owner.name, key]
            before, first = found.setdefault(name, (p, f"'{owner.name}'"))
            if _differ(before, p):
                raise ModelError(_clash(name, p, owner, before, first))
    return Parameters({name: p for name, (p, _) in found.items()})


def full_names(
    owners: Iterable[Derived | Process], shared: Mapping[str, Parameter]
) -> dict[tuple[str, str], str]:
    """{(formula's name, argument): full name of its parameter}: "<group>.<argument>" for all of a group.

    Formulas of one's own called "group: part" that do not agree with the others of the group on the number
    have it to themselves, as "group: part.argument": what was written down for each is what acts.
    """
    by_name: dict[str, list[tuple[Derived | Process, str, Parameter]]] = {}
    for owner in owners:
        for key, p in owner.parameters.items():
            by_name.setdefault(f"{group(owner.name)}.{key}", []).append((owner, key, p))
    found = {}
    for name, members in by_name.items():
        values = [shared[name]] if name in shared else []
        values += [p for _, _, p in members]
        agreed = not any(_differ(values[0], p) for p in values[1:])
        for owner, key, _ in members:
            own = not agreed and owner.name != group(owner.name) and not in_package(owner)
            found[owner.name, key] = f"{owner.name}.{key}" if own else name
    return found


def _differ(one: Parameter, other: Parameter) -> bool:
    """Whether two parameters are different numbers; another source or range of one number does no harm."""
    if one is other:
        return False
    return one.si != other.si or parse_unit(one.unit).dimension != parse_unit(other.unit).dimension


def _clash(name: str, p: Parameter, owner: Derived | Process, before: Parameter, first: str) -> str:
    base, _, argument = name.rpartition(".")
    return (
        f"{name} is {before.text()} in {first} and {p.text()} in '{owner.name}': parameters belong to the "
        f"group '{base}', the name up to a colon, and one name cannot have two values. Give '{owner.name}' a "
        f"group of its own ('own_{base}'), or the argument '{argument}' another name; to change the "
        f"number for all of the group, use with_parameters({{'{name}': ...}})."
    )


def _try(formula: Callable, owner: str, n_arguments: int, n_outputs: int, rate: bool) -> None:
    name = called(formula)
    try:
        with np.errstate(all="ignore"):
            call = formula if isinstance(formula, Sum) else plain_function(formula)
            value = call(*[1.0] * n_arguments)
    except ArithmeticError:
        return  # 1.0 everywhere may be a pole of a sound formula
    except Exception as e:
        if str(e) == "math domain error":  # a logarithm's or a root's
            return
        raise ModelError(f"{owner}: {name}(1.0, ...) fails: {e}") from e
    try:
        check_value(value, name, n_outputs, rate)
    except ModelError as error:
        raise ModelError(f"{owner}: {error}") from None
