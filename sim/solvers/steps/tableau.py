"""Explicit Runge-Kutta methods as values: coefficients that check themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

Rows = tuple[tuple[float, ...], ...]
ROUNDING = 1e-12


@dataclass(frozen=True)
class RungeKutta:
    """k_i = f(t + c_i h, y + h sum a_ij k_j), j < i; z = y + h sum b_j k_j; its error h sum e_j k_j.

    The last stage must be the derivative at z (its row of `a` is `b`, c = 1): the next step begins with it.

    order: of z; error_order: of the embedded solution, whose difference from z the weights `e` are
    interpolant: row j, column k: y + h sum_j sum_k interpolant[j][k] x^(k+1) k_j at the share x of the step
    stable: h |eigenvalue| up to which it is stable on the negative real axis
    """

    name: str
    order: int
    error_order: int
    c: tuple[float, ...]
    a: Rows
    e: tuple[float, ...]
    interpolant: Rows
    stable: float

    def __post_init__(self) -> None:
        s = len(self.c)
        if not len(self.a) == len(self.e) == len(self.interpolant) == s:
            raise ValueError(f"{self.name}: c, a, e and interpolant must have as many rows, {s}.")
        if not 1 <= self.error_order <= self.order <= 5:
            raise ValueError(
                f"{self.name}: orders up to 5 can be checked, not {self.order}({self.error_order})."
            )
        wrong = [words for words, value in self.defects().items() if abs(value) > ROUNDING]
        if wrong:
            raise ValueError(f"{self.name}: the coefficients do not fulfil {', '.join(wrong)}.")

    @property
    def stages(self) -> int:
        """Stages of a step, the one shared with the next step included."""
        return len(self.c)

    @cached_property
    def A(self) -> np.ndarray:
        """a as a square matrix (stages, stages)."""
        A = np.zeros((self.stages, self.stages))
        for i, row in enumerate(self.a):
            A[i, : len(row)] = row
        return A

    @cached_property
    def E(self) -> np.ndarray:
        """Weights of the error (stages,)."""
        return np.array(self.e)

    @cached_property
    def P(self) -> np.ndarray:
        """Coefficients of the interpolant (stages, powers)."""
        return np.array(self.interpolant)

    def defects(self) -> dict[str, float]:
        """How far the coefficients are from each condition, 0 where it holds.

        Conditions of order: Hairer, Norsett & Wanner 1993, II.2, table 2.2, one for each rooted tree.
        """
        A, c, b = self.A, np.array(self.c), self.A[-1]
        found = {
            "c = sums of a": float(np.abs(A.sum(axis=1) - c).max()),
            "a below its diagonal": float(np.abs(np.triu(A)).max()),
            "a last stage at the end": float(c[-1] - 1.0),
            "an interpolant that ends at z": float(np.abs(self.P.sum(axis=1) - b).max()),
            "an interpolant that leaves y as k_1": float(np.abs(self.P[:, 0] - np.eye(self.stages)[0]).max()),
        }
        for weights, order, which in ((b, self.order, ""), (b - self.E, self.error_order, "embedded: ")):
            for name, value in order_conditions(A, c, weights):
                if int(name[6]) <= order:
                    found[which + name] = value
        return found


def order_conditions(A: np.ndarray, c: np.ndarray, b: np.ndarray) -> list[tuple[str, float]]:
    """(condition, its defect) for all rooted trees of up to five nodes."""
    Ac, Ac2, AAc = A @ c, A @ c**2, A @ (A @ c)
    return [
        ("order 1", b.sum() - 1),
        ("order 2", b @ c - 1 / 2),
        ("order 3: c^2", b @ c**2 - 1 / 3),
        ("order 3: A c", b @ Ac - 1 / 6),
        ("order 4: c^3", b @ c**3 - 1 / 4),
        ("order 4: c A c", b @ (c * Ac) - 1 / 8),
        ("order 4: A c^2", b @ Ac2 - 1 / 12),
        ("order 4: A A c", b @ AAc - 1 / 24),
        ("order 5: c^4", b @ c**4 - 1 / 5),
        ("order 5: c^2 A c", b @ (c**2 * Ac) - 1 / 10),
        ("order 5: (A c)^2", b @ Ac**2 - 1 / 20),
        ("order 5: c A c^2", b @ (c * Ac2) - 1 / 15),
        ("order 5: A c^3", b @ (A @ c**3) - 1 / 20),
        ("order 5: c A A c", b @ (c * AAc) - 1 / 30),
        ("order 5: A (c A c)", b @ (A @ (c * Ac)) - 1 / 40),
        ("order 5: A A c^2", b @ (A @ Ac2) - 1 / 60),
        ("order 5: A A A c", b @ (A @ AAc) - 1 / 120),
    ]


# Dormand & Prince 1980, J. Comput. Appl. Math. 6:19, table 2; the interpolant of fourth order is that of
# Shampine 1986 (Math. Comput. 46:135).
DORMAND_PRINCE = RungeKutta(
    "Dormand-Prince 5(4)",
    order=5,
    error_order=4,
    c=(0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1),
    a=(
        (),
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    ),
    e=(71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40),
    interpolant=(
        (1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432),
        (0, 0, 0, 0),
        (0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799),
        (0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072),
        (0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632),
        (0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844),
        (0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423),
    ),
    stable=3.3,
)
