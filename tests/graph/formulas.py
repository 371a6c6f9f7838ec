"""Formulas that tests read into a graph: of the kinds that people write."""

from __future__ import annotations

import math

import numpy as np

from sim.kinetics.smooth import ramp, saturating

HALF = 0.25
WEIGHTS = 3


def early(x, y, k):
    if x <= 0.0:
        return 0.0
    if y > 1.0:
        return x / y
    return k * x * y


def nested(x, y, k):
    if x > 0.5:
        if y > 0.5:
            return x * y
        z = x + k
    elif x > 0.0:
        z = math.sqrt(x)
    else:
        z = -x
    return z * y


def conditional(x, y, k):
    share = x / (x + k) if x > 0.0 else (y if y > k else 0.0)
    return share + (x > y) + (not x > y) * 2.0


def logic(x, y, k):
    if x > 0.0 and y > 0.0 or not (k < 1.0):
        return 1.0 + x
    if 0.2 < x < 0.8:
        return 2.0
    return (x > 0.0 or y) + (x and y)


def loops(x, y, k):
    total = 0.0
    pairs = ((x, 1.0), (y, k), (x * y, 2.0))
    for n, f in pairs:
        if n > 0.1:
            quicker = 0.0
            for other, g in pairs:
                if g < f:
                    quicker += other
                elif g == f:
                    quicker += 0.5 * other
            total += n * quicker
    for j in range(1, WEIGHTS):
        total += j * x**j
    return total


def leaving(x, y, k):
    total, count = 0.0, 0.0
    for j in range(5):
        if total > k:
            break
        if j * y > 1.0:
            continue
        if x + j > 4.0:
            return -1.0
        total += x * j
        count += 1.0
    else:
        count += 100.0
    j = 0
    while j < 3:
        j += 1
        total *= 1.0 + y / j
    return total + count


def leaving_inside(x, y, k):
    total = 0.0
    for i in range(3):
        for j in range(3):
            if x * j > y:
                continue
            if x + j > k + 1.5:
                break
            total += x + i
        total += 10.0 * y  # also where the turns within were left
    return total


def called(x, y, k):
    return ramp(x, HALF) * saturating(y, k) + ramp(y, HALF)


def library(x, y, k):
    a = math.exp(-x) + math.expm1(y) + math.log(abs(x) + 1e-3) + math.log1p(abs(y)) + math.log10(k)
    b = math.tanh(x) + np.sqrt(abs(y)) + math.sinh(0.3 * x) + math.cosh(y) + math.hypot(x, y) + math.pi
    c = max(x, y, 0.2) + min(x, y) + abs(x) + math.floor(3.0 * x) + math.fabs(y) + np.maximum(x, k)
    return a + b + c + pow(abs(x), 1.5) + 10.0 ** (x - y) + np.where(x > y, x, y) + np.clip(x, 0.0, 0.5)


def powers(x, y, k):
    return x**2 + y**3 + x**0 + (abs(x) + 0.1) ** -2 + (abs(y) + 0.1) ** 0.5 + (x + 3.0) ** k + x**4.0


def table(x, y, k):
    return np.interp(x, (-0.5, 0.0, 0.7, 1.0), (1.0, 2.0, 0.5, k)) + sum((x, y, k)) + len((x, y))


def several(x, y, k):
    first, second = (x, y) if x > y else (y, x)
    return first, second - first * k


def guarded(x, y, k):
    """Overflow and poles in the branch that is not taken."""
    if x < 0.1:
        return x
    return math.exp(-k / (x - 0.1) ** 2) / (x - 0.1) + math.exp(1e3 * (0.1 - x)) + y / x


FORMULAS = (
    early, nested, conditional, logic, loops, leaving, leaving_inside, called, library, powers, table,
    several, guarded,
)  # fmt: skip


def whole(x, y, k):
    return x // y


def by_state(x, y, k):
    total = 0.0
    while total < x:
        total += k
    return total


def long_loop(x, y, k):
    for _ in range(1000):
        x = x * y
    return x


def many_steps(x, y, k):
    for _ in range(150):
        for _ in range(150):
            x = x + y * k
    return x


def itself(x, y, k):
    return itself(x - 1.0, y, k) if x > 0.0 else y


def other_lengths(x, y, k):
    pair = (x, y) if x > y else (x, y, k)
    return pair[0]


def place_by_state(x, y, k):
    row = (x, y)
    return row[int(k)]


def gamma_of(x, y, k):
    return math.gamma(x)


UNREADABLE = {
    whole: "whole-number division",
    by_state: "how often a loop runs",
    long_loop: "range of up to 200",
    many_steps: "more than 50_000 steps",
    itself: "more than 40 deep",
    other_lengths: "rows of different lengths",
    place_by_state: "int has no place",
    gamma_of: "math.gamma has no place",
}
