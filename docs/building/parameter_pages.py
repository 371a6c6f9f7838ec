"""Tables of every number: parameters of the model and its parts, fields of a layer, scenarios, sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

import sim
from docs.building.tables import between, code, facts, number, place, plain, slug, table, unit, whole
from sim.atlas.expectations import Expectation, expectations
from sim.atlas.sight import sight_title
from sim.experiment.scenario import Scenario
from sim.model.library.parts import parts
from sim.parameters import CONFIDENCE, Parameter, Parameters, load_references
from sim.parameters.references import OWN
from sim.texts import duration_text

HEAD = ("name", "value", "range", "what it is, and why", "how sure")
SURE = """*How sure* a number is: **measured** where it was, under the conditions that count; **derived** by
calculation from measured ones; **fitted** to the outcome of experiments, which it then no longer tests;
**assumed** within what is plausible. Most numbers of kinetics are assumed: see [limits](../limits.md)."""


def pages() -> dict[str, str]:
    """Path in the source tree -> text."""
    made = {
        "reference/parameters.md": _parameters(),
        "reference/fields.md": _fields(),
        "reference/sources.md": _sources(),
        "reference/scenarios.md": _scenarios(),
    }
    return made | {f"reference/scenarios/{n}.md": _scenario(sim.scenario(n)) for n in sim.scenarios()}


@lru_cache(maxsize=1)
def groups() -> dict[str, Parameters]:
    """Parameters by what they belong to: "" is the model that all have, then growth laws and parts."""
    base = sim.library.model().parameters
    found = {"": base}
    for law in sim.library.GROWTH_LAWS[1:]:
        more = sim.library.model(growth_law=law).parameters
        found[f"growth law {law}"] = Parameters({n: p for n, p in more.items() if n not in base})
    for name in parts():
        more = sim.library.model(parts=name).parameters
        found[f"part {name}"] = Parameters({n: p for n, p in more.items() if n not in base})
    return {group: numbers for group, numbers in found.items() if numbers}


def every_parameter() -> list[str]:
    """Names of all parameters, once each."""
    return list(dict.fromkeys(n for numbers in groups().values() for n in numbers))


def sources(keys: str, up: str = "") -> str:
    """Keys of references as links; what is the project's own estimate in words. up: way to the folder."""
    words = []
    for key in filter(None, (k.strip() for k in keys.split(","))):
        text = "this work" if key == OWN else key
        words.append(f'<a href="{up}sources.html#{slug(key)}">{text}</a>')
    return ", ".join(words)


def rows(numbers: Mapping[str, Parameter], up: str = "", anchors: bool = True) -> list[tuple[str, ...]]:
    """A row for each parameter."""
    found = []
    for name, p in numbers.items():
        text = plain("; ".join(filter(None, (p.description, p.note))))
        where = place(name) if anchors else ""
        sure = f'<span class="sure {p.confidence}">{p.confidence}</span> {sources(p.source, up)}'
        value = whole(" ".join(filter(None, (number(p.value), unit(p.unit)))))
        found.append((where + code(name), value, whole(between(p.low, p.high)), text, sure))
    return found


def counted(numbers: Iterable[Parameter]) -> str:
    """How many of them are measured, derived, fitted and assumed, in a sentence."""
    found = Counter(p.confidence for p in numbers)
    return ", ".join(f"{found[c]} {c}" for c in CONFIDENCE if found[c])


def _parameters() -> str:
    base = groups()[""]
    lines = [
        "# Parameters",
        f"The model has {len(base)} parameters: {counted(base.values())}. Each may be changed by its name:",
        '* `scenario.with_parameters({"growth.k": "2e-14 m/s"})`\n'
        '* `hapsim run NAME --set growth.k="2e-14 m/s"`',
        "Values are in the unit of their row; within the package all are SI.",
        SURE,
    ]
    seen: set[str] = set()
    for group, numbers in groups().items():
        new = Parameters({n: p for n, p in numbers.items() if n not in seen})
        seen |= set(new)
        if not new:
            continue
        if group:
            lines += [f"## Of the {group}", table(HEAD, rows(new))]
            continue
        for prefix in dict.fromkeys(n.partition(".")[0] for n in new):
            inside = new.within(prefix)
            lines += [f"## {prefix}", table(HEAD, rows(inside))]
    return _page(lines)


