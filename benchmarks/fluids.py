"""Fluids that speciation is measured on: tissue in trouble, and random ones from anywhere."""

from __future__ import annotations

import numpy as np

from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import SolvedFluids, solve_totals
from sim.chemistry.tables import SpeciationTables

COMPONENTS = ("Ca", "P", "C", "H", "Mg", "Na", "K", "Cl")
KELVIN = 310.15
EXP = 20

# Plasma-like totals [mol/kgw] and the factors they vary by, either way.
TISSUE = {"Ca": (2e-3, 3.0), "P": (3e-3, 4.0), "C": (2e-2, 2.0), "Mg": (1e-3, 2.0),
          "Na": (0.14, 1.2), "K": (2e-2, 4.0), "Cl": (0.12, 1.2)}  # fmt: skip
# Anything from nearly pure water to brine [mol/kgw].
ANYTHING = {"Ca": (1e-8, 0.3), "P": (1e-8, 0.3), "C": (1e-8, 0.3), "Mg": (1e-8, 0.3),
            "Na": (1e-6, 0.7), "K": (1e-6, 0.5), "Cl": (1e-6, 1.0)}  # fmt: skip


def tables() -> SpeciationTables:
    """The set that tests/data/phreeqc/hap_rec.dat holds as well, at 37 degC."""
    return constants_set("tissue-37C").tables(COMPONENTS, KELVIN)


def tissue_fluids(count: int, seed: int = 1) -> tuple[SpeciationTables, np.ndarray, SolvedFluids]:
    """Tables, totals (count, 8) with acidity [mol/kgw] of pH 6-7.8, and the solution."""
    random = np.random.default_rng(seed)
    totals = np.zeros((count, len(COMPONENTS)))
    for name, (middle, factor) in TISSUE.items():
        totals[:, COMPONENTS.index(name)] = middle * factor ** random.uniform(-1, 1, count)
    return _solved(totals, random.uniform(6.0, 7.8, count))


def random_fluids(count: int, seed: int = 2) -> tuple[SpeciationTables, np.ndarray, SolvedFluids]:
    """The same from log-uniform totals over many decades and pH 2-12; one component in eight absent."""
    random = np.random.default_rng(seed)
    totals = np.zeros((count, len(COMPONENTS)))
    for name, (low, high) in ANYTHING.items():
        k = COMPONENTS.index(name)
        totals[:, k] = np.exp(random.uniform(np.log(low), np.log(high), count))
        totals[random.random(count) < 0.125, k] = 0.0
    return _solved(totals, random.uniform(2.0, 12.0, count))


def _solved(totals: np.ndarray, pH: np.ndarray) -> tuple[SpeciationTables, np.ndarray, SolvedFluids]:
    t = tables()
    found = solve_totals(t, totals, pH)
    return t, found.totals, found


def work_of_newton(t: SpeciationTables, totals: np.ndarray, start: np.ndarray, sample: int = 100):
    """Mean Newton steps of a sample of fluids, and flops of one fluid at that, counted by hand.

    A step: activities of the components (exp), species (products), sums and matrix (each pair of
    components of a species), Cholesky and four substitutions.
    """
    from sim.chemistry.newton.one.solve import solve_fluid

    nc, ns = totals.shape[1], len(t.species)
    m, lng, work = np.zeros(ns), np.zeros(ns), np.zeros(t.work_size)
    free, steps = np.zeros(nc, np.uint8), []
    for i in range(min(sample, totals.shape[0])):
        x = start[i].copy()
        steps.append(solve_fluid(totals[i].copy(), free, x, m, lng, work, t.reactions)[1])
    pairs = (t.nu != 0).sum(axis=1)
    species = float(np.abs(t.nu).sum() + 2 * ns + (4 * pairs + pairs * (pairs + 1)).sum())
    step = EXP * (nc + 4) + species + nc**3 / 3 + 4 * 2 * nc**2
    mean = float(np.mean(steps))
    return mean, (mean + 1) * step
