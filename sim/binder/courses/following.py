"""Numbers of a run that follow courses, for compiled code: they are put where constants stand, in place.

So whatever reads a number, of whichever solver, reads what it is at the time of the evaluation; nothing else
knows that it changes. Where nothing follows a course, nothing is done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.codegen.call import call
from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH


class Entries(NamedTuple):
    """Entry e: place at[e] of a flat array holds base[e] + weight[e] times the value of curve which[e]."""

    at: np.ndarray
    which: np.ndarray
    weight: np.ndarray
    base: np.ndarray


class Following(NamedTuple):
    """Curves, and where their values go.

    first (q + 1,): where the rows of each curve begin; times (k,) [s] and pieces (k, d): see `Curve`
    now (q,): values at time[0] [s]
    numbers, outside, plasma, perfusion, fields: places in the arrays of those names
    routine (0 or 1,): address of what renews numbers that follow from others; read, made: its columns
    work (numbers, WIDTH), flat: it works there; empty where the numbers lie lane by lane themselves
    size: numbers of a run
    """

    first: np.ndarray
    times: np.ndarray
    pieces: np.ndarray
    now: np.ndarray
    time: np.ndarray
    numbers: Entries
    outside: Entries
    plasma: Entries
    perfusion: Entries
    fields: Entries
    routine: np.ndarray
    read: np.ndarray
    made: np.ndarray
    work: np.ndarray
    size: int


class Followers(NamedTuple):
    """Arrays in which numbers stand that may follow courses, all flat."""

    numbers: np.ndarray
    outside: np.ndarray
    plasma: np.ndarray
    perfusion: np.ndarray
    fields: np.ndarray


@plain_kernel(cache=False)
def value_at(f, q, t):
    """The value of curve q at a time."""
    low, high = f.first[q], f.first[q + 1] - 1
    if t <= f.times[low]:
        return f.pieces[low, 0]
    if t >= f.times[high]:
        return f.pieces[high, 0]
    while high - low > 1:
        middle = (low + high) // 2
        if f.times[middle] <= t:
            low = middle
        else:
            high = middle
    x = (t - f.times[low]) / (f.times[low + 1] - f.times[low])
    value = 0.0
    for j in range(f.pieces.shape[1] - 1, -1, -1):
        value = value * x + f.pieces[low, j]
    return value


@plain_kernel(cache=False)
def put(places, now, array):
    """Values into their places."""
    for e in range(places.at.size):
        array[places.at[e]] = places.base[e] + places.weight[e] * now[places.which[e]]


@plain_kernel(cache=False)
def renew(f, numbers):
    """Numbers that follow from others."""
    address = f.routine[0]
    if f.work.size == 0:
        each = f.size * WIDTH
        for k in range(numbers.size // each):
            call(address, 0, 1, WIDTH, (numbers[k * each : (k + 1) * each],))
        return
    work = f.work
    for column in f.read:
        for lane in range(WIDTH):
            work[column * WIDTH + lane] = numbers[column]
    call(address, 0, 1, WIDTH, (work,))
    for column in f.made:
        numbers[column] = work[column * WIDTH]


@plain_kernel(nogil=True)
def follow(f, t, arrays):
    """Have the arrays (Followers) hold what they should at a time [s]."""
    if f.now.size == 0 or f.time[0] == t:
        return
    f.time[0] = t
    for q in range(f.now.size):
        f.now[q] = value_at(f, q, t)
    put(f.numbers, f.now, arrays.numbers)
    put(f.outside, f.now, arrays.outside)
    put(f.plasma, f.now, arrays.plasma)
    put(f.perfusion, f.now, arrays.perfusion)
    put(f.fields, f.now, arrays.fields)
    if f.routine.size > 0:
        renew(f, arrays.numbers)
