"""The second entry of a generated module: reactions of whole blocks of cells over a stretch of time.

A Rosenbrock method of four stages whose last stage is the error and completes the step. A block has
steps of its own, by its worst cell. Every stage is stoichiometry times rates and the derivatives are
those of the rates, so what reactions conserve is conserved to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.binder.rosenbrock import RODAS3

REACTION_KERNELS = ("net", "decompose", "substitute", "mix", "worst")
METHOD = RODAS3


class Control(NamedTuple):
    """What decides the steps of reactions: tolerances, relative and (n, s) absolute; the scales of the
    species; whether rates depend on the time itself.

    guess (blocks,): step to begin with [s], 0 for none
    counts (blocks, 4): steps, rejected steps, evaluations of the rates, 1 where no step succeeds
    """

    rtol: float
    atol: np.ndarray
    scale: np.ndarray
    timed: bool
    guess: np.ndarray
    counts: np.ndarray


def coefficients() -> dict[str, object]:
    """What the text below holds of the method."""
    m = METHOD
    return {
        "STAGES": len(m.m), "LAST": len(m.m) - 1, "GAMMA": m.gamma, "STAGES_BEFORE": m.a, "BEFORE": m.b,
        "FRESH": m.fresh, "ALPHA": m.alpha, "TIME_SHARE": m.share,
    }  # fmt: skip


REACT = '''
@kernel(cache=False)
def rates_at(t, z, V, p, memory, stoichiometry, failed, f<EXTRA>):
    W = V.reshape((<ROWS>, <LANES>))
    copy(z, 0, z.shape[0], W, 0)
    laws(V, p, t, memory, failed<EXTRA>)
    net(W, <RATE_ROWS>, stoichiometry, f)


@kernel(nogil=True)
def react(first, last, t0, t1, y, cells, control, stoichiometry, operations, order, work):
    """y (n, s) of blocks first..last from t0 to t1; c and porosity of `cells` at the end.

    control: see sim.binder.rodas; order: an Elimination of all species; the other records are those of
    sim.binder.records."""
    n_s, rate_entries = y.shape[1], operations.process.size
    guess, count, rtol, p = control.guess, control.counts, control.rtol, cells.parameters
    V, D, memory = work.rows, work.D, cells.memory
<SPACES>    failed, kept, base = np.zeros(<LANES>), np.zeros((2, <LANES>)), np.zeros((<WIDEST>, <LANES>))
    R, A = np.zeros((rate_entries, <LANES>)), np.zeros((order.n_entries, <LANES>))
    u, z, f0, ft, f, floor = (np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)),
                              np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)))
    STAGES_BEFORE, BEFORE, FRESH = <STAGES_BEFORE>, <BEFORE>, <FRESH>
    ALPHA, TIME_SHARE = <ALPHA>, <TIME_SHARE>
    K, sums = np.zeros((<STAGES>, n_s, <LANES>)), np.zeros(<LANES>)
    W = V.reshape((<ROWS>, <LANES>))
    for b in range(first, last):
        i = b * <LANES>
        load(y, i, u, 0)
        load(control.atol, i, floor, 0)
        load(cells.fields, i, W, <FIELDS>)
        t, h, fresh, after_failure, unsolved = t0, guess[b], True, False, 0
        if not h > 0.0:
            h = t1 - t0
        while t < t1:
            final = t + h >= t1 - 1e-9 * h
            dt = t1 - t if final else h
            if fresh:
                failed[:] = 0.0
                rates_at(t, u, V, p, memory[b], stoichiometry, failed, f0<EXTRA>)
                count[b, 2] += 1
                unsolved = 0
                for lane in range(min(<LANES>, y.shape[0] - i)):
                    if failed[lane] != 0.0:
                        cells.failures[b] += 1
                        unsolved += 1
                slopes(V, p, t, memory[b], operations, D, kept, base, R<EXTRA>)
                fresh = False
            K[:] = 0.0
            if control.timed:
                rates_at(t + 1e-5 * dt, u, V, p, memory[b], stoichiometry, failed, ft<EXTRA>)
                count[b, 2] += 1
                mix(ft, 1e5 / dt, ft, -1e5 / dt, f0, K, (0.0, 0.0, 0.0))
            g = <GAMMA> * dt
            bad = unsolved + decompose(R, g, order, A)
            failed[:] = 0.0
            f[:] = f0
            for stage in range(<STAGES>):
                if FRESH[stage]:
                    a = STAGES_BEFORE[stage]
                    mix(z, 1.0, u, 0.0, f0, K, a)
                    rates_at(t + ALPHA[stage] * dt, z, V, p, memory[b], stoichiometry, failed, f<EXTRA>)
                    count[b, 2] += 1
                share, before = TIME_SHARE[stage], BEFORE[stage]
                mix(K[stage], g, f, share * g * dt, ft, K, before)
                substitute(A, control.scale, order, K[stage])
            mix(z, 1.0, z, 1.0, K[<LAST>], K, (0.0, 0.0, 0.0))
            error = worst(u, z, K[<LAST>], floor, rtol, sums)
            for lane in range(<LANES>):
                if failed[lane] != 0.0:
                    bad += 1
            if bad == 0 and error <= 1.0:
                most = 1.0 if after_failure else 6.0
                grown = dt * min(most, max(0.3, 0.9 * max(error, 1e-6) ** (-1.0 / 3.0)))
                if t == t0:
                    guess[b] = grown  # the next stretch begins with a transient like this one's
                h = grown
                t = t1 if final else t + dt
                u[:] = z
                count[b, 0] += 1
                fresh, after_failure = True, False
            else:
                count[b, 1] += 1
                after_failure = True
                if bad == 0 and error > 1.0 and error < np.inf:
                    h = dt * max(0.1, 0.9 * error ** (-1.0 / 3.0))
                else:
                    h = 0.1 * dt
                if not h > 1e-13 * (t1 - t0):
                    count[b, 3] = 1
                    break
        rates_at(t, u, V, p, memory[b], stoichiometry, failed, f<EXTRA>)
        count[b, 2] += 1
        store(W, 0, i, y)
        store(W, <PORE>, i, cells.c)
        store(W, <POROSITY>, i, cells.porosity)
'''