def _fields() -> str:
    listed = [r for r in sim.glossary() if r[1] in ("layer quantity", "fluid outside")]
    told = [(place(n) + code(n), unit(u), plain(d)) for n, _, u, d in listed]
    return _page(
        [
            "# Layers and fluid",
            "What a scenario may say of each layer or region (`lesion.radius`, `lesion.phi0`), and of the "
            "fluid outside and in the vessels (`plasma.Ca`). A field that nothing says has its default "
            "([model](../model.md)); a species begins at plasma's amount, or at 0 if it does not move.",
            table(("name", "unit", "what it is"), told),
        ]
    )


def _sources() -> str:
    told = []
    for key, reference in sorted(load_references().items()):
        note = reference.get("note")
        told.append((place(key) + code(key), plain(str(reference)) + (f" ({plain(note)})" if note else "")))
    return _page(
        [
            "# Sources",
            "Every number names its source by one of these keys. `hapsim cite NAME` lists those of a "
            "scenario, as text or as BibTeX. Entries that were completed from memory say so.",
            table(("key", "reference"), told),
        ]
    )


def _scenarios() -> str:
    told = []
    for name in sim.scenarios():
        s = sim.scenario(name)
        link = f"[`{name}`](scenarios/{name}.md)"
        told.append((link, s.title, s.geometry.replace("_", " "), duration_text(s.duration)))
    entries = "\n".join(f"scenarios/{n}" for n in sim.scenarios())
    return _page(
        [
            "# Scenarios",
            f"{len(told)} scenarios come with the package. Each page has all that one sets by itself, with "
            "source and confidence, what is known of the condition, and how to run it. `hapsim atlas` runs "
            "them all and sets what comes out beside what is known.",
            table(("name", "condition", "geometry", "duration"), told),
            f"```{{toctree}}\n:hidden:\n\n{entries}\n```",
        ]
    )


def _scenario(s: Scenario) -> str:
    own = Parameters({n: p for n, p in s.parameters.items() if s.model.parameters.get(n) != p})
    set_up = [
        ("geometry", s.geometry.replace("_", " ")),
        ("from the centre outwards", ", ".join(f"{n} ({c} cells)" for n, c in s.layers)),
        ("boundary", s.outer),
        ("duration", duration_text(s.duration)),
        ("parts of the model", ", ".join(map(code, s.parts))),
        ("at the start", ", ".join(f"{code(n)}: {v}" for n, v in s.initial.items())),
        ("what happens meanwhile", "; ".join(map(plain, s.interventions_in_words()))),
    ]
    lines = [f"# {s.title}", f"`{s.name}`"]
    lines += [plain(s.notes)] if s.notes else []
    lines += [f"*Expected:* {plain(s.expected)}"] if s.expected else []
    lines += [f'```python\nimport sim\n\nresult = sim.simulate(sim.scenario("{s.name}"))\n```']
    size = next((n for n in own if n.endswith((".radius", ".thickness"))), "resolution")
    more = f"{size}='{own[size].text()}'" if size in own else f"{size}=2"
    commands = [
        f"hapsim run {s.name}",
        f"hapsim run {s.name} --set {more} --days 30",
        f"hapsim atlas {s.name}",
    ]
    lines += [
        "```bash\n" + "\n".join(commands) + "\n```",
        "[What can be changed](../../own_scenario.md#change-anything-by-name), by `--set` and in Python. "
        "`hapsim atlas` sets what is found beside what is known.",
        "## Set-up",
        facts(set_up),
    ]
    known = expectations().get(s.name)
    if known is not None:
        lines += ["## What is known of the condition", _known(known)]
    lines += [
        "## What it sets",
        f"{len(own)} values ({counted(own.values())}); all others are "
        f"[those of the model](../parameters.md). `hapsim show {s.name}` lists the same.",
        table(HEAD, rows(own, "../", anchors=False)),
    ]
    return _page(lines)


def _known(known: Expectation) -> str:
    """What the atlas holds against the outcome."""
    return facts(
        [
            ("known", plain(known.known)),
            ("how sure", known.confidence),
            ("source", sources(", ".join(known.sources), "../")),
            ("first seen", _onset(known.onset)),
            ("seen by", sight_title(known.seen) if known.seen else ""),
            ("where, at first", ", ".join(known.first)),
            ("where, in the end", ", ".join(known.last)),
            ("why the model misses it, where it does", plain(known.reason)),
        ]
    )


def _onset(times: tuple[float, float] | None) -> str:
    if times is None:
        return ""
    if times[0] == float("inf"):
        return "never"
    return f"{duration_text(times[0])} to {duration_text(times[1])}"


def _page(lines: Iterable[str]) -> str:
    return "\n\n".join(lines) + "\n"
