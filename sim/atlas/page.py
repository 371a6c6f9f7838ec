"""An atlas as one static page: a table of verdicts, then each condition with its picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from sim.atlas.expectations import RIGHT, UNSCORED, WRONG, Expectation
from sim.atlas.morphology import atlas_rules
from sim.atlas.sight import EYE, STAIN
from sim.errors import FileFormatError
from sim.experiment.catalogue import scenario
from sim.experiment.treatments.treatment import treatment
from sim.files import write_text
from sim.imaging.detection.first_seen import detection_levels
from sim.parameters import load_references
from sim.run import measures
from sim.run import result as results
from sim.texts import duration_text

if TYPE_CHECKING:
    from sim.atlas.atlas import Atlas, Entry

UNKNOWN = "No reason is known."
TINT = {RIGHT: "#d9ead3", WRONG: "#f4cccc", UNSCORED: "#eeeeee"}
STYLE = """body { font: 15px/1.5 sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 } th { text-align: left }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .5rem; vertical-align: top }
td.answer { white-space: nowrap; font-weight: 600 } img { max-width: 100%; border: 1px solid #ddd }
.loud { color: #a00; font-weight: 700 }
.small { color: #555; font-size: 13px } h2 { margin-top: 3rem } dt { font-weight: 600 }"""


def write_page(atlas: Atlas) -> Path:
    """Write index.html into the folder of the atlas; its path."""
    path = atlas.folder / "index.html"
    write_text(path, "\n".join(_page(atlas)) + "\n")
    return path


def _page(atlas: Atlas) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><title>hapsim: atlas of conditions</title>'
    yield f"<style>{STYLE}</style></head><body>"
    yield "<h1>Atlas of dystrophic calcification</h1>"
    yield (
        "<p>Each condition as the model has it, beside what is known of it. One set of parameters "
        "serves all; nothing was fitted to the outcome of a condition, except where it is said. Wrong "
        "outcomes stay. This is not a clinical tool.</p>"
    )
    yield f"<p><b>{escape(atlas.summary())}</b> (statements). {escape(_rules())}</p>"
    yield from _unexplained(atlas)
    yield "<table><tr><th>condition</th><th>statement</th><th>known</th><th>found</th><th>answer</th></tr>"
    reasons = {e.name: e.expected.reason for e in atlas.entries}
    for name, what, wanted, found, answer in atlas.rows:
        cells = "".join(f"<td>{escape(text)}</td>" for text in (what, wanted))
        why = reasons.pop(name, "") if answer == WRONG else ""  # once, beside the first wrong answer
        small = f'<br><span class="small">{escape(why)}</span>' if why else ""
        cells += f"<td>{escape(found)}{small}</td>"
        section = name.partition("@")[0]  # of a treated run, that of its condition
        yield (
            f'<tr><td><a href="#{escape(section)}">{escape(name)}</a></td>{cells}'
            f'<td class="answer" style="background: {TINT.get(answer, "#fff2cc")}">{escape(answer)}</td></tr>'
        )
    yield "</table>"
    for entry in atlas.entries:
        yield from _section(atlas, entry)
    yield "</body></html>"


def _unexplained(atlas: Atlas) -> Iterator[str]:
    """Which conditions are missed without a reason, where any are."""
    links = ", ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in atlas.unexplained)
    if links:
        yield f'<p class="loud">{UNKNOWN} Conditions with a wrong answer of which this holds: {links}.</p>'


def _sources(known: Expectation) -> str:
    """What is known rests on these, as a list of small print; "" for none."""
    cited = load_references()
    items = "".join(f"<li>{escape(str(cited[key]))}</li>" for key in known.sources)
    return f'<ul class="small">{items}</ul>' if items else ""


def _section(atlas: Atlas, entry: Entry) -> Iterator[str]:
    s, known = scenario(entry.name), entry.expected
    yield f'<h2 id="{escape(entry.name)}">{escape(s.title)}</h2>'
    yield f'<p class="small">{escape(entry.name)}</p><p>{escape(s.notes)}</p><dl>'
    yield f"<dt>Known ({escape(known.confidence)})</dt><dd>{escape(known.known)}{_sources(known)}</dd>"
    for v in entry.verdicts:
        yield f"<dt>{escape(v.what)}: {escape(v.answer)}</dt><dd>{escape(v.found)}</dd>"
    if entry.missed:
        why = escape(known.reason) or f'<span class="loud">{UNKNOWN}</span>'
        yield f"<dt>Why it is missed</dt><dd>{why}</dd>"
    if entry.failure:
        yield f"<dt>Not run</dt><dd>{escape(entry.failure)}</dd></dl>"
        return
    yield from (f"<dt>{escape(what)}</dt><dd>{escape(text)}</dd>" for what, text in _facts(entry))
    yield "</dl>"
    yield from _treated(entry)
    picture = os.path.relpath(entry.folder / "story.png", atlas.folder)
    alt = f"{s.title}: mineral in space and time"
    yield f'<p><img src="{escape(Path(picture).as_posix())}" alt="{escape(alt)}"></p>'


def _treated(entry: Entry) -> Iterator[str]:
    """What treatments do to the mineral at the end, beside the run without."""
    if not entry.treated and not entry.failed:
        return
    plain = entry.result
    head = ("under, from the start on", "calcium in solids at the end", "of the untreated", "expected of it")
    yield f"<table><tr>{''.join(f'<th>{word}</th>' for word in head)}</tr>"
    untreated = _mean(plain)
    yield f"<tr><td>no treatment</td><td>{untreated:.3g} mM</td><td></td><td></td></tr>"
    for name, folder in entry.treated.items():
        found = _mean(results.load(folder / "result.nc"))
        share = f"{100 * found / untreated:.3g} %" if untreated > 0 else ""
        given = treatment(name)
        dose = f"{name}, {given.dose.text()}" if given.dose is not None else name
        cells = (dose, f"{found:.3g} mM", share, given.expected)
        yield f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in cells)}</tr>"
    for name, why in entry.failed.items():
        yield f"<tr><td>{escape(name)}</td><td>not run: {escape(why)}</td><td></td><td></td></tr>"
    yield "</table>"


def _mean(result: results.Result) -> float:
    """Calcium in solids over the tissue at the end [mM]."""
    return float(measures.mean("Ca_in_mineral")(result))


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    try:
        result = entry.result
    except FileFormatError as error:
        yield "Result", str(error)
        return
    density, calcium = (float(result.array_of(n).max()) for n in ("HAP_density", "Ca_in_mineral"))
    counts, m = result.cite().counts, result.manifest
    run = f"{duration_text(m['duration'])}, {m['geometry']}; ledger closed to {m['ledger_residual']:.1e}"
    yield "Densest mineral", f"{density:.3g} mg HAP per mL of tissue, {calcium:.3g} mM calcium in solids"
    yield "Numbers", ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    yield "Run", run
    for note in result.notes:
        yield "Mind", note


def _rules() -> str:
    """How verdicts are made, from the numbers that make them."""
    rules, levels = atlas_rules(), detection_levels()
    return (
        "Mineral is first seen as imaging would see it: each statement names the method, with the threshold "
        f"of sim.imaging.first_seen, or {rules[f'seen.{EYE}'].text()} of calcium in solids for the eye. A "
        f"place is that of mineral which a stained section shows, from {levels[STAIN].text()} on. It is told "
        f"by where mineral reaches {rules['morphology.level'].text()} of its peak, in depth from the centre "
        "of the lesion, 0, to its edge, 1. An answer is open where the run ends before the latest time known."
    )
