"""Sums of squares by run, as vector code: a lane is a run."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sim.codegen.functions import fma
from sim.codegen.machine import Routine
from sim.codegen.program import Program, cells, scratch
from sim.codegen.registers import Memory, Vec

PARTS = 4  # sums of a group, side by side


@lru_cache(maxsize=16)
def squares_address(species: int) -> int:
    """The address of squares(v, scale, sums): adds the sum of (v scale)^2 over the species of a group of
    cells, (cells, species), to sums (WIDTH,), each lane for itself."""

    def body(on: Any, v: Memory, scale: Memory, sums: Memory) -> None:
        parts: list[Vec] = [sums.load(0)]
        for k in range(species):
            e = v.load(k) * scale.load(k)
            if k < PARTS:
                parts.append(e * e)
            else:
                parts[1 + k % PARTS] = fma(e, e, parts[1 + k % PARTS])
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        sums.store(0, total)

    return Routine(Program("squares", (cells(species), cells(species), scratch(1)), body)).address
