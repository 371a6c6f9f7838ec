"""Random fields in physical space: lognormal factors of mean 1 with a stated correlation length.

Z(x) = sqrt(2/M) sum_j cos(k_j x + phi_j), k_j normal with deviation 1/length along each axis: mean 0,
variance 1, correlation exp(-d^2/(2 length^2)) over realisations, nearly normal for M = 1000 modes.
The modes are those of three-dimensional space and come from the seed alone, so a finer grid shows
the same realisation, a slab or rectangle a cut through that of a box, and nothing depends on the
order of calls. On a radius r the field is one of r: shells, not specks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ScenarioError
from sim.space.chance import normal, seed_number, uniform
from sim.space.grid import Grid
from sim.texts import length_text
from sim.units import convert_number

MODES = 1000
CHUNK = 2**21  # cells x modes held at a time


@dataclass(frozen=True)
class RandomField:
    """What multiplies a field of the model, cell by cell.

    field: a density of the model, such as "collagen"; region: a layer or region, everywhere if empty
    log_sd: standard deviation of the logarithm; sqrt(ln(1 + cv^2)) for a coefficient of variation cv
    correlation_length: distance at which the logarithm's correlation is exp(-1/2) [m or text]
    """

    field: str
    log_sd: float
    correlation_length: float
    seed: int
    region: str = ""

    if TYPE_CHECKING:

        def __init__(
            self, field: str, log_sd: float, correlation_length: float | str, seed: int, region: str = ""
        ) -> None: ...

    def __post_init__(self) -> None:
        owner = f"random field of {self.field}"
        object.__setattr__(self, "seed", seed_number(self.seed, owner))
        object.__setattr__(self, "log_sd", convert_number(self.log_sd, "1", f"{owner}: log_sd"))
        length = convert_number(self.correlation_length, "m", f"{owner}: correlation_length")
        object.__setattr__(self, "correlation_length", length)
        if not 0 <= self.log_sd <= 5:
            raise ScenarioError(f"{owner}: log_sd = {self.log_sd:g} is outside 0-5 (0.5 is a cv of 53 %).")
        if not length > 0:
            raise ScenarioError(f"{owner}: correlation_length = {length:g} m must be a positive length.")

    def table(self) -> dict:
        """Plain data."""
        return asdict(self)

    def in_words(self) -> str:
        """ "random field of collagen in lesion: log_sd 0.5, correlation length 1 mm, seed 1"."""
        where = f" in {self.region}" if self.region else ""
        length = length_text(self.correlation_length)
        words = f"log_sd {self.log_sd:g}, correlation length {length}, seed {self.seed}"
        return f"random field of {self.field}{where}: {words}"

    def factor(self, grid: Grid) -> np.ndarray:
        """The factor at the cells' centres (n,), 1 on the mean over realisations (not over a grid)."""
        if not grid.axes:
            raise ScenarioError(f"a stirred cell has no room for a random field of {self.field}.")
        width = max(float(np.diff(grid.edges[a]).max()) for a in grid.axes)
        if width > self.correlation_length * (1 + 1e-9):
            raise ScenarioError(
                f"cells of {width * 1e6:.4g} um cannot show a random field of {self.field} with a "
                f"correlation length of {self.correlation_length * 1e6:.4g} um; take smaller cells or a "
                "longer length."
            )
        z = gaussian(grid, self.field, self.correlation_length, self.seed)
        return np.exp(self.log_sd * z - _log_mean(self.log_sd, MODES))


def gaussian(grid: Grid, name: str, length: float, seed: int) -> np.ndarray:
    """Z at the cells' centres (n,): mean 0, variance 1, correlation exp(-d^2/(2 length^2))."""
    k = [normal(seed, f"field {name}", axis, MODES) / length for axis in range(len(grid.axes))]
    phase = 2.0 * np.pi * uniform(seed, f"field {name}", 3, MODES)
    x = [grid.centres[a] for a in grid.axes]
    z = np.empty(grid.n_cells)
    step = max(1, CHUNK // MODES)
    for start in range(0, grid.n_cells, step):
        here = slice(start, start + step)
        angle = phase + sum(np.multiply.outer(a[here], b) for a, b in zip(x, k, strict=True))
        z[here] = np.cos(angle).sum(-1)
    return np.sqrt(2.0 / MODES) * z


def _log_mean(log_sd: float, modes: int) -> float:
    """ln E exp(log_sd Z), exact for finitely many modes: M ln I0(log_sd sqrt(2/M)), near log_sd^2/2."""
    from scipy.special import i0e  # here: few runs have random fields, and it is slow to import

    a = log_sd * np.sqrt(2.0 / modes)
    return float(modes * (np.log(i0e(a)) + a))
