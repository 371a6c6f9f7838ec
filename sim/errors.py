"""What can go wrong, in sentences: what was given, what is allowed, what to try.

Four families, one common base: what was asked for (`ConfigError` and its kinds, a ValueError), what could
not be computed (`SolverError`, `SpeciationError`), a file that cannot be used (`FileFormatError`), and a
sweep whose surroundings fail (`StoreError`, `SweepError`).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches


class HapsimError(Exception):
    """Whatever hapsim refuses in a sentence; anything else that is raised is a fault of the program."""


class ConfigError(HapsimError, ValueError):
    """Something the user wrote cannot be used as it stands."""


class ArgumentError(ConfigError, TypeError):
    """An argument of a wrong kind, or one that a function does not have; Python's would be a TypeError."""


class ParameterError(ConfigError):
    """An unknown parameter, or a value it cannot take."""


class UnitError(ConfigError):
    """A quantity that cannot be read, or that has the wrong dimension."""


class ModelError(ConfigError):
    """Species, derived quantities and processes that do not fit together."""


class ScenarioError(ConfigError):
    """A scenario that cannot be run as described."""


class UnknownNameError(ConfigError, KeyError):
    """A name that is not there, where a dictionary would raise KeyError; reads as the sentence it is."""

    def __str__(self) -> str:  # KeyError's own is the repr of its argument: quotes and escapes
        return str(self.args[0]) if self.args else ""


class SolverError(HapsimError, RuntimeError):
    """The integration could not go on."""


class SpeciationError(HapsimError, RuntimeError):
    """The equilibrium of a solution could not be found."""


class FileFormatError(HapsimError, ValueError):
    """A file that is damaged, or not of the kind expected."""


class StoreError(HapsimError, RuntimeError):
    """The store of a sweep that cannot be written or read just now: locked, full, somebody else's."""


class SweepError(HapsimError, RuntimeError):
    """A sweep that cannot go on: workers that do not start, a scheduler that does not answer."""


class RangeWarning(UserWarning):
    """A value outside the range of its source, or usual of another quantity; it is used all the same."""


class MissingWarning(UserWarning):
    """Values that are missing in what was given; what depends on them is NaN."""


class LongRunWarning(UserWarning):
    """A run that will take far longer than others of its size; it is run all the same."""


class RegionWarning(UserWarning):
    """A region that is hardly where it was meant to be; it is used as it stands."""


class NoiseWarning(UserWarning):
    """Two ways to tell the noise of a measured volume do not agree; the smaller is used."""


class TissueWarning(UserWarning):
    """Tissue of which a scenario does not say whether it lives; it is taken as dead."""


class UnreachedWarning(UserWarning):
    """Interventions that lie beyond the end of a run, which was shortened; they do not act."""


class WatchWarning(UserWarning):
    """A function that looked at a run while it went on has failed; the run ended there, with what it had."""


def warn_caller(sentence: str, category: type[Warning]) -> None:
    """Warn, pointing at the line outside the package that called it, however deep inside it was noticed."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "sim":
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, category, stacklevel=level)


def nearest(name: object, candidates: Iterable[str]) -> str:
    """The words " Did you mean 'X'?" for the closest candidate, "" when none is close."""
    text = str(name)[:64]  # the search is quadratic in length: hostile names stay cheap
    names = [str(c) for c in candidates]
    for found in names:
        if found.casefold() == text.casefold() and found != text:
            return f" Did you mean '{found}'?"
    close = get_close_matches(text, names, n=1, cutoff=0.6)
    if not close:  # a case slip costs difflib as much as a wrong letter
        folded = {n.casefold(): n for n in reversed(names)}
        close = [folded[c] for c in get_close_matches(text.casefold(), folded, n=1, cutoff=0.6)]
    return f" Did you mean '{close[0]}'?" if close else ""


def not_one_of(what: str, value: object, allowed: Iterable[str], limit: int = 20) -> str:
    """The sentence about a word that is not allowed: "scale = 'lin' is not one of auto, linear, log.", with
    the nearest of them where one is near. what: the name of the choice; "" where the word stands alone
    """
    words = list(allowed)
    given = f"{what} = {shown(value)}" if what else shown(value)
    return f"{given} is not one of {listing(words, limit)}.{nearest(value, words)}"


def unknown(kind: str, name: object, known: Iterable[str], limit: int = 20) -> str:
    """The sentence about a name that is not there: "'Cs' is not a component; there are Ca, P.", with the
    nearest of them where one is near. kind: "a component", "an axis of this sweep"
    """
    names = list(known)
    return f"{shown(name)} is not {kind}; there are {listing(names, limit)}.{nearest(name, names)}"


def not_installed(what: str, *packages: str, without: str = "") -> str:
    """The sentence about packages that are missing: "Sobol' indices need SALib, which is not installed here:
    python -m pip install SALib", a line that works for a checkout too.

    what: subject and verb, "Sobol' indices need"; packages: as pip calls them; without: what to do instead
    """
    names = [name.partition("[")[0] for name in packages]
    words = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    line = " ".join(f'"{name}"' if "[" in name else name for name in packages)
    verb = "are" if len(names) > 1 else "is"
    rest = f". {without}" if without else ""
    return f"{what} {words}, which {verb} not installed here: python -m pip install {line}{rest}"


def listing(names: Iterable[str], limit: int = 8) -> str:
    """Names in a sentence, "a, b and 12 more": at most `limit` in the order given, or "none"."""
    found = [str(n) for n in names]
    if not found:
        return "none"
    if len(found) <= limit:
        return ", ".join(found)
    return f"{', '.join(found[:limit])} and {len(found) - limit} more"


def shown(value: object, limit: int = 64) -> str:
    """repr of what the user gave, cut to `limit` characters so that a message stays a sentence."""
    if isinstance(value, str) and len(value) > limit:
        return repr(value[:limit]) + "..."
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return f"a very long {type(value).__name__}"
    text = " ".join(text.split()) if "\n" in text else text  # an array has a line a row
    return text if len(text) <= limit else text[:limit] + "..."
