"""A burst of nucleation whose number of crystals is known exactly."""

import math

import sim

A, K, SITES = 2e14, 1e-3, 1e15  # m-3 s-1, 1/s, m-3
D0, SPAN = 2e-9, 4000.0  # m, s
VOLUME_HAP = 1.6e-4  # m3/mol


def rate(burst, hap_m0, sites):
    """J falls as the burst does, and as sites fill."""
    return A * burst * (1.0 - hap_m0 / sites if sites > 0 else 1.0)


def diameter(t):
    return D0 * (1.0 + t / SPAN)


def length(J, d):
    return J * d


def square(J, d):
    return J * d * d


def amount(J, d):
    return J * math.pi / 6.0 * d**3 / VOLUME_HAP


def itself(J):
    return J


def first_order(burst, k):
    return k * burst


def toy() -> sim.Model:
    """A burst of nucleation with an exact course: m0, m1, m2, HAP by integrals of exponentials."""
    S, P = sim.Species, sim.Process
    return sim.Model(
        (
            S("Ca", diffusivity=1e-9, contains={"Ca": 1}),
            S("HAP", scale=1e-10, contains={"Ca": 5}),
            S("hap_m0", scale=1e12, unit="m-3"),
            S("hap_m1", scale=1e3, unit="m-2"),
            S("hap_m2", scale=1e-6, unit="m-1"),
            S("burst", unit="1", initial=1.0),
        ),
        (
            P("decay", first_order, {"burst": -1}, {"k": sim.Parameter(K, "1/s")}),
            P("nucleation: number", itself, {"hap_m0": 1}, inputs={"J": "nucleation_rate"}),
            P("nucleation: length", length, {"hap_m1": 1}, inputs={"J": "nucleation_rate", "d": "size"}),
            P("nucleation: area", square, {"hap_m2": 1}, inputs={"J": "nucleation_rate", "d": "size"}),
            P("nucleation: amount", amount, {"Ca": -5, "HAP": 1},
              inputs={"J": "nucleation_rate", "d": "size"}),
        ),
        (sim.Derived("nucleation_rate", rate), sim.Derived("size", diameter)),
        {"sites": (0.0, "m-3", "sites, without end when 0")},
        name="burst",
    )  # fmt: skip


def scenario(cells=1000, cell=10e-6, **changes):
    """A closed line of equal cells, 10 um wide in a cross-section of 10 um by 10 um unless said."""
    values = {"tissue.thickness": sim.Parameter(cells * cell, "m")}
    made = sim.Scenario(
        "burst", toy(), layers=(("tissue", cells),), outer="closed", duration=SPAN, parameters=values,
        initial={"Ca": 1.0},
    )  # fmt: skip
    return made.with_(**changes)
