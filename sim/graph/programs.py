"""Programs of vector code that a graph is written into: rows of a block of cells, and their slopes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.codegen.functions import fma
from sim.codegen.program import Program, groups, numbers
from sim.codegen.registers import Memory, Vec
from sim.graph.expressions import LEAF, Node, needed
from sim.graph.writing import WRITTEN, Writer


@dataclass(frozen=True)
class RowPlaces:
    """Where what a graph reads is found: leaves are rows of a block by number, but one, the clock.

    size: rows of a block · numbers: how many numbers a run has; columns: of uniform nodes among them
    """

    size: int
    numbers: int
    columns: Mapping[Node, int]
    clock: Hashable


@dataclass(frozen=True)
class ChainRule:
    """Sums of products: value[target] += value[a] value[b].

    steps: (target, a, b), see `accumulation`; slopes: {value: node}
    given: {value: row} of an array of `rows` rows that holds what is no node
    wanted: values that are the result, in order
    """

    steps: Sequence[tuple[int, int, int]]
    slopes: Mapping[int, Node]
    given: Mapping[int, int]
    rows: int
    wanted: Sequence[int]


def write_rows(
    places: RowPlaces, made: Mapping[int, Node], W: Memory, run: Memory, clock: Memory
) -> Callable[[int], Vec]:
    """Rows of a block as registers, each written when it is first asked for: found(row).

    made: {row: node}, each behind those that it reads; other rows are loaded from W
    """

    def leaf(key: Hashable) -> Vec:
        if key in made:
            return found(key)  # type: ignore[arg-type]
        return clock.load(0) if key == places.clock else W.load(key)  # type: ignore[arg-type]

    def found(row: int) -> Vec:
        return writer.register(made[row])

    writer = Writer(made.values(), leaf, run.load, places.columns)
    return found


def rows_program(name: str, places: RowPlaces, made: Mapping[int, Node]) -> Program:
    """Rows of a block from others of its rows: program(W, numbers, clock)."""

    def body(on: object, W: Memory, run: Memory, clock: Memory) -> None:
        found = write_rows(places, made, W, run, clock)
        for row in made:
            W.store(row, found(row))

    return Program(name, (groups(places.size), numbers(places.numbers), numbers(1)), body)


def write_slopes(
    places: RowPlaces,
    known: Mapping[int, Node],
    rule: ChainRule,
    W: Memory,
    D: Memory,
    out: Memory,
    run: Memory,
    clock: Memory,
) -> None:
    """Derivatives by the chain rule into the rows of `out`.

    known: {row: node} of rows that have been computed, and need not be again; D: slopes that are no nodes
    """

    def leaf(key: Hashable) -> Vec:
        return clock.load(0) if key == places.clock else W.load(key)  # type: ignore[arg-type]

    given = {n: _load(W, row) for row, n in known.items() if not n.uniform and n.op != LEAF}
    fused = set(needed(rule.slopes.values())) - set(needed(known.values()))
    writer = Writer(rule.slopes.values(), leaf, run.load, places.columns, given, fused)
    products: dict[int, list[tuple[int, int]]] = {}
    for target, a, b in rule.steps:
        products.setdefault(target, []).append((a, b))
    values: dict[int, Vec | float] = {}

    def value(k: int) -> Vec | float:
        """A value when it is first asked for, so that few wait in registers."""
        if k not in values:
            made: Vec | float | None = None
            if k in rule.slopes:
                made = writer.register(rule.slopes[k])
            elif k in rule.given:
                made = D.load(rule.given[k])
            for a, b in products.get(k, ()):
                made = _with(made, value(a), value(b))
            values[k] = made  # type: ignore[assignment]
        return values[k]

    for k, wanted in enumerate(rule.wanted):
        out.store(k, value(wanted))


def slopes_program(name: str, places: RowPlaces, known: Mapping[int, Node], rule: ChainRule) -> Program:
    """Derivatives by the chain rule: program(W, D, out, numbers, clock), D (groups, rows, WIDTH)."""

    def body(on: object, W: Memory, D: Memory, out: Memory, run: Memory, clock: Memory) -> None:
        write_slopes(places, known, rule, W, D, out, run, clock)

    sizes = (places.size, rule.rows, len(rule.wanted))
    return Program(name, (*(groups(n) for n in sizes), numbers(places.numbers), numbers(1)), body)


def _load(W: Memory, row: int) -> Callable[[], Vec]:
    return lambda: W.load(row)


def _with(old: Vec | float | None, a: Vec | float, b: Vec | float) -> Vec | float:
    """old + a b; what is None is 0."""
    if isinstance(a, float):
        a, b = b, a
    if isinstance(a, float) or (isinstance(b, float) and b == 1.0):
        product = a * b if isinstance(a, float) else a
        return product if old is None else old + product
    return a * b if old is None else fma(a, b, old)


def unwritten(nodes: Iterable[Node]) -> set[str]:
    """The operations among these nodes that no code is written for; uniform ones need none."""
    return {n.op for n in nodes if n.of and not n.uniform and n.op not in WRITTEN}
