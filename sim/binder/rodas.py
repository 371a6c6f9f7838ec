"""The second entry of a generated module: reactions of whole blocks of cells over a stretch of time.

Rodas3 (Sandu, Verwer, Blom, Spee, Carmichael & Potra 1997, Benchmarking stiff ODE solvers for
atmospheric chemistry problems II: Rosenbrock solvers, Atmos. Environ. 31:3459, table 1): four stages,
order 3(2), L-stable and stiffly accurate, in the form without products by the Jacobian. A block has
steps of its own, by its worst cell. Every stage is stoichiometry times rates and the derivatives are
those of the rates, so what reactions conserve is conserved to rounding.
"""

from __future__ import annotations

REACTION_KERNELS = ("net", "decompose", "substitute", "mix", "worst")

# Of stage i: what it takes of h gamma h df/dt, and of the stages before it.
TIME_SHARE = (0.5, 1.5, 0.0, 0.0)
BEFORE = ((0.0, 0.0, 0.0), (2.0, 0.0, 0.0), (0.5, -0.5, 0.0), (0.5, -0.5, -4.0 / 3.0))

REACT = '''
@kernel(cache=False)
def rates_at(t, z, V, W, p, memory, failed, row, column, value, f<EXTRA>):
    copy(z, 0, z.shape[0], W, 0)
    laws(V, p, t, memory, failed<EXTRA>)
    net(W, <RATE_ROWS>, row, column, value, f)


@kernel(nogil=True)
def react(first, last, t0, t1, y, x, p, memory, failures, c, porosity, rtol, atol, guess, count,
          row, column, value, partial, at_pores, at_kernels, target, factor, source, first_g, rate_entries,
          scale, timed, factor_entries, ones, assemble, ops, forward, backward,
          V, D, G, work<EXTRA>):
    """y (n, s) of blocks first..last from t0 to t1; c (n, m), porosity (n, 1) at the end.

    guess (blocks,): step to begin with, 0 for none; count (blocks, 4) gains steps, rejected steps,
    evaluations of the rates, and 1 where no step succeeds."""
    n_s = y.shape[1]
    failed, kept, base = np.zeros(<LANES>), np.zeros((2, <LANES>)), np.zeros((<WIDEST>, <LANES>))
    R, A = np.zeros((rate_entries, <LANES>)), np.zeros((factor_entries, <LANES>))
    u, z, f0, ft, f, floor = (np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)),
                              np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)), np.zeros((n_s, <LANES>)))
    TIME_SHARE, BEFORE = <TIME_SHARE>, <BEFORE>
    K, sums = np.zeros((4, n_s, <LANES>)), np.zeros(<LANES>)
    W = V.reshape((<ROWS>, <LANES>))
    for b in range(first, last):
        i = b * <LANES>
        load(y, i, u, 0)
        load(atol, i, floor, 0)
        load(x, i, W, <FIELDS>)
        t, h, fresh, after_failure, unsolved = t0, guess[b], True, False, 0
        if not h > 0.0:
            h = t1 - t0
        while t < t1:
            final = t + h >= t1 - 1e-9 * h
            dt = t1 - t if final else h
            if fresh:
                failed[:] = 0.0
                rates_at(t, u, V, W, p, memory[b], failed, row, column, value, f0<EXTRA>)
                count[b, 2] += 1
                unsolved = 0
                for lane in range(min(<LANES>, y.shape[0] - i)):
                    if failed[lane] != 0.0:
                        failures[b] += 1
                        unsolved += 1
                slopes(V, p, t, memory[b], partial, at_pores, at_kernels, D, kept, base<EXTRA>)
                chain(target, factor, source, D, G)
                copy(G, first_g, rate_entries, R, 0)
                fresh = False
            K[:] = 0.0
            if timed:
                rates_at(t + 1e-5 * dt, u, V, W, p, memory[b], failed, row, column, value, ft<EXTRA>)
                count[b, 2] += 1
                mix(ft, 1e5 / dt, ft, -1e5 / dt, f0, K, 0.0, 0.0, 0.0)
            g = 0.5 * dt
            bad = unsolved + decompose(R, g, ones, assemble, ops, A)
            failed[:] = 0.0
            f[:] = f0
            for stage in range(4):
                if stage >= 2:
                    mix(z, 1.0, u, 0.0, f0, K, 2.0, 0.0, stage - 2.0)
                    rates_at(t + dt, z, V, W, p, memory[b], failed, row, column, value, f<EXTRA>)
                    count[b, 2] += 1
                share, before = TIME_SHARE[stage], BEFORE[stage]
                mix(K[stage], g, f, share * g * dt, ft, K, before[0], before[1], before[2])
                substitute(A, scale, forward, backward, K[stage])
            mix(z, 1.0, z, 1.0, K[3], K, 0.0, 0.0, 0.0)
            error = worst(u, z, K[3], floor, rtol, sums)
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
        rates_at(t, u, V, W, p, memory[b], failed, row, column, value, f<EXTRA>)
        count[b, 2] += 1
        store(W, 0, i, y)
        store(W, <PORE>, i, c)
        store(W, <POROSITY>, i, porosity)
'''
