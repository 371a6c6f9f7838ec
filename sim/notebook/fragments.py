"""HTML that a notebook shows of an object, made of text: tables, facts, folds, lists.

All text is escaped here. Nothing has a colour, a script, an identity or an address: a fragment looks as the
notebook around it does, dark or light, and asks for nothing. What is long is cut, and says by how much.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

MOST_ROWS = 100  # of a table
LONGEST = 400  # characters of a cell, of a tip, of a sentence in a list
MOST_SENTENCES = 20
LEFT = ' style="text-align:left"'  # notebooks set the cells of tables to the right, one by one


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


class Tipped(NamedTuple):
    """A text with another that is read when the pointer rests on it."""

    text: str
    tip: str


Cell = str | Tipped


def escaped(text: object, longest: int = LONGEST) -> str:
    """A text without what HTML would read, cut where it is very long."""
    plain = str(text)
    return html.escape(plain if len(plain) <= longest else f"{plain[:longest]} ...")


def _inside(cell: Cell) -> str:
    if isinstance(cell, Tipped) and cell.tip:
        return f'<span title="{escaped(cell.tip)}">{escaped(cell.text)}</span>'
    return escaped(cell.text if isinstance(cell, Tipped) else cell)


def html_table(
    head: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    title: str = "",
    most: int = MOST_ROWS,
    all_of_it: str = "print() shows all",
) -> Html:
    """A table; of more than `most` rows the first, with a sentence on how many were left out.

    all_of_it: where the others are
    """
    source = iter(rows)
    shown = list(islice(source, most))
    left_out = sum(1 for _ in source)
    heads = "".join(f"<th{LEFT}>{escaped(h)}</th>" for h in head)
    lines = "".join("<tr>" + "".join(f"<td{LEFT}>{_inside(c)}</td>" for c in r) + "</tr>" for r in shown)
    caption = f"<caption>{escaped(title)}</caption>" if title else ""
    told = f"<p>{left_out} more rows were left out; {escaped(all_of_it)}.</p>" if left_out else ""
    table = f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    return Html(table + told)


def html_facts(rows: Iterable[tuple[str, Cell]]) -> Html:
    """A table of what and how it is; rows without a text are left out."""
    kept = [(what, cell) for what, cell in rows if (cell.text if isinstance(cell, Tipped) else cell)]
    lines = "".join(
        f"<tr><th{LEFT}>{escaped(what)}</th><td{LEFT}>{_inside(cell)}</td></tr>" for what, cell in kept
    )
    return Html(f"<table><tbody>{lines}</tbody></table>") if lines else Html()


def html_fold(summary: str, *content: Html) -> Html:
    """What is seen when its summary is clicked on."""
    inside = "".join(content)
    return Html(f"<details><summary>{escaped(summary)}</summary>{inside}</details>") if inside else Html()


def html_head(name: str, words: str = "") -> Html:
    """What it is, in bold, and a few words."""
    return Html(f"<div><b>{escaped(name)}</b>{': ' if words else ''}{escaped(words)}</div>")


def html_list(sentences: Iterable[str]) -> Html:
    """Sentences, one below the other; at most so many."""
    given = list(sentences)
    more = len(given) - MOST_SENTENCES
    shown = [*given[:MOST_SENTENCES], *([f"and {more} more"] if more > 0 else [])]
    return Html(f"<ul>{''.join(f'<li>{escaped(s)}</li>' for s in shown)}</ul>") if shown else Html()


def html_text(text: str) -> Html:
    """A text as it is printed."""
    return Html(f"<pre>{html.escape(text)}</pre>")


def html_whole(*parts: Html) -> Html:
    """Fragments below each other, as one object."""
    return Html(f"<div>{''.join(parts)}</div>")
