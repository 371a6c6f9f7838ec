"""What is made of a model once, and kept as long as the model lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from sim.jit.locks import RenewedLock
from sim.model.model import Model

T = TypeVar("T")


def once_a_model(make: Callable[[Model], T]) -> Callable[[Model], T]:
    """`make`, which is called once for each model.

    What it makes is kept with the model, and goes with it: it may refer to the model itself.
    """
    making = RenewedLock()  # what several threads ask for at once is made once

    @wraps(make)
    def made(model: Model) -> T:
        with making.lock:
            if make not in model.kept:
                model.kept[make] = make(model)
            found: T = model.kept[make]
            return found

    return made
