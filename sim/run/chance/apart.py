"""The model in which crystals that were not drawn yet are apart from those that were."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from sim.model.model import Model
from sim.model.process import Derived, Kernel, Process, arguments

# process of the model -> (the moment it gives crystals, the same of those not yet drawn, and what
# one crystal of 10 nm has of it: for tolerances only)
BIRTHS = {
    "nucleation: number": ("hap_m0", "expected_m0", 1.0),
    "nucleation: length": ("hap_m1", "expected_m1", 1e-8),
    "nucleation: area": ("hap_m2", "expected_m2", 1e-16),
    "nucleation: amount": ("HAP", "expected_HAP", 3e-21),
}
EXPECTED = {moment: expected for moment, expected, _ in BIRTHS.values()}
Owner = TypeVar("Owner", Derived, Process)


def both(crystals, expected):
    """Crystals there and expected, for whatever depends on all of them."""
    return crystals + expected


def apart(model: Model) -> Model:
    """The model in which crystals not yet drawn have moments of their own.

    Births go to them. What changes crystals in proportion to their moments (growth, dissolution)
    gets a twin that does the same to them; everything else reads the sum of both.
    """
    sums = {moment: f"all_{moment}" for moment in EXPECTED}
    known = {s.name: s for s in model.species}
    species = [
        replace(known[moment], name=expected, initial=0.0, equilibrated=False, solid=None,
                description=f"{known[moment].description or moment} not yet drawn")
        for moment, expected in EXPECTED.items()
    ]  # fmt: skip
    derived = [
        Derived(sums[m], both, inputs={"crystals": m, "expected": e}, units=(known[m].unit,))
        for m, e in EXPECTED.items()
    ]
    derived += [_reading(d, sums) for d in model.derived]
    processes: list[Process] = []
    for p in model.processes:
        twin = replace(_reading(p, EXPECTED), changes={EXPECTED.get(s, s): c for s, c in p.changes.items()})
        if p.name in BIRTHS:
            processes.append(replace(_reading(p, sums), changes=twin.changes))
        elif EXPECTED.keys() & set(p.needs) and EXPECTED.keys() & p.changes.keys():
            processes += [p, replace(twin, name=f"{p.name} (not yet drawn)")]
        else:
            processes.append(_reading(p, sums))
    return replace(
        model, species=(*model.species, *species), derived=tuple(derived), processes=tuple(processes)
    )


def _reading(owner: Owner, new: dict[str, str]) -> Owner:
    """A process or derived quantity that reads other names; kernels read what they read."""
    formula = owner.formula
    if isinstance(formula, Kernel):
        return owner
    names = {a: owner.inputs.get(a, a) for a in arguments(formula, owner.name)}
    renamed = {a: new[n] for a, n in names.items() if n in new and a not in owner.parameters}
    return replace(owner, inputs=owner.inputs | renamed) if renamed else owner
