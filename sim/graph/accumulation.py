"""The chain rule with few multiplications: intermediate quantities are eliminated from a graph of slopes.

Slopes are edges from what is read to what is made. To take a quantity out, each slope into it is multiplied
by each slope out of it; what would cost least goes first (Markowitz 1957, as for sparse matrices; for slopes
Griewank & Reese 1991). What is left are the derivatives of the results by the inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

Edge = tuple[int, int]  # what is made, what it is made from


def accumulation(
    slopes: Mapping[Edge, int], results: Collection[int]
) -> tuple[list[tuple[int, int, int]], dict[Edge, int]]:
    """Steps (target, a, b): value[target] += value[a] value[b]; and what is left, {(result, input): number}.

    slopes: {edge: number of its value}. Values that begin with a product get the numbers behind those.
    """
    into: dict[int, dict[int, int]] = {}  # made -> {made from: value}
    out_of: dict[int, dict[int, int]] = {}
    for (made, source), value in slopes.items():
        into.setdefault(made, {})[source] = value
        out_of.setdefault(source, {})[made] = value
    steps: list[tuple[int, int, int]] = []
    fresh = max(slopes.values(), default=-1) + 1
    inner = [v for v in into if v not in results]

    def cost(v: int) -> int:
        return len(into[v]) * len(out_of.get(v, ()))

    while inner:
        v = min(inner, key=cost)
        inner.remove(v)
        sources, makes = into.pop(v), out_of.pop(v, {})
        for made, after in makes.items():
            del into[made][v]
            for source, before in sources.items():
                target = into[made].get(source)
                if target is None:
                    target, fresh = fresh, fresh + 1
                    into[made][source] = out_of[source][made] = target
                steps.append((target, after, before))
        for source in sources:
            del out_of[source][v]
    left = {(r, source): value for r in results for source, value in into.get(r, {}).items()}
    return steps, left
