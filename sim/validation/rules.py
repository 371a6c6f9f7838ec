"""How a published number becomes a range of acceptance, and how near to a bound a figure is."""

from __future__ import annotations

import math
from functools import cache
from importlib import resources
from typing import NamedTuple

from sim.parameters import Parameters, load_parameters


@cache
def rule_numbers() -> Parameters:
    """Words and rules of data/validation/rules.toml."""
    return load_parameters(resources.files("sim") / "data" / "validation" / "rules.toml")


class Span(NamedTuple):
    """What is accepted, both ends included [SI]; infinite where there is no bound.

    logarithm: whether the figure is one already, as pH is
    linear: whether it lies about a mean as far below as above, not by factors
    """

    least: float = -math.inf
    most: float = math.inf
    logarithm: bool = False
    linear: bool = False

    def holds(self, figure: float) -> bool:
        """Whether a figure is accepted; NaN never is."""
        return self.least <= figure <= self.most


def around_mean(mean: float, spread: float) -> tuple[float, float]:
    """Ends of what is accepted of a mean with its standard deviation."""
    half = rule_numbers().si("rule.spreads") * spread
    return mean - half, mean + half


def around_number(value: float, logarithm: bool = False) -> tuple[float, float]:
    """Ends of what is accepted of a number that was given without scatter, or of its logarithm."""
    factor = rule_numbers().si("rule.factor")
    if logarithm:
        return value - math.log10(factor), value + math.log10(factor)
    return min(value / factor, value * factor), max(value / factor, value * factor)


def margin(figure: float, span: Span) -> float:
    """How far a figure is inside the nearest bound, in hairs: below 0 outside, between -1 and 1 on a hair.

    A hair is a factor (a step, of a logarithm) or, in a narrower range, a share of it: rules.toml.
    """
    if math.isnan(figure):
        return -math.inf
    factor, share = (rule_numbers().si(f"rule.{n}") for n in ("hair", "share"))
    ends = (figure, span.least, span.most)
    place, low, high = ends if span.logarithm else map(_log, ends)
    hair = _step(factor, span)
    if math.isfinite(low) and math.isfinite(high):
        hair = min(hair, share * (high - low))
    below = place - low if low > -math.inf else math.inf
    above = high - place if high < math.inf else math.inf
    inside = min(below, above)
    if (inside >= 0) != span.holds(figure):  # a negative amount has no logarithm
        return -math.inf
    return inside / hair if hair > 0 else math.copysign(math.inf, inside)


def deviation(figure: float, span: Span) -> float:
    """How far a figure is from what was measured, in standard deviations: what a fit makes small.

    Of a range: its distance from the middle, of which the ends are `rule.spreads` away. Of a single bound:
    what it lacks to lie a hair beyond it, 0 where it does, in deviations of a number without scatter.
    Without a logarithm of its own or a mean it is measured by its logarithm; less than `rule.trace` of a
    bound counts as that share, for a solver's tolerance is no mineral, and as much above it.
    """
    spreads = rule_numbers().si("rule.spreads")
    bounds = [b for b in span[:2] if math.isfinite(b)]
    if math.isnan(figure) or not bounds:
        return math.nan if math.isnan(figure) else 0.0
    logs = not (span.logarithm or span.linear) and min(bounds) > 0
    place, low, high = figure, span.least, span.most
    if logs:
        trace = rule_numbers().si("rule.trace")
        place = math.log(min(max(figure, trace * min(bounds)), max(bounds) / trace))
        low, high = _log(low), _log(high)
    if len(bounds) == 2:
        return 2 * spreads * (place - (low + high) / 2) / (high - low) if high > low else place - low
    hair = _step(rule_numbers().si("rule.hair"), span)
    unit = _step(rule_numbers().si("rule.factor"), span) / spreads
    if math.isfinite(low):
        return min(place - low - hair, 0.0) / unit
    return max(place + hair - high, 0.0) / unit


def _step(factor: float, span: Span) -> float:
    """What a factor is on the scale of a figure."""
    return math.log10(factor) if span.logarithm else math.log(factor)


def _log(value: float) -> float:
    """The natural logarithm; -inf of what is not positive, which is no bound below."""
    return math.log(value) if value > 0 else -math.inf
