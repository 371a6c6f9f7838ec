"""Tables of treatments, parts of the model, measures and instruments."""

from __future__ import annotations

import inspect

import sim
from docs.building.api_pages import summary
from docs.building.parameter_pages import HEAD, rows
from docs.building.tables import code, facts, place, plain, table
from sim.model.library.parts import parts

NOTICE = """:::{warning}
**Not a clinical tool.** Doses are levels in a model, many of them from memory or assumed; nothing here
says what to give to anybody.
:::"""


def pages() -> dict[str, str]:
    """Path in the source tree -> text."""
    return {
        "reference/treatments.md": _treatments(),
        "reference/parts.md": _parts(),
        "reference/measures.md": _measures(),
    }


def _treatments() -> str:
    found = [sim.treatment(n) for n in sim.treatments()]
    listed = []
    for t in found:
        dose = ("", "") if t.dose is None else (t.dose.text(), t.dose.confidence)
        listed.append((f"[{t.name}](#treatment-{t.name})", plain(t.title), *dose, plain(t.acts_on)))
    lines = [
        "# Treatments",
        NOTICE,
        "[How to give one](../treatments.md): `scenario.treated(NAME, start=..., stop=..., dose=...)`, "
        "`hapsim run SCENARIO --treat NAME@3day..10day:DOSE`.",
        table(("name", "treatment", "default dose", "how sure", "acts on"), listed),
    ]
    for t in found:
        words = [(plain(what), plain(text)) for what, text in t.in_words() if what not in t.properties]
        lines += [f"(treatment-{t.name})=\n## {t.name}", plain(t.title) + ".", facts(words)]
        if t.properties:
            lines += [table(HEAD, rows(t.properties, anchors=False))]
    return "\n\n".join(lines) + "\n"


def _parts() -> str:
    lines = [
        "# Parts of the model",
        "What most scenarios do without. A scenario takes a part by `parts = [\"soaps\"]`, a run by "
        "`--set parts=soaps`; treatments bring those that they need. Numbers are in the "
        "[table of parameters](parameters.md).",
    ]  # fmt: skip
    for name, part in parts().items():
        brought = [*part.species, *part.solids, *part.ligands]
        told = [
            ("title", plain(part.title)),
            ("species and solids", ", ".join(map(code, dict.fromkeys(brought)))),
            ("fields of a layer", ", ".join(code(f"<layer>.{n}") for n in part.fields)),
            ("reactions", ", ".join(map(code, part.reactions))),
        ]
        lines += [f"## {name}", plain(part.description), facts(told)]
    return "\n\n".join(line for line in lines if line) + "\n"


def _measures() -> str:
    told = []
    for name in sim.measures.__all__:
        value = getattr(sim.measures, name)
        called = f"{name}{inspect.signature(value)}" if inspect.isfunction(value) else name
        told.append(
            (place(name) + code(f"sim.measures.{name}"), code(called), plain(summary(value)).replace("`", ""))
        )
    return "\n\n".join(
        [
            "# Measures",
            'A measure is a number of a result: `sim.measures.mean("HAP")(result)`. Sweeps and fits take '
            "them; `within` is a layer or region. Files call them as here, "
            '`{ what = "mean", of = "HAP" }`. Any function of a `Result` that gives a number will do too.',
            table(("name", "called", "what it is"), told),
            "What can be measured: every variable of a result, listed in the [glossary](../glossary.md).",
        ]
    ) + "\n"  # fmt: skip
