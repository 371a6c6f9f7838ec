"""The two phases of a solve: full Newton, and a minimisation at frozen I and a_w that cannot fail."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

from sim.chemistry.newton.one.balances import evaluate_balances, largest_imbalance
from sim.chemistry.newton.one.factors import factorise, newton_step, substitute
from sim.chemistry.newton.one.work_space import BALANCED, Work
from sim.chemistry.newton.records import COLD, CONVERGED, SMALLEST_I, Reactions
from sim.jit.kernel import plain_kernel

LAST_STEP = 1e-7  # quadratic: what is left after a step this small is its square


@plain_kernel
def newton(total, x, m, limit, work: Work, t: Reactions):
    """Full Newton from x while the largest imbalance falls; returns (converged, iterations)."""
    y, trial = work.y, work.trial
    nc = total.size
    sum_m, I_of_m = evaluate_balances(x, total, m, work, t)
    r = largest_imbalance(x, sum_m, I_of_m, work, t)
    step = 1.0
    for iteration in range(limit):
        if r < CONVERGED or (step < LAST_STEP and r < 1e-11):
            return True, iteration
        if not r < 1e30:
            return False, iteration
        corner = factorise(m, work, t)
        dI, dL = newton_step(x, sum_m, I_of_m, corner, work, t)
        step = abs(dL)
        for k in range(nc):
            step = max(step, abs(y[k]))
        if not step < 1e3 or not abs(dI) < 1e3:
            return False, iteration
        damp = 1.0
        if step > 3.0:
            damp = 3.0 / step
        step = max(step, abs(dI) / (x[nc] + abs(dI)))
        accepted = False
        for _ in range(5):
            for k in range(nc):
                trial[k] = x[k] + damp * y[k]
            trial[nc] = max(x[nc] + damp * dI, 0.2 * x[nc], SMALLEST_I)
            trial[nc + 1] = max(min(x[nc + 1] + damp * dL, 0.0), -2.0)
            sum_m, I_of_m = evaluate_balances(trial, total, m, work, t)
            r_trial = largest_imbalance(trial, sum_m, I_of_m, work, t)
            if r_trial < r or r_trial < CONVERGED or (step < LAST_STEP and r_trial < 1e-11):
                accepted = True
                break
            damp *= 0.3
        if not accepted:
            return False, iteration
        r = r_trial
        for k in range(nc + 2):
            x[k] = trial[k]
    return r < 1e-12, limit


@plain_kernel
def minimise_frozen(total, x, m, tolerance, limit, work: Work, t: Reactions):
    """Minimise sum m - T.x at fixed I and a_w; returns (converged, iterations, sum m, I of m).

    The function is convex, so along a Newton direction its slope only rises: a step is right when
    that slope is negative still, or small.
    """
    off, y, trial, kind = work.off, work.y, work.trial, work.kind
    nc = total.size
    sum_m, I_of_m = evaluate_balances(x, total, m, work, t)
    for iteration in range(limit):
        factorise(m, work, t)
        for k in range(nc):
            if kind[k] != BALANCED:
                off[k] = 0.0
            y[k] = -off[k]
        substitute(work.A, y)
        step = 0.0
        descent = 0.0
        for k in range(nc):
            descent += off[k] * y[k]
            step = max(step, abs(y[k]))
        if not step < 1e300:
            return False, iteration, sum_m, I_of_m
        if step < tolerance:
            return True, iteration, sum_m, I_of_m
        damp = min(1.0, 4.0 / step)
        for _ in range(30):
            for k in range(nc):
                trial[k] = min(max(x[k] + damp * y[k], COLD + 1.0), 50.0)
            trial[nc] = x[nc]
            trial[nc + 1] = x[nc + 1]
            sum_m, I_of_m = evaluate_balances(trial, total, m, work, t)
            rising = 0.0
            for k in range(nc):
                if kind[k] == BALANCED:
                    rising += off[k] * y[k]
            if rising <= -0.5 * descent:
                break
            damp *= 0.5
        for k in range(nc):
            if kind[k] == BALANCED:
                x[k] = trial[k]
    return False, limit, sum_m, I_of_m
