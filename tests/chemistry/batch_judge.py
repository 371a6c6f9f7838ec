"""A slow judge of batches: nested bisections around Newton's method, in long doubles, from the tables alone.

Nothing of it is shared with the kernels. Fluids are single; totals and amounts in mol/kgw.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import numpy as np

LONG = np.longdouble
LN10 = np.log(LONG(10))


def eliminated(A, b):
    """Solution of A x = b by Gauss with row exchanges (NumPy's own has no long doubles)."""
    A, b = A.copy(), b.copy()
    n = b.size
    for k in range(n):
        p = k + int(np.argmax(np.abs(A[k:, k])))
        A[[k, p]], b[[k, p]] = A[[p, k]], b[[p, k]]
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    for k in range(n - 1, -1, -1):
        b[k] = (b[k] - A[k, k + 1 :] @ b[k + 1 :]) / A[k, k]
    return b


class Judge:
    """One fluid; ln_pressure: of CO2 [atm], which then takes the place of the balance of carbon."""

    def __init__(self, tables, totals, ln_pressure=None):
        self.t, self.totals, self.ln_pressure = tables, np.array(totals, LONG), ln_pressure
        r = tables.reactions
        self.nu, self.ln_K = tables.nu.astype(LONG), LN10 * tables.log_K
        self.z2, self.a, self.ba, self.b = r.classes[r.gamma_class].astype(LONG).T
        self.water, self.slope = tables.water.astype(LONG), LONG(r.aw_slope)
        self.C = tables.components.index("C") if "C" in tables.components else -1
        self.x = None

    def species(self, x):
        """Molalities at x = (ln a, ln I, ln a_w), and d ln gamma/dI."""
        root = np.sqrt(np.exp(x[-2]))
        q = 1 / (1 + self.ba * root)
        ln_gamma = -self.a * root * q + self.b * root**2
        m = np.exp(self.ln_K + self.nu @ x[:-2] + self.water * x[-1] - ln_gamma)
        return m, -self.a * q**2 / (2 * root) + self.b

    def equations(self, x, totals):
        m, slope = self.species(x)
        I, aw = np.exp(x[-2]), np.exp(x[-1])
        columns = np.concatenate([self.nu, (-slope * I)[:, None], self.water[:, None]], 1)
        dm = m[:, None] * columns
        f = np.concatenate([self.nu.T @ m - totals, [m @ self.z2 / 2 - I, aw - 1 + self.slope * m.sum()]])
        J = np.concatenate([self.nu.T @ dm, [self.z2 @ dm / 2], [self.slope * dm.sum(0)]])
        J[-2, -2] -= I
        J[-1, -1] += aw
        if self.ln_pressure is not None:
            # CO2 brings acidity as it brings carbon: H less C is kept, and the pressure is given.
            g, h = self.t.gases, self.t.components.index("H")
            brings = g.nu[0, h] / g.nu[0, self.C]
            f[h], J[h] = f[h] - brings * f[self.C], J[h] - brings * J[self.C]
            f[self.C] = g.nu[0] @ x[:-2] + g.water[0] * x[-1] - LN10 * g.log_K[0] - self.ln_pressure
            J[self.C] = np.concatenate([g.nu[0], [0, g.water[0]]])
        return f, J

    def solve(self, totals):
        """ln a, ln I, ln a_w of a fluid."""
        x = self.x
        if x is None:
            x = np.full(totals.size + 2, LONG(-9))
            x[self.t.components.index("H")], x[-2:] = LONG(-16), (LONG(-2), LONG(0))
        for _ in range(400):
            f, J = self.equations(x, totals)
            step = eliminated(J, -f)
            size = np.max(np.abs(step))
            x = x + step * min(LONG(1), 2 / size)
            if size < 1e-15:
                self.x = x
                return x
        raise AssertionError("the judge found no solution")

    def saturation(self, i, totals):
        """ln(IAP/Ksp) of mineral i."""
        x = self.solve(totals)
        return (
            self.t.mineral_nu[i] @ x[:-2] + self.t.mineral_water[i] * x[-1] - LN10 * self.t.mineral_log_K[i]
        )

    def solids(self, minerals, given):
        """Amounts at the end: of the first, with the best of the others at each of its amounts, and so on."""
        rows = [self.t.minerals.index(m) for m in minerals]
        nu = self.t.mineral_nu[rows].astype(LONG)
        return self._best(rows, self.totals + np.array(given, LONG) @ nu)

    def _best(self, rows, whole):
        if not rows:
            return []
        i, rest = rows[0], rows[1:]
        nu = self.t.mineral_nu[i].astype(LONG)
        takes = (nu > 0) & (np.arange(nu.size) != self.t.components.index("H"))
        if self.ln_pressure is not None:
            takes[self.C] = False

        def others(s):
            return self._best(rest, whole - nu * s)

        def above(s):
            left = whole - nu * s
            for j, amount in zip(rest, others(s), strict=True):
                left = left - self.t.mineral_nu[j].astype(LONG) * amount
            return self.saturation(i, left)

        low, high = LONG(0), np.min(whole[takes] / nu[takes])
        if above(low) <= 0:
            return [LONG(0), *others(LONG(0))]
        # In ln of the share that is left, ln saturation is nearly straight: regula falsi, and bisections.
        a, b = LONG(-80), LONG(0)
        f_a, f_b = None, None
        for n in range(300):
            u = (a + b) / 2
            if n % 3 and f_a is not None and f_b is not None:
                u = (a * f_b - b * f_a) / (f_b - f_a)
            f = above(high * -np.expm1(u))
            if f > 0:
                b, f_b = u, f
            else:
                a, f_a = u, f
            if b - a < 1e-17 * (1 + abs(u)) or abs(f) < 1e-17:
                break
        s = high * -np.expm1(u)
        return [s, *others(s)]
