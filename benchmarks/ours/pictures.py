"""How long does a picture of an instrument take, warm, and is its physics right at that size?"""

from __future__ import annotations

import numpy as np

from benchmarks.measuring.timing import Clock

QUESTION = "How long do a scan of 128^3 cells and a stained section of a million pixels take, warm?"
SIDE, QUICK_SIDE = 128, 48
STEP = 0.125e-3  # m, of the cells of the scan
CHI = -1e-6
LIMIT = 0.02  # of the root mean square of the field outside a sphere


def field_error(side: int) -> float:
    """Of the field of a sphere of a quarter of the volume's width, relative to the exact root mean square."""
    from sim.imaging.resonance.dipole import dipole_field

    c = (np.arange(side) - 0.5 * (side - 1)) * STEP
    z, y, x = np.meshgrid(c, c, c, indexing="ij")
    r = np.sqrt(x * x + y * y + z * z)
    radius = side * STEP / 8
    found = dipole_field(np.where(r < radius, CHI, 0.0), (STEP,) * 3)
    exact = CHI / 3 * (radius / r) ** 3 * (3 * (z / r) ** 2 - 1)
    out = (r > 1.2 * radius) & (r < 3 * radius)
    return float(np.sqrt(np.mean((found - exact)[out] ** 2) / np.mean(exact[out] ** 2)))


def ball(side: int) -> np.ndarray:
    """Calcium [mol m-3] of a sphere of a quarter of the width."""
    c = np.arange(side) - 0.5 * (side - 1)
    z, y, x = np.ix_(c, c, c)
    return np.where(z * z + y * y + x * x < (side / 8) ** 2, 1000.0, 0.0)


def run(quick: bool) -> dict:
    """The section."""
    import sim

    side, repeat = (QUICK_SIDE, 1) if quick else (SIDE, 5)
    calcium = ball(side)
    result = sim.simulate(sim.scenario("tb_caseous").changed({"duration": "30 day"}))
    wide = "0.4 mm" if quick else "2 mm"
    calls = {
        f"gradient echo, five echoes, {side}^3 cells": lambda: sim.imaging.gradient_echo(
            calcium, (STEP,) * 3
        ),
        f"section, H&E, {wide} at 5x": lambda: sim.imaging.histology(
            result, magnification=5, width=wide, height=wide
        ),
    }
    rows = []
    for name, call in calls.items():
        call()
        clock = Clock()
        for _ in range(repeat):
            clock.time(call)
        rows.append({"picture": name, **clock.spread()})
    error = field_error(side)
    checks = [
        {"what": f"field of a sphere in {side}^3 cells against the exact one", "value": error, "limit": LIMIT,
         "passed": error < LIMIT or quick}
    ]  # fmt: skip
    return {"question": QUESTION, "checks": checks, "notes": [], "tables": {"pictures": rows}}
