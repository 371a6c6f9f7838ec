"""Rosenbrock methods as values: coefficients that check themselves.

In the form without products by the Jacobian J (Hairer & Wanner 1996, IV.7), over a step h:

    (1 - gamma h J) k_i = gamma h f(t + alpha_i h, u + sum a_ij k_j) + sum b_ij k_j + share_i gamma h^2 df/dt

for j < i, and u + sum m_j k_j at the end, with an error of sum e_j k_j.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Rows = tuple[tuple[float, ...], ...]
ROUNDING = 1e-12


@dataclass(frozen=True)
class Rosenbrock:
    """A method of `stages` stages, of this order, with an error estimate of the order below.

    gamma: the diagonal; a, b: of the stages before, m: of all; share: of df/dt. The last stage must be
    the error and complete the step (stiffly accurate: m is the last row of a, and 1); the engine uses it.
    """

    name: str
    order: int
    gamma: float
    a: Rows
    b: Rows
    m: tuple[float, ...]
    alpha: tuple[float, ...]
    share: tuple[float, ...]

    def __post_init__(self) -> None:
        s = len(self.m)
        if not len(self.a) == len(self.b) == len(self.alpha) == len(self.share) == s:
            raise ValueError(f"{self.name}: a, b, alpha, share and m must have as many rows, {s}.")
        wrong = [words for words, value in self.defects().items() if abs(value) > ROUNDING]
        if wrong:
            raise ValueError(f"{self.name}: the coefficients do not fulfil {', '.join(wrong)}.")

    @property
    def fresh(self) -> tuple[bool, ...]:
        """Stages at which the rates are evaluated anew: at another state than that of the stage before."""
        return tuple(any(r) and r != self.a[i - 1] for i, r in enumerate(self.a))

    def defects(self) -> dict[str, float]:
        """How far the coefficients are from each condition, 0 where it holds.

        Conditions of order: Hairer & Wanner 1996, IV.7, eq. 7.11, in the coefficients there,
        Gamma = (1/gamma - b/gamma)^-1, A = a Gamma and weights m Gamma.
        """
        s = len(self.m)
        a, b = np.zeros((s, s)), np.zeros((s, s))
        for i in range(s):
            a[i, :i], b[i, :i] = self.a[i][:i], self.b[i][:i]
        gamma = np.linalg.inv((np.eye(s) - b) / self.gamma)
        A, w = a @ gamma, np.array(self.m) @ gamma
        beta = A + gamma
        found = {
            "alpha = sums of A": float(np.abs(A.sum(axis=1) - self.alpha).max()),
            "share = sums of Gamma": float(np.abs(gamma.sum(axis=1) - self.share).max()),
            "order 1": w.sum() - 1.0,
            "order 2": w @ beta.sum(axis=1) - 1 / 2,
            "order 3, alpha^2": w @ np.square(self.alpha) - 1 / 3,
            "order 3, beta beta": w @ beta @ beta.sum(axis=1) - 1 / 6,
            "stiff accuracy": float(np.abs(np.array([*self.a[-1][: s - 1], 1.0]) - self.m).max()),
        }
        orders = [k for k in found if k.startswith("order")]
        return {k: float(v) for k, v in found.items() if k not in orders or int(k[6]) <= self.order}


# Sandu, Verwer, Blom, Spee, Carmichael & Potra 1997, Atmos. Environ. 31:3459, table 1: L-stable.
RODAS3 = Rosenbrock(
    "Rodas3",
    order=3,
    gamma=0.5,
    a=((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (2.0, 0.0, 0.0), (2.0, 0.0, 1.0)),
    b=((0.0, 0.0, 0.0), (2.0, 0.0, 0.0), (0.5, -0.5, 0.0), (0.5, -0.5, -4.0 / 3.0)),
    m=(2.0, 0.0, 1.0, 1.0),
    alpha=(0.0, 0.0, 1.0, 1.0),
    share=(0.5, 1.5, 0.0, 0.0),
)
