"""What is made of a model once, and kept as long as the model lives."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from sim.model.model import Model

T = TypeVar("T")


def once_a_model(make: Callable[[Model], T]) -> Callable[[Model], T]:
    """`make`, which is called once for each model: models never change, but are no keys of a dictionary."""
    kept: dict[int, T] = {}
    making = threading.RLock()  # what several threads ask for at once is made once

    @wraps(make)
    def made(model: Model) -> T:
        key = id(model)
        with making:
            if key not in kept:
                kept[key] = make(model)
                weakref.finalize(model, kept.pop, key, None)
            return kept[key]

    return made
