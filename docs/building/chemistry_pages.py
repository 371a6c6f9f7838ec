"""Tables of solids and of the sets of equilibrium constants."""

from __future__ import annotations

import sim
from docs.building.parameter_pages import rows, sources
from docs.building.tables import code, number, place, plain, slug, table
from sim.chemistry.constants_sets import ConstantsSet, constants_set
from sim.chemistry.solids import Solid, solids
from sim.model.library.parts import parts

BODY = 310.15  # K


def pages() -> dict[str, str]:
    """Path in the source tree -> text."""
    made = {"reference/minerals.md": _minerals(), "reference/constants.md": _constants()}
    return made | {f"reference/constants/{n}.md": _set(constants_set(n)) for n in sim.constants_sets()}


def every_solid() -> dict[str, Solid]:
    """Those of the package, and those of its parts."""
    return {**solids(), **{n: s for part in parts().values() for n, s in part.solids.items()}}


def _minerals() -> str:
    sets = {n: constants_set(n) for n in sim.constants_sets()}
    products = {n: s.log_Ksp(BODY) for n, s in sets.items()}
    facts, solubility = [], []
    for name, s in every_solid().items():
        volume = s.volume
        facts.append(
            (place(name) + code(name), plain(s.title), code(s.formula), number(1e3 * s.molar_mass),
             number(1e6 * volume.si), number(s.density), sources(volume.source), ", ".join(map(code, s.surface_for)))
        )  # fmt: skip
        phase = s.phase or name
        solubility.append((code(name), code(phase), *(number(products[n].get(phase)) for n in sets)))
    seen = {row[0] for row in solubility}
    known = dict.fromkeys(phase for p in products.values() for phase in p)
    phases = {s.phase or n for n, s in every_solid().items()}
    for phase in known:
        if phase not in phases and code(phase) not in seen:
            solubility.append(("", code(phase), *(number(products[n].get(phase)) for n in sets)))
    return "\n\n".join(
        [
            "# Minerals",
            "Solids of the package. A solid that a reaction of the model names takes part in runs; the others are "
            "known to `sim.speciate` and `sim.equilibrate`. [A mineral of your own](../own_mineral.md) is one table.",
            table(
                ("name", "what it is", "formula unit", "g/mol", "cm³/mol", "density [kg/m³]", "source of the volume",
                 "starts on its surface"),
                facts,
            ),
            "## Solubility",
            "log₁₀ of the solubility product at 37 °C, of the reaction that each set writes; where a set lacks a "
            "phase, it never forms with that set. Products of sets that write a reaction otherwise (with H⁺, or for "
            "another formula unit) are not to be compared: the reactions are on the pages of the "
            "[sets](constants.md).",
            table(("solid", "phase in the sets", *(f"`{n}`" for n in sets)), solubility),
        ]
    ) + "\n"  # fmt: skip


def _constants() -> str:
    told = []
    for name in sim.constants_sets():
        c = constants_set(name)
        low, high = c.temperature_range
        told.append(
            (f"[`{name}`](constants/{name}.md)", plain(c.title), c.activity, f"{low:g} to {high:g} °C",
             str(len(c.species)), ", ".join(map(code, c.minerals)))
        )  # fmt: skip
    entries = "\n".join(f"constants/{n}" for n in sim.constants_sets())
    return "\n\n".join(
        [
            "# Sets of constants",
            'A set is chosen by its name: `sim.speciate(..., constants="minteq.v4")`, '
            '`sim.scenario(NAME, constants="minteq.v4")`, `hapsim run NAME --set constants=minteq.v4`. The first is the '
            "default, and the one that kinetics were fitted with. Notebook "
            "[2](../notebooks/02_saturation_and_constants.ipynb) shows how much the choice matters.",
            table(("set", "title", "activity", "sound from", "species", "solids"), told),
            f"```{{toctree}}\n:hidden:\n\n{entries}\n```",
        ]
    ) + "\n"  # fmt: skip


def _set(c: ConstantsSet) -> str:
    at_body = c.log_K(BODY)
    species = []
    for name, s in c.species.items():
        species.append(
            (code(name), number(s.charge), _reaction(name, s.reaction), number(s.log_K) if s.reaction else "",
             number(at_body[name]) if name in at_body else "", s.confidence, sources(s.source, "../"), plain(s.note))
        )  # fmt: skip
    products = c.log_Ksp(BODY)
    minerals = [
        (code(n), plain(m.title), _dissolution(m.formula, m.reaction), number(products[n]), m.confidence,
         sources(m.source, "../"), plain(m.note))
        for n, m in c.minerals.items()
    ]  # fmt: skip
    gases = [
        (
            code(n),
            _dissolution(n, g.reaction),
            number(g.log_K),
            g.confidence,
            sources(g.source, "../"),
            plain(g.note),
        )
        for n, g in c.gases.items()
    ]
    lines = [
        f"# {c.name}",
        f"{plain(c.title)}. Activity model: {c.activity}.",
        "## Solids",
        table(("phase", "name", "dissolves", "log₁₀ K, 37 °C", "how sure", "source", "note"), minerals),
        "## Dissolved species",
        "log₁₀ K at 25 °C is of the reaction as it stands; that at 37 °C is over the basis of the model "
        "(Ca²⁺, HPO₄²⁻, HCO₃⁻, H⁺, ...).",
        table(
            (
                "species",
                "charge",
                "formed by",
                "log₁₀ K, 25 °C",
                "over the basis, 37 °C",
                "how sure",
                "source",
                "note",
            ),
            species,
        ),
    ]
    if gases:
        lines += [
            "## Gases",
            table(("gas", "dissolves", "log₁₀ K, 25 °C", "how sure", "source", "note"), gases),
        ]
    return "\n\n".join(lines) + "\n"


def _side(terms: dict[str, float]) -> str:
    return " + ".join(f"{number(v)} {n}" if v != 1 else n for n, v in terms.items())


def _sides(reaction: object) -> tuple[dict[str, float], dict[str, float]]:
    terms = dict(reaction)
    return {n: -v for n, v in terms.items() if v < 0}, {n: v for n, v in terms.items() if v > 0}


def _reaction(name: str, reaction: object) -> str:
    """How a species forms, from what is on the right of its table."""
    if not dict(reaction):
        return "*basis*"
    less, more = _sides(reaction)
    made = _side({name: 1.0, **less})
    return code(f"{_side(more)} = {made}")


def _dissolution(formula: str, reaction: object) -> str:
    less, more = _sides(reaction)
    return code(f"{_side({formula: 1.0, **less})} = {_side(more)}")


__all__ = ["every_solid", "pages", "rows", "slug"]
