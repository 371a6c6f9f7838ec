"""Coefficients of a model as arrays: read once a model, and made numbers by the parameters of a run.

A sweep builds a system for each of its points, and only numbers differ between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.binder.kept import once_a_model
from sim.model.model import Model
from sim.model.process import Coefficient, coefficient


class Written:
    """Coefficients as they were written, numbers or names of parameters, in an array of a shape."""

    def __init__(self, given: Sequence[Coefficient], *shape: int):
        self.shape = shape
        self.numbers = np.zeros(len(given))
        self.named: list[tuple[int, Coefficient]] = []
        for k, value in enumerate(given):
            if isinstance(value, str | tuple | list):
                self.named.append((k, value))
            else:
                self.numbers[k] = value

    def at(self, parameters: dict[str, float]) -> np.ndarray:
        """The numbers, at these parameters {name: SI value}."""
        found = self.numbers.copy()
        for k, value in self.named:
            found[k] = coefficient(value, parameters)
        return found.reshape(self.shape)


@once_a_model
def written_coefficients(model: Model) -> tuple[np.ndarray, np.ndarray, Written]:
    """Rows (species), columns (processes) and values of the stoichiometry, an entry each."""
    index = {s.name: k for k, s in enumerate(model.species)}
    entries = [(index[s], q, v) for q, p in enumerate(model.processes) for s, v in p.changes.items()]
    rows, columns = (np.array([e[k] for e in entries], np.int64) for k in (0, 1))
    return rows, columns, Written([e[2] for e in entries], len(entries))


@once_a_model
def written_contents(model: Model) -> Written:
    """What each species contains, (elements, species)."""
    given = [s.contains.get(e, 0.0) for e in model.elements for s in model.species]
    return Written(given, len(model.elements), len(model.species))


@once_a_model
def written_diffusivities(model: Model) -> Written:
    """Diffusivities of the mobile species [m2/s]."""
    given = [s.diffusivity for s in model.species if s.mobile]
    return Written(given, len(given))
