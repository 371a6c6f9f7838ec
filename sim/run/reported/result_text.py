"""A result in words, as it is printed."""

from __future__ import annotations

from collections.abc import Sequence

from sim.experiment.intervention import from_keys
from sim.experiment.nucleation import StochasticNucleation
from sim.space.random_field import RandomField
from sim.texts import printable, typed_time


def result_text(m: dict, outputs: int, notes: Sequence[str]) -> str:
    """A result in some lines. m: its manifest · outputs: how many · notes: on what to mind"""
    counts = ", ".join(f"{v} {k}" for k, v in m["statistics"].items())
    lines = [
        f"Result of {m['scenario']}: {m['message']}",
        f"├─ {m['geometry']}, outer {m.get('outer', 'not known')}",
        f"├─ {m['model']}, constants {m['constants']}",
        f"├─ {typed_time(m['t_end'])} of {typed_time(m['duration'])}, {outputs} outputs",
        f"├─ {m['solver']}, rtol {m['rtol']:g}: {counts}; {m['wall_seconds']:.2f} s",
        f"├─ ledger residual {m['ledger_residual']:.1e}; largest undershoot "
        f"{m['undershoot']:.2g} absolute tolerances"
        + (f" ({m['undershoot_species']})" if m["undershoot_species"] else ""),
        f"└─ speciation failures: {m['speciation_failures']}",
    ]
    lines[-1:-1] = [f"├─ {text}" for text in (*said_of_run(m), *notes)]
    if before := began(m):
        lines.insert(1, f"├─ goes on from {before}")
    if m.get("unbalanced"):
        lines.insert(-1, f"├─ not balanced, counted as unaccounted: {', '.join(m['unbalanced'])}")
    return printable("\n".join(lines))


def said_of_run(manifest: dict) -> list[str]:
    """Random fields, chance, courses and interventions of a run in words."""
    return [*_chance(manifest), *manifest.get("courses", ()), *manifest.get("interventions", ())]


def began(manifest: dict) -> str:
    """ "10 days of infarct_myocardium", which a run goes on from; "" where it has its first start."""
    parent = manifest["before"] if "before" in manifest else manifest.get("parent")
    if not parent:
        return ""
    end = {"finished": "", "interrupted": ", which was interrupted", "failed": ", which failed"}
    return f"{typed_time(parent['time'])} of {parent['scenario']}{end.get(parent['status'], '')}"


def _chance(manifest: dict) -> list[str]:
    """Random fields, maps and chance of a run in words."""
    layout = manifest.get("layout") or {}
    drawn = layout.get("stochastic")
    rows = layout.get("random_fields", ())
    fields = [from_keys(RandomField, row, "a random field").in_words() for row in rows]
    fields += [f"map of {m['of']} from {m['file']} ({m['digest'][:8]})" for m in layout.get("maps", ())]
    return fields + ([from_keys(StochasticNucleation, drawn, "chance").in_words()] if drawn else [])
