"""The scorecard as it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.cli.tables import text_paragraph, text_table
from sim.texts import duration_text

if TYPE_CHECKING:
    from sim.validation.robust import Robustness
    from sim.validation.scorecard import Judged, Scorecard


def short_card(card: Scorecard) -> str:
    """A line for each experiment."""
    rows = [
        (
            r.experiment.row,
            r.experiment.name,
            r.verdict + ", on a hair" * r.on_a_hair,
            r.use,
            r.experiment.title,
        )
        for r in card.rows
    ]
    return text_table(rows, ("row", "name", "verdict", "use", "title"))


def whole_card(card: Scorecard) -> str:
    """Each experiment with its statements: verdict, what was found, what was wanted."""
    statements = [j for row in card.rows for j in row.judged]
    table = text_table([("  ", j.verdict, _found(j), j.wanted.bounds(), _figure(j)) for j in statements])
    told = iter(table.splitlines())
    lines: list[str] = []
    for row in card.rows:
        e = row.experiment
        hair = ", on a hair" * row.on_a_hair
        lines += [
            "",
            f"{e.row} {e.name}: {row.verdict}{hair} ({row.use}, {duration_text(row.wall, 2)})".strip(),
        ]
        if e.title:
            lines.append(text_paragraph(e.title, "   "))
        for j in row.judged:
            lines.append(next(told))
            if j.reason:
                lines.append(text_paragraph(j.reason, "      "))
        if e.cause and row.verdict != "pass":
            shown = f" ({row.shown_by()})" if row.otherwise else ""
            lines.append(text_paragraph(f"cause: {e.cause}{shown}", "   "))
        lines += [text_paragraph(f"note: {text}", "   ") for text in row.notes]
    return "\n".join(lines[1:])


def _found(j: Judged) -> str:
    """The figure; why there is none stands in the next line."""
    return "" if j.verdict == "not run" else j.wanted.shown(j.figure)


def _figure(j: Judged) -> str:
    """What the figure is of, and what is to be known of it."""
    marks = ["fitted"] * j.wanted.fitted + ["on a hair"] * j.on_a_hair
    return (f"[{', '.join(marks)}] " if marks else "") + j.wanted.wording


def flip_table(tried: Robustness) -> str:
    """Which change flips what."""
    rows = [(r.change, str(r.number), ", ".join(r.lost), ", ".join(r.won)) for r in tried.rows]
    return "\n".join([text_table(rows, ("change", "flips", "lost", "won")), "", tried.summary()])


def flip_data(tried: Robustness) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [r._asdict() | {"flips": r.number} for r in tried.rows]
