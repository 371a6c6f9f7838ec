"""Which parameters the data identify, and in words why others are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.calibration.free import Free
from sim.calibration.problem import Problem
from sim.calibration.profiles import Profile
from sim.calibration.spread import Combination, Spread, loose_groups
from sim.texts import count_text
from sim.units import to_unit

IDENTIFIABLE, NOT_IDENTIFIABLE, UNKNOWN = "identifiable", "not identifiable", "no uncertainty"


@dataclass(frozen=True)
class Verdict:
    """Whether a parameter is identifiable, and a sentence why not ("" when it is)."""

    word: str
    reason: str = ""


def verdicts(
    problem: Problem, best: np.ndarray, found: Spread, profiles: Mapping[str, Profile]
) -> tuple[dict[str, Verdict], list[str]]:
    """{parameter: verdict}, and notes: what is true of several parameters or of the whole fit."""
    free = problem.free
    made: dict[str, Verdict] = {}
    notes: list[str] = []
    for k, f in enumerate(free):
        if found.flat[k] and f.name in profiles and profiles[f.name].bounded:
            continue  # limits are not felt until they are met, further out
        if found.flat[k]:
            made[f.name] = Verdict(NOT_IDENTIFIABLE, f"the data do not feel {f.name} at all.")
        elif found.at_bound[k]:
            low, high = f.inner_bounds
            side = "lower" if best[k] - low < high - best[k] else "upper"
            made[f.name] = Verdict(
                NOT_IDENTIFIABLE,
                f"{f.name} ended at its {side} bound {f.shown(f.outer(best[k]))}: the data would take it "
                "further, so it has no standard error. Widen the bounds, or ask whether the model is right.",
            )
    for group, told in loose_groups(found):
        _judge_group(free, best, found, profiles, group, told, made, notes)
    for k, f in enumerate(free):
        profile = profiles.get(f.name)
        if f.name in made:
            continue
        if profile is None and _wide(f, best[k], found.quantile * found.standard_errors[k]):
            made[f.name] = Verdict(
                NOT_IDENTIFIABLE, f"the linearised interval of {f.name} is wider than its bounds."
            )
        elif profile is not None and not profile.bounded:
            made[f.name] = Verdict(NOT_IDENTIFIABLE, _open(f, profile))
    n, p = problem.size
    if n < p:
        notes.append(f"{n} numbers cannot determine {p} parameters.")
    elif n == p and not problem.known:
        notes.append(
            f"no uncertainty follows from {count_text(n, 'number')} for {count_text(p, 'parameter')} without "
            "standard deviations: the fit meets every number, and nothing is left to judge it by."
        )
    elif n == p:
        notes.append(
            f"no interval of confidence follows from {count_text(n, 'number')} for "
            f"{count_text(p, 'parameter')}: nothing shows whether the model is right. What stands beside the "
            "values carries the standard deviations that were given over to them, if it is."
        )
    certain = IDENTIFIABLE if np.isfinite(found.sigma) else UNKNOWN
    return {f.name: made.get(f.name, Verdict(certain)) for f in free}, notes


def unjudged(free: Sequence[Free], message: str) -> tuple[dict[str, Verdict], list[str]]:
    """Verdicts and notes of a fit that was broken off."""
    return {f.name: Verdict(UNKNOWN) for f in free}, [message]


def _judge_group(
    free: Sequence[Free],
    best: np.ndarray,
    found: Spread,
    profiles: Mapping[str, Profile],
    group: tuple[int, ...],
    told: Sequence[Combination],
    made: dict[str, Verdict],
    notes: list[str],
) -> None:
    """A group that the data hardly tell apart: fatal unless both profiles are bounded all the same."""
    names = [free[i].name for i in group]
    words = " and ".join(combination_text(free, best, found, c) for c in told)
    if len(group) == 2:
        what = f"their correlation is {found.correlation[group]:.4f}"
    else:
        what = "a change of all of them together leaves the predictions as they are"
    shapes = [profiles.get(n) for n in names]
    if np.isfinite(found.sigma) and all(p is not None and p.bounded for p in shapes):
        notes.append(f"{_and(names)} are identifiable but hardly apart: {what}; better known is {words}.")
        return
    if not np.isfinite(found.sigma) and _regular(found, group):
        notes.append(f"{_and(names)} are hardly told apart: {what}; best determined is {words}.")
        return
    reason = f"{_and(names)} cannot be told apart: {what}. Identifiable is {words}."
    for name in names:
        made.setdefault(name, Verdict(NOT_IDENTIFIABLE, reason))


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _regular(found: Spread, group: tuple[int, ...]) -> bool:
    """Whether a pair is distinct beyond the noise of differences."""
    return len(group) == 2 and 1 - abs(found.correlation[group]) > 1e-5


def _wide(f: Free, middle: float, half: float) -> bool:
    low, high = f.inner_bounds
    return bool(middle - half < low and middle + half > high)


def _open(f: Free, profile: Profile) -> str:
    level = f"{100 * profile.confidence:g} %"
    if profile.flat:
        return (
            f"the profile of {f.name} is flat: below, {profile.open_low}; above, {profile.open_high}, before "
            f"the fit becomes worse at {level}."
        )
    side, why = ("below", profile.open_low) if profile.open_low else ("above", profile.open_high)
    end = profile.high if profile.open_low else profile.low
    other = "at most" if profile.open_low else "at least"
    return (
        f"{f.name} is not bounded {side}: {why}, before the fit becomes worse at {level}. The data say only "
        f"that it is {other} {f.shown(end)}."
    )


def combination_text(free: Sequence[Free], best: np.ndarray, found: Spread, c: Combination) -> str:
    """As "a^1 b^1 = 6.02 (5.8 to 6.3)"; a sum where a parameter was searched on a linear scale."""
    log = all(free[i].log for i in c.members)
    half = found.quantile * found.sigma * c.error
    if log:
        exponents = " ".join(
            f.name if abs(w - 1) < 5e-4 else f"{f.name}^{w:.3g}"
            for f, w in ((free[i], w) for i, w in zip(c.members, c.weights, strict=True))
            if abs(w) > 1e-3
        )
        middle = sum(w * best[i] for i, w in zip(c.members, c.weights, strict=True))
        low, value, high = (np.exp(middle + s * half) for s in (-1, 0, 1))
        interval = f" ({low:.4g} to {high:.4g} SI)" if np.isfinite(half) else " SI"
        return f"{exponents} = {value:.4g}{interval}"
    terms, value, spread = [], 0.0, half
    for i, w in zip(c.members, c.weights, strict=True):
        f = free[i]
        if f.log:
            terms.append(f"{w:+.3g} ln({f.name})")
        else:
            terms.append(f"{w:+.3g} {f.name}/{to_unit(f.high - f.low, f.unit):.4g}")
        value += w * best[i]
    interval = f" ({value - spread:.4g} to {value + spread:.4g})" if np.isfinite(spread) else ""
    return f"{' '.join(terms)} = {value:.4g}{interval}"
