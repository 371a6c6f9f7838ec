"""The parameters of a model from all its parts, each name with one meaning."""

from __future__ import annotations

from collections.abc import Iterable

from sim.errors import ModelError
from sim.model.process import Derived, Process, group
from sim.model.species import Species
from sim.parameters import Parameter, Parameters
from sim.units import parse_unit


def together(
    shared: Parameters, species: Iterable[Species], owners: Iterable[Derived | Process]
) -> Parameters:
    """Every parameter: the shared ones, molar volumes of solids, and "<group>.<argument>" of formulas.

    Formulas of one group may share a parameter; two of one name that differ are refused.
    """
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
    for owner in owners:
        for key, p in owner.parameters.items():
            name = f"{group(owner.name)}.{key}"
            before, first = found.setdefault(name, (p, f"'{owner.name}'"))
            if _differ(before, p):
                raise ModelError(_clash(name, p, owner, before, first))
    return Parameters({name: p for name, (p, _) in found.items()})


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
