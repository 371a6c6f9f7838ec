"""`hapsim cite`: the literature behind a scenario or a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli import choices
from sim.cli.tables import name_list, text_paragraph

if TYPE_CHECKING:
    from sim.parameters.references import Citation


@click.command()
@click.argument("name", required=False)
@click.option("--bibtex", is_flag=True, help="BibTeX entries instead of text.")
@choices.debug
def cite(name: str | None, bibtex: bool) -> None:
    """List the sources of every number used.

    NAME is a scenario, the path of its file, or a result.nc; without it the whole model is meant. The
    counts say how many of the numbers were measured, derived from measurements, fitted or assumed.
    Estimates and choices of this package are listed with their reasons.
    """
    parameters, constants = _used(name)
    citations = {
        f"Parameters of {name or 'the model'}": parameters,
        f"Equilibrium constants, set {constants}": _constants(constants),
    }
    if name is None:
        citations["Treatments"] = _treatments()
    if bibtex:
        entries = dict.fromkeys(e for c in citations.values() for e in c.bibtex().split("\n\n") if e.strip())
        click.echo("\n\n".join(entries))
        return
    for k, (title, citation) in enumerate(citations.items()):
        click.echo(("\n" if k else "") + title)
        click.echo(_listed(citation))


def _used(name: str | None) -> tuple[Citation, str]:
    from sim.parameters import cite as sources

    if name is None:
        from sim.model.library import model

        return sources(model().parameters), "tissue-37C"
    if name.endswith(".nc") or (Path(name).is_file() and not name.endswith(".toml")):
        from sim.run.result import load as load_result

        result = load_result(name)
        return result.cite(), result.manifest["constants"]
    s = choices.named(name)
    return sources(s.parameters), s.constants


def _treatments() -> Citation:
    """The sources of the numbers of all treatments."""
    from sim.experiment.treatments.treatment import treatment, treatments
    from sim.parameters.references import cite as sources

    found = map(treatment, treatments())
    return sources({f"{t.name}.{n}": p for t in found for n, p in {**t.numbers, **t.properties}.items()})


def _constants(name: str) -> Citation:
    """The sources of a set of constants, by species and mineral."""
    import re
    from dataclasses import dataclass

    from sim.chemistry.constants_sets import constants_set
    from sim.parameters.references import cite as sources

    @dataclass
    class Entry:
        sources: tuple[str, ...]
        confidence: str

    chosen = constants_set(name)
    entries = {
        name: Entry(tuple(re.findall(r"[^,;\s]+", e.source)), e.confidence)
        for group in (chosen.species, chosen.minerals)
        for name, e in group.items()
    }
    return sources(entries)


def _listed(citation: Citation) -> str:
    lines = []
    for key, names in sorted(citation.supports.items(), key=lambda item: (not item[0], item[0])):
        known = citation.references.get(key)
        head = f"[{key}] {known or '(no entry)'}" if key else "No source; set by hand"
        why = citation.reasons(key)
        lines += [
            text_paragraph(head, "  "),
            name_list(why) if why else text_paragraph(", ".join(names), "      "),
        ]
    counts = ", ".join(f"{n} {word}" for word, n in citation.counts.items())
    return "\n".join([*lines, f"  {counts}"])
