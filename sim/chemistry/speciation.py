"""The Newton kernel: activities of the components of one fluid from their totals.

Unknowns are the logarithms of the component activities, the ionic strength I and ln a(H2O), all in
one vector x, so Newton is quadratic with the activity coefficients inside. The block of the
components, A = sum_j nu_j nu_j^T m_j, is symmetric positive definite: it is factorised once (L D
L^T) and the two other unknowns border it. With frozen gamma the mass balances are the gradient of
the convex function sum m_j - T.x; that makes cold starts safe.

A species' molality is a product, m_j = K_j prod a_k^nu_jk a_w^w_j / gamma_j: exponentials are taken
per component and per class of equal gamma, not per species. Layout of the arrays:
`SpeciationTables` in equilibria.py.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math

from numba import prange

from sim.jit.kernel import kernel

OK, NOT_CONVERGED, BAD_INPUT = 0, 1, 2  # status of one solve

COLD = -690.0  # ln activity below which (or NaN) a component has no warm start
NOTHING = 1e-100  # mol/kgw; a smaller total counts as zero
SMALLEST_I = 1e-12  # mol/kgw
CONVERGED = 1e-13  # of the terms of each balance
LAST_STEP = 1e-7  # quadratic: what is left after a step this small is its square


def work_size(n_components: int, n_classes: int) -> int:
    """Length of the scratch vector of `solve` and `sensitivities`."""
    n = n_components
    return (2 * n + 2 + 2 * n_classes) + n * n + 9 * n + 8


@kernel
def log_gamma(I, az2, ba, b):
    """ln gamma and d(ln gamma)/dI for Davies (ba = 1), Truesdell-Jones and neutrals alike."""
    root = math.sqrt(I)
    q = 1.0 / (1.0 + ba * root)
    return -az2 * root * q + b * I, -0.5 * az2 * q * q / root + b


@kernel
def evaluate(x, total, dead, m, F, S, g, slope, K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes):
    """Molalities m, residuals F and sizes S of the balances at x; returns (sum m, I of m)."""
    nc = F.size
    for k in range(nc):
        F[k] = -total[k]
        S[k] = abs(total[k])
        if dead[k] > 1.5:
            g[k] = 0.0
            g[nc + k] = 0.0
        else:
            a = math.exp(x[k])
            g[k] = a
            g[nc + k] = 1.0 / a
    g[2 * nc] = math.exp(x[nc + 1])
    g[2 * nc + 1] = 1.0 / g[2 * nc]
    for c in range(slope.size):
        lng, dlng = log_gamma(x[nc], classes[c, 1], classes[c, 2], classes[c, 3])
        g[2 * nc + 2 + c] = math.exp(-lng)
        slope[c] = dlng
    sum_m = 0.0
    sum_z2m = 0.0
    for j in range(m.size):
        p = K[j]
        for i in range(factor_ptr[j], factor_ptr[j + 1]):
            p *= g[factor[i]]
        m[j] = p
        sum_m += p
        sum_z2m += classes[gclass[j], 0] * p
        for i in range(nu_ptr[j], nu_ptr[j + 1]):
            q = nu[i] * p
            k = nu_comp[i]
            F[k] += q
            S[k] += abs(q)
    return sum_m, 0.5 * sum_z2m


@kernel
def factorise(m, dead, A, b, e, c, s, slope, nu_ptr, nu_comp, nu, gclass, classes, water):
    """L D^-1 of A = L D L^T, the component block, and its borders; returns their corner."""
    nc = b.size
    for k in range(nc):
        b[k] = 0.0
        e[k] = 0.0
        c[k] = 0.0
        s[k] = 0.0
        for i in range(k + 1):
            A[k * nc + i] = 0.0
    d = 0.0
    f = 0.0
    t = 0.0
    u = 0.0
    for j in range(m.size):
        mj = m[j]
        hz2 = 0.5 * classes[gclass[j], 0] * mj
        mg = mj * slope[gclass[j]]
        d += hz2 * slope[gclass[j]]
        t -= mg
        if water[j] != 0.0:
            mw = mj * water[j]
            f -= hz2 * water[j]
            u += mw
            for i in range(nu_ptr[j], nu_ptr[j + 1]):
                e[nu_comp[i]] += nu[i] * mw
        for i in range(nu_ptr[j], nu_ptr[j + 1]):
            k = nu_comp[i]
            v = nu[i]
            c[k] -= v * hz2
            s[k] += v * mj
            b[k] -= v * mg
            vm = v * mj
            for l in range(nu_ptr[j], i + 1):  # nu_comp ascends within a species
                A[k * nc + nu_comp[l]] += vm * nu[l]
    for k in range(nc):
        if dead[k] > 0.5:
            for i in range(nc):
                if i < k:
                    A[k * nc + i] = 0.0
                elif i > k:
                    A[i * nc + k] = 0.0
            A[k * nc + k] = 1.0
            b[k] = 0.0
            e[k] = 0.0
            c[k] = 0.0
            s[k] = 0.0
    for k in range(nc):
        diagonal = A[k * nc + k]
        pivot = diagonal
        for i in range(k):
            v = A[k * nc + i]
            for l in range(i):
                v -= A[k * nc + l] * A[i * nc + l]  # row k holds L D until divided below
            A[k * nc + i] = v
        for i in range(k):
            v = A[k * nc + i]
            w = v * A[i * nc + i]
            pivot -= v * w
            A[k * nc + i] = w
        # A complex that holds all of two components leaves a pivot of rounding size.
        floor = 1e-16 * diagonal
        A[k * nc + k] = 1.0 / (pivot if pivot > floor else floor + 1e-300)
    return d, f, t, u


@kernel
def substitute(A, y):
    """y <- A^-1 y with the factors of `factorise`."""
    nc = y.size
    for k in range(nc):
        v = y[k]
        for i in range(k):
            v -= A[k * nc + i] * y[i]
        y[k] = v
    for k in range(nc):
        y[k] *= A[k * nc + k]
    for k in range(nc - 1, -1, -1):
        v = y[k]
        for i in range(k + 1, nc):
            v -= A[i * nc + k] * y[i]
        y[k] = v


@kernel
def substitute_three(A, y, b, e):
    """`substitute` for three right-hand sides in one pass over the factors."""
    nc = y.size
    for k in range(nc):
        v0, v1, v2 = y[k], b[k], e[k]
        for i in range(k):
            w = A[k * nc + i]
            v0 -= w * y[i]
            v1 -= w * b[i]
            v2 -= w * e[i]
        y[k], b[k], e[k] = v0, v1, v2
    for k in range(nc - 1, -1, -1):
        w = A[k * nc + k]
        v0, v1, v2 = w * y[k], w * b[k], w * e[k]
        for i in range(k + 1, nc):
            w = A[i * nc + k]
            v0 -= w * y[i]
            v1 -= w * b[i]
            v2 -= w * e[i]
        y[k], b[k], e[k] = v0, v1, v2


@kernel
def border(A, F, b, e, c, s, y, corner, x, sum_m, I_of_m, aw_slope):
    """Newton step (y, dI, d ln a_w) of the bordered system; b, e become A^-1 b, A^-1 e."""
    nc = F.size
    d, f, t, u = corner
    for k in range(nc):
        y[k] = F[k]
    substitute_three(A, y, b, e)
    aw = math.exp(x[nc + 1])
    d += 1.0
    t *= aw_slope
    u = u * aw_slope + aw
    r1 = I_of_m - x[nc]
    r2 = 1.0 - aw - aw_slope * sum_m
    for k in range(nc):
        sk = aw_slope * s[k]
        d -= c[k] * b[k]
        f -= c[k] * e[k]
        t -= sk * b[k]
        u -= sk * e[k]
        r1 += c[k] * y[k]
        r2 += sk * y[k]
    det = d * u - f * t
    if d <= 1e-3 or abs(det) < 1e-6:  # beyond a fold of the activity model: leave it to the safe phase
        return math.nan, math.nan
    dI = (r1 * u - r2 * f) / det
    dL = (d * r2 - t * r1) / det
    for k in range(nc):
        y[k] = -(y[k] + b[k] * dI + e[k] * dL)
    return dI, dL


@kernel
def residual(F, S, dead, x, sum_m, I_of_m, aw_slope):
    """Largest relative imbalance; sets F to zero where a component is fixed or absent."""
    nc = F.size
    worst = 0.0
    for k in range(nc):
        if dead[k] > 0.5:
            F[k] = 0.0
        else:
            r = abs(F[k]) / (S[k] + 1e-300)
            if not r <= worst:
                worst = r
    r = abs(x[nc] - I_of_m) / (x[nc] + I_of_m)
    if not r <= worst:
        worst = r
    r = abs(math.exp(x[nc + 1]) - 1.0 + aw_slope * sum_m)
    if not r <= worst:
        worst = r
    return worst


@kernel
def newton(
    total, dead, x, m, F, S, g, slope, A, b, e, c, s, y, trial, limit,
    K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, aw_slope,
):  # fmt: skip
    """Full Newton from x while the residual falls; returns (converged, iterations)."""
    nc = total.size
    sum_m, I_of_m = evaluate(
        x,
        total,
        dead,
        m,
        F,
        S,
        g,
        slope,
        K,
        factor_ptr,
        factor,
        nu_ptr,
        nu_comp,
        nu,
        gclass,
        classes,
    )
    r = residual(F, S, dead, x, sum_m, I_of_m, aw_slope)
    step = 1.0
    for iteration in range(limit):
        if r < CONVERGED or (step < LAST_STEP and r < 1e-11):
            return True, iteration
        if not r < 1e30:
            return False, iteration
        corner = factorise(m, dead, A, b, e, c, s, slope, nu_ptr, nu_comp, nu, gclass, classes, water)
        dI, dL = border(A, F, b, e, c, s, y, corner, x, sum_m, I_of_m, aw_slope)
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
            sum_m, I_of_m = evaluate(
                trial, total, dead, m, F, S, g, slope, K, factor_ptr, factor, nu_ptr, nu_comp, nu,
                gclass, classes,
            )  # fmt: skip
            r_trial = residual(F, S, dead, trial, sum_m, I_of_m, aw_slope)
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


@kernel
def frozen(
    total, dead, x, m, F, S, g, slope, A, b, e, c, s, y, trial, tolerance, limit,
    K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water,
):  # fmt: skip
    """Minimise sum m - T.x at fixed I and a_w; returns (converged, iterations, sum m, I of m).

    The function is convex, so along a Newton direction its slope only rises: a step is right when
    that slope is negative still, or small.
    """
    nc = total.size
    sum_m, I_of_m = evaluate(
        x,
        total,
        dead,
        m,
        F,
        S,
        g,
        slope,
        K,
        factor_ptr,
        factor,
        nu_ptr,
        nu_comp,
        nu,
        gclass,
        classes,
    )
    for iteration in range(limit):
        factorise(m, dead, A, b, e, c, s, slope, nu_ptr, nu_comp, nu, gclass, classes, water)
        for k in range(nc):
            if dead[k] > 0.5:
                F[k] = 0.0
            y[k] = -F[k]
        substitute(A, y)
        step = 0.0
        descent = 0.0
        for k in range(nc):
            descent += F[k] * y[k]
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
            sum_m, I_of_m = evaluate(
                trial, total, dead, m, F, S, g, slope, K, factor_ptr, factor, nu_ptr, nu_comp, nu,
                gclass, classes,
            )  # fmt: skip
            rising = 0.0
            for k in range(nc):
                if dead[k] < 0.5:
                    rising += F[k] * y[k]
            if rising <= -0.5 * descent:
                break
            damp *= 0.5
        for k in range(nc):
            if dead[k] < 0.5:
                x[k] = trial[k]
    return False, limit, sum_m, I_of_m


@kernel
def guess(total, dead, x, g, slope, y, trial, K, nu_ptr, nu_comp, nu, gclass, classes, host, h):
    """First x: components without partners but H+, at the pH where the acidity then balances."""
    nc = total.size
    I = SMALLEST_I
    for k in range(nc):
        if k != h and dead[k] < 0.5:
            I += 0.5 * classes[gclass[k], 0] * total[k]  # species k is component k itself
    I = min(I, 0.5)
    x[nc] = I
    x[nc + 1] = 0.0
    for c in range(slope.size):
        lng, _ = log_gamma(I, classes[c, 1], classes[c, 2], classes[c, 3])
        g[2 * nc + 2 + c] = math.exp(-lng)
    low = x[h] if dead[h] > 0.5 else -46.0
    high = x[h] if dead[h] > 0.5 else 5.0
    for _ in range(24):
        xh = 0.5 * (low + high)
        acidity = -total[h]
        for k in range(nc):
            y[k] = 0.0
            trial[k] = 0.0
        for j in range(host.size):
            if host[j] < -1 or (host[j] >= 0 and dead[host[j]] > 1.5):
                continue
            power = 0.0
            for i in range(nu_ptr[j], nu_ptr[j + 1]):
                if nu_comp[i] == h:
                    power = nu[i]
            v = K[j] * g[2 * nc + 2 + gclass[j]] * math.exp(power * xh)
            if host[j] == -1:
                acidity += power * v
            else:
                y[host[j]] += v
                trial[host[j]] += power * v
        for k in range(nc):
            if k != h and dead[k] < 0.5:
                acidity += total[k] * trial[k] / y[k]
        if acidity > 0.0:
            high = xh
        else:
            low = xh
        if dead[h] > 0.5:
            break
    for k in range(nc):
        if dead[k] < 0.5:
            x[k] = xh if k == h else math.log(total[k] / y[k])


@kernel
def solve(
    total, is_fixed, x, m, lng, work,
    K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, host, h, aw_slope,
):  # fmt: skip
    """Equilibrium of one fluid; returns (status, Newton iterations, I [mol/kgw], ln a_w).

    total: (nc,) [mol/kgw], for H the acidity, any sign; ignored where is_fixed (uint8) is 1, whose
        x is kept
    x: (nc + 2,) in and out: ln activity of the components, I [mol/kgw], ln a_w. NaN asks for a cold
        start.
    m, lng: (ns,) out, molality [mol/kgw] and ln gamma    work: (work_size,) scratch
    the rest: `SpeciationTables.arrays`. An absent component (total 0) comes back with x = -inf.
    Status: 0 solved, 1 not converged (x as far as it got), 2 a negative total, NaN, or no finite
        fixed activity.
    """
    nc = total.size
    ncl = classes.shape[0]
    at = 2 * nc + 2 + ncl
    g = work[0:at]
    slope = work[at : at + ncl]
    at += ncl
    A = work[at : at + nc * nc]
    at += nc * nc
    F = work[at : at + nc]
    S = work[at + nc : at + 2 * nc]
    b = work[at + 2 * nc : at + 3 * nc]
    e = work[at + 3 * nc : at + 4 * nc]
    c = work[at + 4 * nc : at + 5 * nc]
    s = work[at + 5 * nc : at + 6 * nc]
    y = work[at + 6 * nc : at + 7 * nc]
    dead = work[at + 7 * nc : at + 8 * nc]
    trial = work[at + 8 * nc : at + 9 * nc + 2]
    cold = not (x[nc] >= SMALLEST_I and x[nc + 1] <= 0.0 and x[nc + 1] > -2.0)
    for k in range(nc):
        dead[k] = 0.0
        if is_fixed[k] == 1:
            dead[k] = 1.0
            if not abs(x[k]) < -COLD:
                return BAD_INPUT, 0, math.nan, math.nan
        elif not abs(total[k]) < 1e3 or (k != h and total[k] < 0.0):
            return BAD_INPUT, 0, math.nan, math.nan
        elif k != h and total[k] < NOTHING:
            dead[k] = 2.0
        elif not (x[k] > COLD and x[k] < 50.0):
            cold = True
    iterations = 0
    done = False
    if not cold:
        done, iterations = newton(
            total, dead, x, m, F, S, g, slope, A, b, e, c, s, y, trial, 12,
            K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, aw_slope,
        )  # fmt: skip
    if not done:
        guess(total, dead, x, g, slope, y, trial, K, nu_ptr, nu_comp, nu, gclass, classes, host, h)
        low = 0.0
        high = 1e300
        tolerance = 0.1
        for outer in range(200):
            _, n, sum_m, I_of_m = frozen(
                total, dead, x, m, F, S, g, slope, A, b, e, c, s, y, trial, tolerance, 200,
                K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water,
            )  # fmt: skip
            iterations += n
            # I(m) at frozen I is unique and bounded: the sign of I(m) - I brackets the solution.
            I = x[nc]
            if tolerance < 1e-6:
                if I_of_m > I:
                    low = max(low, I)
                else:
                    high = min(high, I)
            new = I_of_m
            if outer > 8 and not (low < new < high and abs(new - I) < 0.5 * I):
                new = 0.5 * (low + high) if high < 1e300 else min(2.0 * I, max(I, new))
            if outer > 8:
                tolerance = 1e-9
            x[nc] = max(new, SMALLEST_I)
            x[nc + 1] = math.log(max(1.0 - aw_slope * sum_m, 0.2))
            for k in range(nc):
                lng[k] = x[k]  # lng is free until the end: it keeps the safe point
            I = x[nc]
            L = x[nc + 1]
            done, n = newton(
                total, dead, x, m, F, S, g, slope, A, b, e, c, s, y, trial, 25,
                K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, aw_slope,
            )  # fmt: skip
            iterations += n
            if done:
                break
            for k in range(nc):
                x[k] = lng[k]
            x[nc] = I
            x[nc + 1] = L
    for k in range(nc):
        if dead[k] > 1.5:
            x[k] = -math.inf
    for k in range(ncl):
        slope[k] = -math.log(g[2 * nc + 2 + k])
    for j in range(m.size):
        lng[j] = slope[gclass[j]]
    return (OK if done else NOT_CONVERGED), iterations, x[nc], x[nc + 1]


@kernel
def sensitivities(
    total, is_fixed, x, m, out, work,
    K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, host, h, aw_slope,
):  # fmt: skip
    """Derivatives of x with respect to the totals at a solution, out[i, l] = dx_i/dtotal_l.

    out: (nc + 2, nc) [kgw/mol]; the last rows belong to I (dimensionless) and ln a_w. Columns of
        fixed and absent components are zero. By the implicit function theorem: J dx = dT with the
        bordered Jacobian J.
    """
    nc = total.size
    ncl = classes.shape[0]
    at = 2 * nc + 2 + ncl
    g = work[0:at]
    slope = work[at : at + ncl]
    at += ncl
    A = work[at : at + nc * nc]
    at += nc * nc
    F = work[at : at + nc]
    S = work[at + nc : at + 2 * nc]
    b = work[at + 2 * nc : at + 3 * nc]
    e = work[at + 3 * nc : at + 4 * nc]
    c = work[at + 4 * nc : at + 5 * nc]
    s = work[at + 5 * nc : at + 6 * nc]
    y = work[at + 6 * nc : at + 7 * nc]
    dead = work[at + 7 * nc : at + 8 * nc]
    for k in range(nc):
        dead[k] = 0.0
        if is_fixed[k] == 1:
            dead[k] = 1.0
        elif k != h and total[k] < NOTHING:
            dead[k] = 2.0
    evaluate(
        x,
        total,
        dead,
        m,
        F,
        S,
        g,
        slope,
        K,
        factor_ptr,
        factor,
        nu_ptr,
        nu_comp,
        nu,
        gclass,
        classes,
    )
    d, f, t, u = factorise(m, dead, A, b, e, c, s, slope, nu_ptr, nu_comp, nu, gclass, classes, water)
    substitute(A, b)
    substitute(A, e)
    d += 1.0
    t *= aw_slope
    u = u * aw_slope + math.exp(x[nc + 1])
    for k in range(nc):
        d -= c[k] * b[k]
        f -= c[k] * e[k]
        t -= aw_slope * s[k] * b[k]
        u -= aw_slope * s[k] * e[k]
    det = d * u - f * t
    for l in range(nc):
        for k in range(nc + 2):
            out[k, l] = 0.0
        if dead[l] > 0.5:
            continue
        for k in range(nc):
            y[k] = 0.0
        y[l] = 1.0
        substitute(A, y)
        r1 = 0.0
        r2 = 0.0
        for k in range(nc):
            r1 -= c[k] * y[k]
            r2 -= aw_slope * s[k] * y[k]
        dI = (r1 * u - r2 * f) / det
        dL = (d * r2 - t * r1) / det
        for k in range(nc):
            out[k, l] = y[k] - b[k] * dI - e[k] * dL
        out[nc, l] = dI
        out[nc + 1, l] = dL


@kernel(parallel=True)
def solve_many(
    totals, is_fixed, x, m, lng, work, status,
    K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, host, h, aw_slope,
):  # fmt: skip
    """`solve` for every row of totals (n, nc), x (n, nc + 2), m and lng (n, ns).

    status: (n,) int64 out
    work: (chunks, work_size); the rows are shared out over that many chunks, which run in parallel.
    """
    n = totals.shape[0]
    chunks = work.shape[0]
    for chunk in prange(chunks):
        for i in range(chunk * n // chunks, (chunk + 1) * n // chunks):
            status[i] = solve(
                totals[i], is_fixed, x[i], m[i], lng[i], work[chunk],
                K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, host, h,
                aw_slope,
            )[0]  # fmt: skip
