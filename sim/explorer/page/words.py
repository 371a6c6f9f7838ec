"""The page in words: HTML of stories and tables, and its looks. Every text of data is escaped here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from sim.atlas.expectations import Expectation, expectations
from sim.experiment.scenario import Scenario
from sim.explorer.asked.choices import class_of, size_in_words
from sim.explorer.made.job import COMPILING, DRAWING, FAILED, PREPARING, RunJob
from sim.parameters import cite, load_references
from sim.texts import count_text, duration_text, length_text

NOTICE = "A research tool, not a clinical tool."
SURROUNDINGS = {
    "fixed": "fluid of fixed composition",
    "closed": "closed: nothing passes the edge",
    "exchange": "exchange with fluid through a resistance",
}


def block(html: str) -> str:
    """HTML within the looks of the page."""
    return f'<div class="hx">{html}</div>'


def header() -> str:
    return block(f'<h1>hapsim explorer</h1><span class="small">{escape(NOTICE)}</span>')


def label(name: str, words: str, right: str = "") -> str:
    """Above a field: the name that scripts use, its range at the right, and below what it is."""
    said = f'<div class="small">{escape(words)}</div>' if words else ""
    beside = f'<span class="small right">{escape(right)}</span>' if right else ""
    return block(f'{beside}<span class="name">{escape(name)}</span>{said}')


def note(text: str, kind: str = "small") -> str:
    """A line below a field. kind: "small", "refused" or "mind" """
    return block(f'<span class="{kind}">{escape(text)}</span>') if text else ""


def paragraphs(title: str, texts: Sequence[str], kind: str = "small") -> str:
    """Sentences under a heading; nothing without sentences."""
    rows = "".join(f'<p class="{kind}">{escape(text)}</p>' for text in texts)
    return f"<h2>{escape(title)}</h2>{rows}" if rows else ""


def html_table(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Rows as a table; a sentence where there are none."""
    if not rows:
        return '<p class="small">Nothing to show.</p>'
    top = f"<tr>{''.join(f'<th>{escape(word)}</th>' for word in head)}</tr>" if head else ""
    lines = ("".join(f"<td>{escape(text)}</td>" for text in row) for row in rows)
    return f"<table>{top}{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def story_of(s: Scenario) -> str:
    """What a scenario is, what is known of its condition, and how it is laid out."""
    known = expectations().get(s.name)
    parts = [f"<h2>{escape(s.title or s.name)}</h2>"]
    parts.append(
        f'<p class="small">{escape(class_of(s.name))} &middot; <span class="name">{escape(s.name)}</span></p>'
    )
    parts += [f"<p>{escape(text)}</p>" for text in s.notes.split("\n\n") if text.strip()]
    if known is not None:
        parts.append(f"<h2>What is known ({escape(_rests_on(known))})</h2><p>{escape(known.known)}</p>")
        cited = load_references()
        parts += [f'<p class="small">{escape(str(cited[key]))}</p>' for key in known.sources]
        if known.reason:
            parts.append(f'<p class="small">Where the model misses it: {escape(known.reason)}</p>')
    elif s.expected:
        parts.append(f"<h2>Expected</h2><p>{escape(s.expected)}</p>")
    parts.append(f"<h2>Laid out as</h2>{html_table(_facts(s))}")
    return block("".join(parts))


def _rests_on(known: Expectation) -> str:
    words = {
        "source": "from a source",
        "estimate": "an estimate from textbooks",
        "none": "nothing to judge by",
    }
    return words.get(known.confidence, known.confidence)


def _facts(s: Scenario) -> list[tuple[str, str]]:
    """Geometry, layers, surroundings, duration, what happens, and how well its numbers are known."""
    rows = [("geometry", f"{s.geometry.replace('_', ' ')}, {size_in_words(s)}")]
    if s.domain:
        rows.append(("domain", " x ".join(length_text(a) for a, _ in s.domain)))
        rows.append(
            ("places", ", ".join(dict.fromkeys([n for n, _ in s.layers] + [n for n, _ in s.regions])))
        )
    else:
        rows.append(
            ("from the centre outwards", ", ".join(f"{n} {length_text(s.size(n))}" for n, _ in s.layers))
        )
    rows.append(
        ("surroundings", {"fixed": "fluid of fixed composition", "closed": "closed"}.get(s.outer, s.outer))
    )
    rows.append(("duration", duration_text(s.duration)))
    rows += [("happens", text) for text in (*s.interventions_in_words(), *s.courses_in_words())]
    counts = cite(s.parameters).counts
    rows.append(("its numbers", ", ".join(f"{n} {word}" for word, n in counts.items() if n)))
    return rows


CANCELLED_EARLY = (
    "Cancelled before its first step, so it has no result. Compiling goes on in the background, so that the "
    "next run starts sooner."
)


def after_cancelled(job: RunJob) -> str:
    """What became of the code of a run that was cancelled before its first step."""
    if job.state == FAILED:
        return f"Cancelled. The run would have failed: {job.failure}"
    return "Cancelled. The code is compiled now: the next run of this model starts at once."


def state_in_words(job: RunJob) -> str:
    """What a run is doing now."""
    seconds = f"{job.elapsed:.0f} s"
    if job.state == PREPARING and job.waits:
        return f"Waiting: code of another run is still being compiled, one at a time ({seconds}) ..."
    if job.state == PREPARING:
        return "Preparing the model ..."
    if job.state == COMPILING:
        return f"Compiling, up to a minute the first time this model runs here ({seconds}) ..."
    if job.state == DRAWING:
        return f"Adding up the results ({seconds}) ..."
    duration = job.scenario.duration
    share = 100.0 * job.simulated / duration if duration > 0 and math.isfinite(job.simulated) else 0.0
    return (
        f"Running: {duration_text(job.simulated)} of {duration_text(duration)} ({share:.0f} %), "
        f"{count_text(job.steps, 'step')}, {seconds}"
    )
