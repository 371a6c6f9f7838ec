"""The scorecard: each statement with what the model found, each experiment with its verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sim.errors import UnknownNameError, listing, unknown
from sim.texts import count_text, tree
from sim.units import to_unit
from sim.validation.experiment import Experiment
from sim.validation.rules import margin
from sim.validation.wanted import Wanted

if TYPE_CHECKING:
    import pandas

PASS, FAIL, NOT_RUN = "pass", "FAIL", "not run"


@dataclass(frozen=True)
class Judged:
    """A statement and what was found: figure [SI], NaN where there is none, and then the reason.

    run: whether the runs that it reads were made
    """

    wanted: Wanted
    figure: float
    reason: str = ""
    run: bool = True

    @property
    def margin(self) -> float:
        """How far inside its bounds, in hairs: below 0 outside (sim.validation.rules)."""
        return margin(self.figure, self.wanted.span)

    @property
    def verdict(self) -> str:
        return NOT_RUN if not self.run else PASS if self.wanted.span.holds(self.figure) else FAIL

    @property
    def on_a_hair(self) -> bool:
        """Whether a small change of the figure would turn the verdict."""
        return self.run and abs(self.margin) < 1

    def found(self) -> str:
        """The figure, or why there is none."""
        if not self.run:
            return ""
        return self.reason if self.reason else self.wanted.shown(self.figure)


@dataclass(frozen=True)
class ScoreRow:
    """An experiment and its statements.

    notes: what its runs said of themselves; wall: s
    otherwise: the row with the changes that show the cause of a failure, where that was run
    """

    experiment: Experiment
    judged: tuple[Judged, ...]
    notes: tuple[str, ...] = ()
    wall: float = 0.0
    otherwise: ScoreRow | None = None

    @property
    def verdict(self) -> str:
        verdicts = {j.verdict for j in self.judged}
        return NOT_RUN if NOT_RUN in verdicts else FAIL if FAIL in verdicts else PASS

    @property
    def on_a_hair(self) -> bool:
        """Whether small changes of figures would turn the verdict of the experiment."""
        failed = [j for j in self.judged if j.verdict == FAIL]
        return all(j.on_a_hair for j in failed) if failed else any(j.on_a_hair for j in self.judged)

    @property
    def use(self) -> str:
        """Whether its numbers were fitted to: "test", "fitted", or "1 of 2 fitted"."""
        fitted, all_of_them = sum(j.wanted.fitted for j in self.judged), len(self.judged)
        if fitted in (0, all_of_them):
            return "fitted" if fitted else "test"
        return f"{fitted} of {all_of_them} fitted"

    def shown_by(self) -> str:
        """What the changes that show the cause do, "with plasma.P = 1 mM it passes"; "" where not run."""
        if self.otherwise is None:
            return ""
        changes = listing(f"{k} = {_given(v)}" for k, v in self.experiment.counterfactual.items())
        if self.otherwise.verdict == PASS:
            return f"with {changes} it passes"
        held = sum(j.verdict == PASS for j in self.otherwise.judged)
        return f"with {changes} {held} of {len(self.judged)} statements hold"


@dataclass(frozen=True)
class Scorecard:
    """Rows in the order of the experiments.

    changes: what was changed in all of them · message: why it is not complete, "" where it is
    """

    rows: tuple[ScoreRow, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""

    def __getitem__(self, name: str) -> ScoreRow:
        """The row of an experiment."""
        found = {r.experiment.name: r for r in self.rows}
        if name not in found:
            raise UnknownNameError(unknown("an experiment of this scorecard", name, found, 20))
        return found[name]

    @property
    def passed(self) -> int:
        return sum(r.verdict == PASS for r in self.rows)

    def verdicts(self) -> dict[str, str]:
        """{experiment: verdict}."""
        return {r.experiment.name: r.verdict for r in self.rows}

    def summary(self) -> str:
        """ "11 of 16 experiments pass, 2 of them on a hair; 4 of those that pass were fitted to"."""
        whole = count_text(len(self.rows), "experiment")
        hairs = sum(r.on_a_hair for r in self.rows if r.verdict == PASS)
        fitted = sum(r.use != "test" for r in self.rows if r.verdict == PASS)
        missing = sum(r.verdict == NOT_RUN for r in self.rows)
        text = f"{self.passed} of {whole} pass"
        text += f", {hairs} of them on a hair" if hairs else ""
        text += f", {fitted} with a number that was fitted to" if fitted else ""
        statements = [j for r in self.rows for j in r.judged]
        hold = sum(j.verdict == PASS for j in statements)
        text += f"; {hold} of {count_text(len(statements), 'statement')} hold"
        return text + (f"; {missing} not run" if missing else "") + "."

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each statement; figure and bounds in `unit`."""
        import pandas

        return pandas.DataFrame([_plain(r, j) for r in self.rows for j in r.judged])

    def as_data(self) -> dict[str, Any]:
        """All of it as plain data; infinite bounds and figures stay infinite."""
        return {
            "summary": self.summary(), "passed": self.passed, "experiments": len(self.rows),
            "changes": dict(self.changes), "message": self.message,
            "rows": [
                {
                    "row": r.experiment.row, "experiment": r.experiment.name, "title": r.experiment.title,
                    "verdict": r.verdict, "on_a_hair": r.on_a_hair, "use": r.use,
                    "cause": r.experiment.cause, "shown_by": r.shown_by(), "notes": list(r.notes),
                    "statements": [_plain(r, j) for j in r.judged],
                }
                for r in self.rows
            ],
        }  # fmt: skip

    def __repr__(self) -> str:
        lines = [
            f"{r.experiment.row} {r.experiment.name}: {r.verdict}{', on a hair' * r.on_a_hair}"
            for r in self.rows
        ]
        return tree(f"Scorecard: {self.summary()}", lines)


def _plain(row: ScoreRow, j: Judged) -> dict[str, Any]:
    w = j.wanted
    return {
        "experiment": row.experiment.name, "figure": w.wording, "wanted": w.bounds(),
        "found": _own(j.figure, w.unit),
        "least": _own(w.span.least, w.unit), "most": _own(w.span.most, w.unit), "unit": w.unit,
        "verdict": j.verdict, "margin": j.margin, "on_a_hair": j.on_a_hair, "fitted": w.fitted,
        "source": list(w.source), "confidence": w.confidence, "note": w.note, "reason": j.reason,
    }  # fmt: skip


def _given(value: Any) -> str:
    """A value of a change as it was written."""
    if isinstance(value, Mapping):
        unit = value.get("unit", "1")
        return f"{value['value']:g}" + ("" if unit == "1" else f" {unit}")
    return str(value)


def _own(value: float, unit: str) -> float:
    return to_unit(value, unit) if math.isfinite(value) else value
