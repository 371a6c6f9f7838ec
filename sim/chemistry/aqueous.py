"""Speciation of the pore water of one cell: from transported totals to what kinetics ask for.

Totals of Ca, P, C and acidity H change in a simulation; Mg, Na, K and Cl are uniform backgrounds.
The kernel is called from generated code for every cell and every evaluation, with the cell's last
solution as its first guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.chemistry.activity import water_density
from sim.chemistry.constants_sets import ConstantsSet, constants_set
from sim.chemistry.solids import solids, solids_by_phase
from sim.chemistry.speciation import solve
from sim.errors import SpeciationError
from sim.jit.kernel import kernel

COMPONENTS = ("Ca", "P", "C", "H", "Mg", "Na", "K", "Cl")
TRANSPORTED = 4
BACKGROUND = COMPONENTS[TRANSPORTED:]
PHASES = tuple(solids_by_phase(solids()))  # solids whose saturation is computed unless told otherwise
MEMORY = len(COMPONENTS) + 2
WATER_OUTPUTS = {
    "pH": "1", "ionic_strength": "mol kg-1", "Ca_free": "mol m-3", "P_free": "mol m-3", "C_free": "mol m-3",
    "Mg_free": "mol m-3", "a_Ca": "1", "a_PO4": "1",
}  # fmt: skip

# Totals this small [mol/kgw] are rounded away from zero, so that a trial state at the integrator's
# tolerance below zero still has a solution; relative error (1e-12/2T)^2 at total T.
TINY = 1e-12

# A set of constants without a solid: its ln Omega is -1000, and the solid never forms.
NEVER = 1000.0


def outputs_of(phases: Sequence[str] = PHASES) -> dict[str, str]:
    """{name: unit} of what `aqueous` computes, in order."""
    return WATER_OUTPUTS | {f"ln_omega_{m}": "1" for m in phases}


def tables(
    constants: str | ConstantsSet,
    temperature: float,
    background: dict[str, float],
    phases: Sequence[str] = PHASES,
) -> tuple:
    """Trailing arguments of `aqueous`: temperature [K], background totals [mol m-3], solids whose
    saturation is computed."""
    chosen = constants_set(constants) if isinstance(constants, str) else constants
    t = chosen.tables(COMPONENTS, temperature)
    if t.components != COMPONENTS:
        raise AssertionError(f"components came back as {t.components}")
    nu_of, water_of, ln_K = (np.zeros((len(phases), len(COMPONENTS))), np.zeros(len(phases)),
                             np.full(len(phases), NEVER))  # fmt: skip
    for i, mineral in enumerate(phases):
        if mineral in t.minerals:
            k = t.minerals.index(mineral)
            nu_of[i], water_of[i] = t.mineral_nu[k], t.mineral_water[k]
            ln_K[i] = t.mineral_log_K[k] * math.log(10.0)
    density = water_density(temperature)
    total = np.array([0.0] * TRANSPORTED + [background[b] / density for b in BACKGROUND])
    nu = t.nu != 0
    others = [k for k, c in enumerate(COMPONENTS) if c not in ("P", "H")]
    free_P = np.flatnonzero(nu[:, 1] & ~nu[:, others].any(axis=1))
    others = [k for k, c in enumerate(COMPONENTS) if c not in ("C", "H")]
    free_C = np.flatnonzero(nu[:, 2] & ~nu[:, others].any(axis=1))
    return (
        density, total, np.zeros(len(COMPONENTS), np.uint8), np.zeros(len(t.species)),
        np.zeros(len(t.species)), np.zeros(t.work_size),
        nu_of, water_of, ln_K,
        free_P, free_C, t.species.index("PO4"), t.species.index("Mg"), *t.arrays,
    )  # fmt: skip


@kernel(cache=False)
def aqueous(
    inputs, memory, outputs,
    density, total, is_fixed, m, lng, work, mineral_nu, mineral_water, mineral_ln_K,
    free_P, free_C, PO4, Mg, *arrays,
):  # fmt: skip
    """outputs (`outputs_of`) from inputs (Ca, P, C, H) [mol m-3 pore water]; 0, or 1 when unsolved."""
    for k in range(4):
        total[k] = inputs[k] / density
        if k < 3:
            total[k] = 0.5 * (total[k] + math.sqrt(total[k] * total[k] + TINY * TINY))
    status = solve(total, is_fixed, memory, m, lng, work, *arrays)[0]
    if status != 0:
        memory[total.size] = math.nan  # forget the guess
        status = solve(total, is_fixed, memory, m, lng, work, *arrays)[0]
    n = total.size
    outputs[0] = -memory[3] / math.log(10.0)
    outputs[1] = memory[n]
    outputs[2] = m[0] * density
    outputs[3] = 0.0
    for j in free_P:
        outputs[3] += m[j] * density
    outputs[4] = 0.0
    for j in free_C:
        outputs[4] += m[j] * density
    outputs[5] = m[Mg] * density
    outputs[6] = math.exp(memory[0])
    outputs[7] = m[PO4] * math.exp(lng[PO4])
    for i in range(mineral_ln_K.size):
        ln_omega = mineral_water[i] * memory[n + 1] - mineral_ln_K[i]
        for k in range(n):
            if mineral_nu[i, k] != 0.0:
                ln_omega += mineral_nu[i, k] * memory[k]
        outputs[8 + i] = ln_omega
    return 1 if status != 0 else 0


# Not cached here: it calls another file, and a cache sees only its own.


def acidity_at(pH: float, Ca: float, P: float, C: float, arguments: tuple) -> float:
    """Acidity H [mol m-3] that gives this pH with totals Ca, P, C [mol m-3]; arguments: `tables`."""
    density, total, is_fixed, m, lng, work, *rest = arguments
    arrays = rest[7:]
    given, fixed = total.copy(), is_fixed.copy()
    given[:3] = np.array([Ca, P, C]) / density
    fixed[3] = 1
    x = np.full(MEMORY, np.nan)
    x[3] = -pH * math.log(10.0)
    status = solve(given, fixed, x, m, lng, work, *arrays)[0]
    if status != 0:
        raise SpeciationError(
            f"no equilibrium was found for Ca = {Ca:g}, P = {P:g}, C = {C:g} mM at pH {pH:g}."
        )
    nu_start, nu_component, nu = arrays[3], arrays[4], arrays[5]
    acidity = 0.0
    for j in range(m.size):
        for i in range(nu_start[j], nu_start[j + 1]):
            if nu_component[i] == 3:
                acidity += nu[i] * m[j]
    return float(acidity * density)
