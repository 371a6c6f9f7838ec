"""How many rows of the scorecard flip where parameters, solubilities and sets of constants are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sim.chemistry.constants_sets import constants_sets
from sim.errors import ParameterError, nearest, shown
from sim.model.library import with_constants
from sim.public import public
from sim.texts import count_text, tree
from sim.validation.experiment import Experiment
from sim.validation.reading_files import experiments, load_experiment
from sim.validation.run_progress import TellProgress
from sim.validation.scorecard import NOT_RUN, Scorecard
from sim.validation.validate import card_of, run_together, with_causes

if TYPE_CHECKING:
    import pandas

    from sim.experiment.scenario import Scenario

Change = Callable[["Scenario"], "Scenario"]


class Flips(NamedTuple):
    """What one change does: which experiments pass no longer, and which now pass."""

    change: str
    lost: tuple[str, ...]
    won: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many experiments flip."""
        return len(self.lost) + len(self.won)


@dataclass(frozen=True)
class Robustness:
    """The scorecard as it is, and what each change does to it. message: why it is not complete, or "" """

    base: Scorecard
    rows: tuple[Flips, ...]
    message: str = ""

    def summary(self) -> str:
        """ "31 changes: 3 of 16 experiments flip at most, 9 in all; 22 of the changes flip none."."""
        most = max((r.number for r in self.rows), default=0)
        none = sum(r.number == 0 for r in self.rows)
        flipped = sum(r.number for r in self.rows)
        return (
            f"{count_text(len(self.rows), 'change')}: {most} of "
            f"{count_text(len(self.base.rows), 'experiment')} flip at most, {flipped} in all; {none} of the "
            "changes flip none."
        )

    def by_experiment(self) -> dict[str, int]:
        """{experiment: how many changes flip it}."""
        names = [r.experiment.name for r in self.base.rows]
        return {n: sum(n in (*r.lost, *r.won) for r in self.rows) for n in names}

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each change."""
        import pandas

        return pandas.DataFrame(
            [
                {"change": r.change, "flips": r.number, "lost": list(r.lost), "won": list(r.won)}
                for r in self.rows
            ]
        )

    def __repr__(self) -> str:
        lines = [f"{r.change}: {count_text(r.number, 'flip')}{_who(r)}" for r in self.rows]
        return tree(f"Robustness: {self.summary()}", lines)


def _who(row: Flips) -> str:
    parts = [f"lost {', '.join(row.lost)}"] if row.lost else []
    parts += [f"won {', '.join(row.won)}"] if row.won else []
    return f" ({'; '.join(parts)})" if parts else ""


@public
def robustness(
    names: Sequence[str | Path | Experiment] | None = None,
    parameters: Sequence[str] | None = None,
    share: float = 0.1,
    decades: float = 0.1,
    workers: int = 0,
    progress: bool | TellProgress = False,
) -> Robustness:
    """Score the experiments again under changes, one at a time, and say which verdicts flip.

    names: of experiments, all when None · parameters: names; the fitted ones of the model when None
    share: by which each parameter is raised and lowered, wherever an arm has it
    decades: by which the solubility product of each phase is raised and lowered; 0 leaves them
    Other sets of constants are tried too. Ctrl-C keeps the changes that are done.
    """
    chosen = [e if isinstance(e, Experiment) else load_experiment(e) for e in names or experiments()]
    changes = list(changes_of(chosen, parameters, share, decades))
    groups = [chosen, *([_with(e, change) for e in chosen] for _, change in changes)]
    found, message = run_together(groups, workers, progress)
    cards = [card_of(some, runs) for some, runs in zip(groups, found, strict=True)]
    base = cards[0] if message else with_causes(cards[0], workers)
    rows = [
        flips(said, base, card)
        for (said, _), card in zip(changes, cards[1:], strict=True)
        if NOT_RUN not in (*base.verdicts().values(), *card.verdicts().values())
    ]
    if message:
        message += f" {count_text(len(rows), 'change')} of {len(changes)} are complete."
    return Robustness(base, tuple(rows), message)


def flips(change: str, before: Scorecard, after: Scorecard) -> Flips:
    """Which verdicts of experiments a change turns."""
    old, new = before.verdicts(), after.verdicts()
    turned = [n for n in old if old[n] != new[n]]
    passing = {r.experiment.name for r in before.rows if r.verdict == "pass"}
    return Flips(
        change, tuple(n for n in turned if n in passing), tuple(n for n in turned if n not in passing)
    )


def fitted_parameters(chosen: Iterable[Experiment]) -> list[str]:
    """Names of parameters that say of themselves that they were fitted."""
    found: dict[str, None] = {}
    for e in chosen:
        for s in e.arms.values():
            found |= {n: None for n, p in s.parameters.items() if p.confidence == "fitted"}
    return list(found)


def changes_of(
    chosen: Sequence[Experiment], parameters: Sequence[str] | None, share: float, decades: float
) -> Iterator[tuple[str, Change]]:
    """(in words, change of a scenario) of all that is tried."""
    arms = [s for e in chosen for s in e.arms.values()]
    for name in fitted_parameters(chosen) if parameters is None else parameters:
        if not any(name in s.parameters for s in arms):
            known = dict.fromkeys(n for s in arms for n in s.parameters)
            raise ParameterError(f"{shown(name)} is a parameter of no experiment.{nearest(name, known)}")
        for factor in (1 + share, 1 - share):
            yield f"{name} {100 * (factor - 1):+.3g} %", _times(name, factor)
    for phase in _phases(arms) if decades else ():
        for step in (decades, -decades):
            yield f"log Ksp of {phase} {step:+g}", _shifted({phase: step})
    used = {s.constants for s in arms}
    for word in constants_sets():
        if {word} != used:
            yield f"constants {word}", _by_constants(word)


def _with(e: Experiment, change: Change) -> Experiment:
    return replace(e, arms={n: change(s) for n, s in e.arms.items()})


def _times(name: str, factor: float) -> Change:
    def change(s: Scenario) -> Scenario:
        return s.changed({name: factor * s.parameters.si(name)}) if name in s.parameters else s

    return change


def _shifted(shifts: Mapping[str, float]) -> Change:
    def change(s: Scenario) -> Scenario:
        return s.with_model(with_constants(s.model, s.constants, shifts))

    return change


def _by_constants(word: str) -> Change:
    return lambda s: s.changed({"constants": word})


def _phases(arms: Iterable[Scenario]) -> list[str]:
    """Phases of solids that form in the model."""
    found = [x.solid.phase for s in arms for x in s.model.solids if x.solid is not None and x.solid.phase]
    return list(dict.fromkeys(found))
