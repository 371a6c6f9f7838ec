"""Coefficients as arrays: read once a model, and made numbers by the parameters of a run.

A sweep builds a system for each of its points, and only numbers differ between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.model.process import Coefficient, coefficient


class Written:
    """Coefficients as they were written, numbers or names of parameters, in an array of a shape."""

    def __init__(self, given: Sequence[Coefficient], *shape: int):
        self.shape = shape
        self.numbers = np.zeros(len(given))
        self.named: list[Coefficient] = []
        places: list[int] = []
        for k, value in enumerate(given):
            if isinstance(value, str | tuple | list):
                self.named.append(value)
                places.append(k)
            else:
                self.numbers[k] = value
        self._places = np.array(places, np.int64)

    def at(self, parameters: dict[str, float]) -> np.ndarray:
        """The numbers, at these parameters {name: SI value}."""
        found = self.numbers.copy()
        if self.named:
            found[self._places] = [coefficient(value, parameters) for value in self.named]
        return found.reshape(self.shape)
