"""Numbers of a run that depend on parameters alone, as vector code: renewed while a parameter changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.codegen.functions import select
from sim.codegen.machine import Routine
from sim.codegen.program import Program, scratch
from sim.codegen.registers import Memory
from sim.graph.expressions import CONSTANT, PARAMETER, Node, needed
from sim.graph.writing import WRITTEN


@dataclass(frozen=True)
class Renewed:
    """What follows from parameters: routine(numbers (size, WIDTH)) renews the columns `made` from `read`."""

    routine: Routine
    read: tuple[int, ...]
    made: tuple[int, ...]


def renewed(uniform: Sequence[Node], changing: Collection[int], first: int, size: int) -> Renewed | None:
    """What is to be renewed where parameters of these columns change; None where nothing depends on them.

    uniform: nodes, which stand in the columns of a run's numbers from `first` on; size: of all numbers
    """
    roots: dict[int, Node] = {}
    read: set[int] = set()
    for k, node in enumerate(uniform):
        columns = {n.key for n in needed([node]) if n.op == PARAMETER}
        if columns & set(changing):
            roots[first + k] = node
            read |= columns  # type: ignore[arg-type]
    if not roots:
        return None
    program = Program("renew", (scratch(size),), lambda on, numbers: _write(on, roots, numbers))
    return Renewed(Routine(program), tuple(sorted(read)), tuple(roots))


def _write(on: Any, roots: Mapping[int, Node], numbers: Memory) -> None:
    made: dict[Node, Any] = {}
    for node in needed(roots.values()):
        if node.op == CONSTANT:
            made[node] = on.number(float(node.key))  # type: ignore[arg-type]
        elif node.op == PARAMETER:
            made[node] = numbers.load(node.key)  # type: ignore[arg-type]
        else:
            made[node] = WRITTEN[node.op](*(made[n] for n in node.of))
    for column, node in roots.items():
        value = made[node]
        numbers.store(column, select(value, on.number(1.0), on.number(0.0)) if node.is_truth else value)
