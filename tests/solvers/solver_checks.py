"""What every solver must fulfil, by its name in SOLVERS: order, agreement, conservation, manners.

The problem is that of uptake_problem: nonlinear, coupled, diffusing, not stiff, so that explicit methods can
take it too.
"""

import re
from dataclasses import replace

import numpy as np
from reference import run
from uptake_problem import SOON, exact, fixed, moving, problem

from sim.solvers import SOLVERS, Task, solver


def check_order(name):
    """Halving the step divides the error by 2^order.

    From so many steps that the error is a hundredth of a mol m-3; nearer than rounding and the tolerance of
    what is solved inside it proves nothing. A method with a small leading term may fall faster.
    """
    system, y = problem(moving(SOON / 20), 6)
    best = exact(system, y, SOON)

    def error(n):
        return np.abs(fixed(name, system, y, SOON / n, SOON) - best).max()

    n = 16
    while error(n) > 1e-2:
        n *= 2
    errors = [error(n), error(2 * n), error(4 * n)]
    assert errors[-1] > 1e-11, "too near to rounding to tell an order"
    found = float(np.log2(errors[-2] / errors[-1]))
    print(name, n, errors, found)
    order = SOLVERS[name].order
    assert order - 0.25 < found < order + 1.1


def check_agreement(name):
    """Closer to the exact solution with each tolerance, and within some tens of it; fed and open."""
    system, y = problem(moving(SOON), closed=False)
    best = exact(system, y, SOON)[: system.body]
    errors = []
    for rtol in (1e-3, 1e-4, 1e-5):
        end = run(system, y, SOON, name, rtol=rtol, atol=rtol).end
        errors.append(np.abs(end[: system.body] - best).max())
        assert errors[-1] < 100 * rtol
    print(name, errors)
    assert errors[2] < errors[0]


def check_conservation(name):
    """What is there = what was there + what came in, to rounding, whatever the tolerance."""
    for closed in (True, False):
        system, y = problem(closed=closed)
        end = run(system, y, 5 * SOON, name, rtol=1e-3, atol=1e-3).end
        for w in system.invariants:
            assert abs(w @ end - w @ y) < 1e-12 * (np.abs(w) @ np.abs(end))
        moved = np.abs(system.split(end)[1]).max()
        assert closed == (moved == 0.0)  # nothing is conserved because nothing moves


def check_manners(name):
    """Outputs never change the steps; progress is told; too few steps and an interrupt keep what there is."""
    system, y = problem(moving(SOON))
    times = np.array([0.0, 0.3 * SOON, SOON])
    task = Task(system, 0.0, SOON, y, times, 1e-4, system.tolerances(1e-4))
    whole, alone = solver(name).solve(task), run(system, y, SOON, name, rtol=1e-4, atol=1e-4)
    assert whole.status == "finished" and whole.t.tolist() == times.tolist()
    assert np.array_equal(whole.y[0], y) and np.array_equal(whole.end, alone.end)
    middle = run(system, y, 0.3 * SOON, "radau", rtol=1e-10, atol=1e-12).end
    assert np.abs(whole.y[1] - middle)[: system.body].max() < 2e-2
    steps = whole.statistics["steps"]
    assert steps > 2

    cut = solver(name).solve(replace(task, max_steps=steps // 2))
    # Explicit methods may see that at once.
    assert cut.status == "failed" and re.search("steps were not enough|too stiff", cut.message)
    assert (
        (0.0 if "too stiff" in cut.message else 1e-6) <= cut.t_end < SOON
        and cut.t[-1] == cut.t_end
        and np.isfinite(cut.y).all()
    )

    def stop(t, taken):
        raise KeyboardInterrupt

    broken = solver(name).solve(replace(task, progress=stop))
    assert broken.status == "interrupted" and 0.0 < broken.t_end <= SOON and np.isfinite(broken.end).all()
