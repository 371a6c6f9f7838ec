"""The scorecard as a part of a page in Markdown, between two marks that a later run finds again."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sim.parameters import References, load_references
from sim.validation.rules import rule_numbers
from sim.validation.scorecard import FAIL, Judged, Scorecard, ScoreRow

if TYPE_CHECKING:
    from sim.validation.robust import Robustness

COLUMNS = 118  # of prose
OWN = "this_work"  # the key of what was concluded here
BEGIN, END = "<!-- scorecard: begin -->", "<!-- scorecard: end -->"


def scorecard_page(card: Scorecard, page: str = "", tried: Robustness | None = None) -> str:
    """A page with the scorecard. page: one to renew, where it stands between its marks; "" for a new one"""
    part = f"{BEGIN}\n\n{scorecard_markdown(card)}"
    part += f"\n{robustness_markdown(tried)}" if tried is not None else ""
    part += f"\n{END}"
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        return f"{before}{part}{after}"
    return f"{page.rstrip()}\n\n{part}\n" if page.strip() else f"# Scorecard\n\n{part}\n"


def scorecard_markdown(card: Scorecard) -> str:
    """Rules, a line for each experiment, then the statements of each."""
    lines = [f"**{card.summary()}**", "", _paragraph(_rules()), ""]
    if card.changes:
        changed = ", ".join(f"`{k}` = {v}" for k, v in card.changes.items())
        lines += [_paragraph(f"Changed in all of them: {changed}."), ""]
    lines += ["| | experiment | verdict | numbers | why it fails |", "|---|---|---|---|---|"]
    lines += [_line(row) for row in card.rows]
    for row in card.rows:
        lines += ["", f"### {row.experiment.row} {row.experiment.title or row.experiment.name}", ""]
        if row.experiment.notes:
            lines += [_paragraph(row.experiment.notes), ""]
        lines += ["| figure | wanted | found | verdict | source |", "|---|---|---|---|---|"]
        lines += [_statement(j) for j in row.judged]
        lines += [f"\n{_paragraph(f'Note: {text}')}" for text in row.notes]
    return "\n".join(lines) + "\n"


def robustness_markdown(tried: Robustness) -> str:
    """A line for each change."""
    said = f"{tried.summary()} Changes that flip none are left out of the table."
    lines = ["### Robustness", "", _paragraph(said), ""]
    lines += ["| change | flips | lost | won |", "|---|---|---|---|"]
    lines += [
        f"| {r.change} | {r.number} | {', '.join(r.lost)} | {', '.join(r.won)} |"
        for r in tried.rows
        if r.number
    ]
    return "\n".join(lines) + "\n"


def _rules() -> str:
    """How verdicts are made, from the numbers that make them."""
    p = rule_numbers()
    return (
        f"Calcified: at least {p['word.calcified'].text()} of calcium in solids on average; none: at most "
        f"{p['word.none'].text()}. A mean with scatter is met within {p.si('rule.spreads'):g} standard "
        f"deviations, a number without within a factor of {p.si('rule.factor'):g} (0.18 of pH). On a hair: "
        f"within a factor of {p.si('rule.hair'):g} of a bound (0.1 of pH), or within a tenth of a narrower "
        "range. An experiment passes when all of its statements hold. Fitted: parameters were fitted to this "
        "number."
    )


def _line(row: ScoreRow) -> str:
    e = row.experiment
    cause = _cell(e.cause) if row.verdict == FAIL else ""
    cause += f" ({_cell(row.shown_by())})" if cause and row.otherwise else ""
    verdict = (f"**{row.verdict}**" if row.verdict == FAIL else row.verdict) + ", on a hair" * row.on_a_hair
    return f"| {e.row} | `{e.name}`: {_cell(e.title)} | {verdict} | {row.use} | {cause} |"


def _statement(j: Judged) -> str:
    w = j.wanted
    verdict = (f"**{j.verdict}**" if j.verdict == FAIL else j.verdict) + ", on a hair" * j.on_a_hair
    found = load_references()
    texts = [_citation(found, k) for k in w.source]
    source = f"{'; '.join(texts)} ({w.confidence}{', fitted' * w.fitted})"
    note = f". {_cell(w.note)}" if w.note else ""
    return f"| {_cell(w.wording)}{note} | {w.bounds()} | {_cell(j.found())} | {verdict} | {source} |"


def _citation(found: References, key: str) -> str:
    """ "Bailey 2001"; the key where there is no such reference."""
    if key not in found or key == OWN:
        return "this work" if key == OWN else key
    author, year = (found[key].get(n) for n in ("author", "year"))
    surname = author.partition(" and ")[0].partition(",")[0].strip("{} ")
    return f"{surname} {year}" if surname and year else key


def _paragraph(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), COLUMNS, break_long_words=False, break_on_hyphens=False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
