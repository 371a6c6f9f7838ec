"""The compiled library model against its formulas, called one by one in plain Python."""

import numpy as np
from reference import busy, rates

import sim
from sim.run.segments import Builder

# Crystals of 12 nm [m-3]; whatever else is immobile is a share of its scale.
CRYSTALS, SIZE = 4e20, 12e-9


def state(system, start, share, rng):
    """A state whose every species is there, all in plenty but for colloid, which has room left."""
    u = system.split(start)[0].copy()
    for k, s in enumerate(system.model.species):
        if s.mobile:
            u[:, k] = (u[:, k] + 0.1 * s.scale) * rng.uniform(0.9, 1.1)
            u[:, k] *= share if s.name in ("Ca", "P") else 1.0
        elif s.name.startswith("hap_m"):
            u[:, k] = CRYSTALS * SIZE ** int(s.name[-1])
        else:
            u[:, k] = s.scale * rng.uniform(0.1, 0.9) * (0.1 if "colloid" in s.name else 1.0)
    return u


def difference(pH, share, perfusion, rng):
    """({species: relative difference of its rate}, processes that go on) in a stirred cell.

    share: of the calcium and phosphate that the scenario starts with
    """
    more = {"lesion.perfusion": perfusion, "lesion.ENPP1": 1.5, "lesion.device": sim.Parameter(1e19, "1/m3"),
            "lesion.pH_hold": 7.0, "lesion.pH": sim.Parameter(pH)}  # fmt: skip
    builder = Builder(busy("well_mixed", {"lesion": 1, "border": 1}).with_parameters(more))
    (segment,) = builder.segments()
    system = segment.system
    y, dy = np.zeros(system.size), np.zeros(system.size)
    u, _ = system.split(y)
    u[:] = state(system, builder.initial(system), share, rng)
    system.rhs(0.0, y, dy)
    derived, by_process, _ = system.evaluate(0.0, y)
    (water,) = (d for d in system.model.derived if d.name == "speciation")
    found = rates(system, 0.0, 0, u[0], {o: derived[o][0] for o in water.outputs})
    off = np.abs(system.split(dy)[0][0] - found) / (np.abs(found) + 1e-12 * system.scale)
    species = [s for s in system.model.species if perfusion == "0 1/min" or not s.mobile]
    index = {s.name: k for k, s in enumerate(system.model.species)}
    return {s.name: off[index[s.name]] for s in species}, {n for n, r in by_process.items() if r[0] != 0}


def test_compiled_right_hand_side_is_the_formulas():
    """All reactions, in waters that dissolve and in waters that precipitate, with blood and without.

    What blood brings is transport, which other tests judge: with it, immobile species alone are compared.
    """
    rng = np.random.default_rng(4)
    went = set()
    for pH, share in ((5.0, 0.01), (6.0, 1.0), (7.4, 1.0)):
        for perfusion in ("0 1/min", "1 1/min"):
            off, moved = difference(pH, share, perfusion, rng)
            went |= moved
            print(pH, perfusion, max(off.values()))
            assert max(off.values()) < 1e-9, {n: x for n, x in off.items() if x > 1e-9}
    still = {p.name for p in sim.library.model().processes} - went
    assert not still, "these were compared at rest alone"
