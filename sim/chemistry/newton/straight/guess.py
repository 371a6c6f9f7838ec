"""First unknowns of fluids about which nothing is known, as vector code.

Components have no partners but H+ (and OH-), and activity coefficients are those of all components set free;
the pH is where the acidity then balances, found by bisection.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

from sim.chemistry.newton.records import SMALLEST_I, FluidEquations
from sim.chemistry.newton.straight.newton_step import Fluids
from sim.chemistry.newton.straight.rows import FluidNumbers, GroupAtWork
from sim.chemistry.newton.straight.species import families
from sim.codegen.functions import fma, log, minimum, select, sqrt
from sim.codegen.registers import Registers, Vec

LEAST_H, MOST_H = math.exp(-46.0), math.exp(5.0)  # activities of H between which the guess looks
ROUNDS = 8
LARGEST_GUESS = 0.5  # mol/kgw, of I


class HostPowers:
    """Species of one component beside H, or of H alone, by the power of H in them.

    of: {component, or -1 for H alone: {power: species}}    weights: (component, power) in order
    """

    def __init__(self, t: FluidEquations):
        r = t.reactions
        self.of: dict[int, dict[int, list[int]]] = {}
        for j, host in enumerate(r.host.tolist()):
            if host >= -1:
                entries = range(r.first[j], r.first[j + 1])
                power = sum(int(r.nu[i]) for i in entries if r.component[i] == r.h)
                self.of.setdefault(host, {}).setdefault(power, []).append(j)
        self.weights = [(k, power) for k, powers in self.of.items() for power in powers]


def guessed_ionic_strength(on: Registers, t: FluidEquations, total: Sequence[Vec]) -> Vec:
    """Of all components set free, at most LARGEST_GUESS."""
    r = t.reactions
    I = on.number(SMALLEST_I)
    for k, T in enumerate(total):
        z2 = float(r.classes[r.gamma_class[k], 0])
        if k != r.h and z2 != 0.0:
            I = fma(T, 0.5 * z2, I)
    return minimum(I, LARGEST_GUESS)


def store_weights(t: FluidEquations, hosts: HostPowers, group: GroupAtWork, numbers: FluidNumbers) -> None:
    """Of each component and power of H what its molality is multiplied with: sum of K/gamma."""
    r, nc = t.reactions, group.nc
    inverse_gamma = families(t, group.now().I, numbers.family).inverse_gamma
    for n, (k, power) in enumerate(hosts.weights):
        terms = [
            numbers.K.load(j) * inverse_gamma[2 * nc + 2 + int(r.gamma_class[j])] for j in hosts.of[k][power]
        ]
        group.work.store(group.rows.weight + n, _sum(terms))


def narrow(t: FluidEquations, hosts: HostPowers, group: GroupAtWork) -> None:
    """Halve the range of ln a(H) in which the acidity balances."""
    rows, load, h = group.rows, group.work.load, t.reactions.h
    low, high = load(rows.low), load(rows.high)
    a = sqrt(low * high)
    parts = _Parts(hosts, group, a)
    acidity = -load(rows.total + h)
    for k, powers in hosts.of.items():
        moved = [float(p) * parts.of[k, p] for p in powers if p != 0]
        if not moved or k == h:
            continue
        if k == -1:
            acidity = acidity + _sum(moved)
        else:
            acidity = fma(load(rows.total + k), _sum(moved) / parts.sum(k), acidity)
    above = acidity > 0.0
    group.work.store(rows.low, select(above, low, a))
    group.work.store(rows.high, select(above, a, high))


def guess(t: FluidEquations, hosts: HostPowers, group: GroupAtWork, at_pH: FluidNumbers) -> None:
    """Unknowns of cold fluids at the pH that was found, or that is given."""
    rows, load, h = group.rows, group.work.load, t.reactions.h
    now = group.now()
    a = select(at_pH.at_pH, now.activity[h], sqrt(load(rows.low) * load(rows.high)))
    parts = _Parts(hosts, group, a)
    x, activity = list(now.x), list(now.activity)
    for k in range(group.nc):
        if k == h:
            x[k], activity[k] = select(at_pH.at_pH, x[k], log(a)), a
            continue
        activity[k] = load(rows.total + k) / parts.sum(k)
        absent = load(rows.held + k) > 0.5
        x[k], activity[k] = select(absent, 0.0, log(activity[k])), select(absent, 0.0, activity[k])
    group.put(Fluids(x, activity, now.I, now.L), load(rows.cold) > 0.5)


class _Parts:
    """Sums of K/gamma a(H)^power by component and power: the molalities at an activity of 1."""

    def __init__(self, hosts: HostPowers, group: GroupAtWork, a: Vec):
        self.hosts = hosts
        self.of: dict[tuple[int, int], Vec] = {}
        powers = {1: a, -1: 1.0 / a}

        def to_the(p: int) -> Vec:
            if p not in powers:
                sign = 1 if p > 0 else -1
                powers[p] = to_the(p - sign) * powers[sign]
            return powers[p]

        for n, (k, p) in enumerate(hosts.weights):
            weight = group.work.load(group.rows.weight + n)
            self.of[k, p] = weight * to_the(p) if p else weight

    def sum(self, k: int) -> Vec:
        """Of a component."""
        return _sum([self.of[k, p] for p in self.hosts.of[k]])


def _sum(parts: list[Vec]) -> Vec:
    return reduce(lambda a, b: a + b, parts)
