"""Random formulas as text: expressions, branches, loops that are written out, helpers."""

from __future__ import annotations

ARITHMETIC = ("+", "-", "*", "/")
COMPARED = ("<", "<=", ">", ">=", "==", "!=")
CONSTANTS = (0.5, 1.0, 2.0, 3.0, 10.0, 0.1, -1.0, -2.5, 7.0, 49.0, 1e-3, 1e3)
# Of one number; what rounds as Python does, digit by digit.
EXACT = ("abs({})", "math.fabs({})", "float(np.floor({}))", "float(np.ceil({}))", "math.sqrt(abs({}))",
         "float(np.sign({}))", "(-{})", "float(np.sqrt({}))", "float(np.square({}))", "(+{})")  # fmt: skip
EXACT_OF_TWO = ("max({}, {})", "min({}, {})", "float(np.maximum({}, {}))", "float(np.minimum({}, {}))")
ROUNDED = ("math.exp({})", "math.expm1({})", "math.tanh({})", "math.sinh({})", "math.cosh({})",
           "math.log(abs({}) + 1e-3)", "math.log1p(abs({}))", "math.log10(abs({}) + 0.1)", "({}) ** 2",
           "math.log2(abs({}) + 0.1)", "({}) ** 3", "(abs({}) + 0.2) ** -2", "(abs({}) + 0.1) ** 1.5",
           "2.0 ** ({})", "10.0 ** ({})", "float(np.exp2({}))",
           "float(np.interp({}, (-1.0, 0.0, 2.0), (1.0, 3.0, -2.0)))")  # fmt: skip
ROUNDED_OF_TWO = ("math.hypot({}, {})", "(abs({}) + 0.1) ** ({})", "float(np.clip({}, -1.0, {}))")


class RandomText:
    """rng: numpy's; rounded: whether with functions that round otherwise than Python's"""

    def __init__(self, rng, rounded):
        self.rng, self.n = rng, 0
        self.one = EXACT + (ROUNDED if rounded else ())
        self.two = EXACT_OF_TWO + (ROUNDED_OF_TWO if rounded else ())

    def pick(self, of):
        return of[self.rng.integers(len(of))]

    def name(self, names):
        return self.pick(names)

    def expression(self, names, depth):
        """An expression of numbers, of which one at least is a name."""
        kind = self.rng.random()
        if depth <= 0 or kind < 0.1:
            return self.name(names)
        inner = self.expression(names, depth - 1)
        if kind < 0.5:
            written = self.rng.random() < 0.3
            other = repr(self.pick(CONSTANTS)) if written else self.expression(names, depth - 1)
            left, right = (inner, other) if self.rng.random() < 0.6 else (other, inner)
            return f"({left} {self.pick(ARITHMETIC)} {right})"
        if kind < 0.72:
            return self.pick(self.one).format(inner)
        if kind < 0.82:
            return self.pick(self.two).format(inner, self.expression(names, depth - 1))
        if kind < 0.9:
            return f"({inner} if {self.test(names, depth - 1)} else {self.expression(names, depth - 1)})"
        if kind < 0.94:
            return f"({inner} + {self.pick(CONSTANTS)!r} * ({self.test(names, depth - 1)}))"
        if kind < 0.97:
            return f"({inner} {self.pick(('and', 'or'))} {self.expression(names, depth - 1)})"
        return f"helper({inner}, {self.name(names)})"

    def test(self, names, depth):
        """A truth."""
        kind = self.rng.random()
        left = self.expression(names, depth - 1)
        right = repr(self.pick(CONSTANTS)) if self.rng.random() < 0.5 else self.expression(names, depth - 1)
        one = f"{left} {self.pick(COMPARED)} {right}"
        if kind < 0.6:
            return one
        if kind < 0.7:
            return f"not ({one})"
        if kind < 0.8:
            return f"{self.name(names)} {self.pick(('<', '<='))} {left} < {right}"
        return f"({one} {self.pick(('and', 'or'))} {self.test(names, depth - 1)})"

    def block(self, names, depth, indent, looping=False):
        """Lines of a body that may return, leave a loop, or set names that are there."""
        pad, lines = "    " * indent, []
        for _ in range(self.rng.integers(1, 4)):
            kind = self.rng.random()
            if kind < 0.45 or depth <= 0:
                target = self.name([n for n in names if n not in "xyk"])
                sign = self.pick(("=", "=", "+=", "*=", "-="))
                lines.append(f"{pad}{target} {sign} {self.expression(names, 2)}")
            elif kind < 0.75:
                lines.append(f"{pad}if {self.test(names, 2)}:")
                lines += self.block(names, depth - 1, indent + 1, looping)
                if self.rng.random() < 0.6:
                    lines.append(f"{pad}else:")
                    lines += self.block(names, depth - 1, indent + 1, looping)
            elif kind < 0.87:
                turns = self.pick(("range(1, 4)", "(1.5, x, y)", "(k, 2.0)", "range(3, 0, -1)"))
                lines.append(f"{pad}for j{indent} in {turns}:")
                lines += self.block([*names, f"j{indent}"][:8], depth - 1, indent + 1, True)
                if self.rng.random() < 0.3:
                    lines.append(f"{pad}else:")
                    lines += self.block(names, depth - 1, indent + 1, looping)
            elif kind < 0.93 and looping:
                lines.append(f"{pad}if {self.test(names, 2)}:")
                lines.append(f"{pad}    {self.pick(('break', 'continue'))}")
            else:
                lines.append(f"{pad}if {self.test(names, 2)}:")
                lines.append(f"{pad}    return {self.expression(names, 2)}")
        return lines

    def formula(self):
        """`def f(x, y, k)` with a helper."""
        test, value = self.test(["x", "y"], 1), self.expression(["x", "y"], 2)
        helper = ["def helper(x, y):", f"    if {test}:", f"        return {value}", "    return x"]
        helper[1:3] = [line.replace("helper", "max") for line in helper[1:3]]
        lines = ["def f(x, y, k):"]
        if self.rng.random() < 0.4:
            lines.append(f"    return {self.expression(['x', 'y', 'k'], 5)}")
        else:
            lines.append(f"    a = {self.expression(['x', 'y', 'k'], 2)}")
            named = self.expression(["x", "y", "k", "a"], 2)
            lines.append(f"    b = (c := {named}) * {self.pick(CONSTANTS)!r}")
            names = ["x", "y", "k", "a", "b", "c"]
            lines += self.block(names, 2, 1)
            lines.append(f"    return {self.expression(names, 3)}")
        return "\n".join([*helper, "", *lines, ""])
