"""Tables of solids and of the sets of equilibrium constants."""

from __future__ import annotations

from collections.abc import Mapping

import sim
from docs.building.parameter_pages import sources
from docs.building.tables import code, number, place, plain, table
from sim.chemistry.constants_sets import AqueousSpecies, ConstantsSet, Gas, Mineral, constants_set
from sim.chemistry.solids import Solid, solids
from sim.model.library.parts import parts

BODY = 310.15  # K
SOLID_HEAD = ("name", "formula unit", "g/mol", "cm³/mol", "kg/m³", "what it is", "source of the volume")


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
    found, phases = [], {}
    for name, s in every_solid().items():
        starts = f" Starts {', '.join(map(code, s.surface_for))}." if s.surface_for else ""
        sizes = (number(1e3 * s.molar_mass, 5), number(1e6 * s.volume.si, 5), number(s.density, 4))
        said = plain(s.title) + "." + starts
        found.append((place(name) + code(name), code(s.formula), *sizes, said, sources(s.volume.source)))
        phases.setdefault(s.phase or name, []).append(name)
    for phase in (p for known in products.values() for p in known):
        phases.setdefault(phase, [])
    solubility = [
        (code(phase), ", ".join(map(code, names)), *(number(products[n].get(phase)) for n in sets))
        for phase, names in phases.items()
    ]
    return _page(
        [
            "# Minerals",
            "Solids of the package. One that a reaction of the model names takes part in runs; the others "
            "are known to `sim.speciate` and `sim.equilibrate`. Each is one table of data: "
            "[a mineral of your own](../own_mineral.md).",
            table(SOLID_HEAD, found),
            "*Starts* names the solids that begin on its surface.",
            "## Solubility",
            "log₁₀ of the solubility product at 37 °C. A phase that a set lacks never forms with that set. "
            "Products of different sets may be of different reactions (with H⁺, or for another "
            "formula unit): the reactions are on the pages of the [sets](constants.md).",
            table(("phase", "solids of that phase", *map(code, sets)), solubility),
        ]
    )


def _constants() -> str:
    told = []
    for name in sim.constants_sets():
        c = constants_set(name)
        low, high = c.temperature_range
        solids_known = ", ".join(map(code, c.minerals))
        sound = f"{low:g} to {high:g} °C"
        title = f"{plain(c.title)}; {len(c.species)} species"
        told.append((f"[`{name}`](constants/{name}.md)", title, c.activity, sound, solids_known))
    entries = "\n".join(f"constants/{n}" for n in sim.constants_sets())
    return _page(
        [
            "# Sets of constants",
            "A set is chosen by its name. The first is the default, with which kinetics were fitted.",
            '* `sim.speciate(..., constants="minteq.v4")`\n'
            '* `sim.scenario("tb_caseous", constants="minteq.v4")`\n'
            "* `hapsim run tb_caseous --set constants=minteq.v4`",
            "[Notebook 2](../notebooks/02_saturation_and_constants.ipynb) shows how much the choice matters.",
            table(("set", "title", "activity", "sound from", "solids"), told),
            f"```{{toctree}}\n:hidden:\n\n{entries}\n```",
        ]
    )


def _set(c: ConstantsSet) -> str:
    at_body = c.log_K(BODY)
    species = []
    for name, s in c.species.items():
        here, over = number(s.log_K) if s.reaction else "", number(at_body.get(name))
        species.append((code(name), _formation(name, s.reaction), here, over, _known(s), plain(s.note)))
    products = c.log_Ksp(BODY)
    minerals = [
        (code(n), _dissolution(m.formula, m.reaction), number(products[n]), _known(m), _note(m.title, m.note))
        for n, m in c.minerals.items()
    ]
    gases = [
        (code(n), _dissolution(n, g.reaction), number(g.log_K), _known(g), plain(g.note))
        for n, g in c.gases.items()
    ]
    lines = [
        f"# {c.name}",
        f"{plain(c.title)}. Activity model: {c.activity}.",
        "## Solids",
        table(("phase", "dissolves", "log₁₀ K, 37 °C", "how sure", "note"), minerals),
        "## Dissolved species",
        "log₁₀ K at 25 °C is of the reaction as it stands; that at 37 °C is over the basis of the model "
        "(Ca²⁺, HPO₄²⁻, HCO₃⁻, H⁺, ...).",
        table(
            ("species", "formed by", "log₁₀ K, 25 °C", "over the basis, 37 °C", "how sure", "note"), species
        ),
    ]
    if gases:
        lines += ["## Gases", table(("gas", "dissolves", "log₁₀ K, 25 °C", "how sure", "note"), gases)]
    return _page(lines)


def _known(entry: AqueousSpecies | Mineral | Gas) -> str:
    return f"{entry.confidence} {sources(entry.source, '../')}"


def _note(title: str, note: str) -> str:
    return plain("; ".join(filter(None, (title, note))))


def _page(lines: list[str]) -> str:
    return "\n\n".join(lines) + "\n"


def _side(terms: Mapping[str, float]) -> str:
    return " + ".join(f"{number(v)} {n}" if v != 1 else n for n, v in terms.items())


def _sides(reaction: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    return {n: -v for n, v in reaction.items() if v < 0}, {n: v for n, v in reaction.items() if v > 0}


def _formation(name: str, reaction: Mapping[str, float]) -> str:
    """How a species forms from others; those that all are written with are not formed."""
    if not reaction:
        return "*basis*"
    less, more = _sides(reaction)
    return code(f"{_side(more)} = {_side({name: 1.0, **less})}")


def _dissolution(formula: str, reaction: Mapping[str, float]) -> str:
    less, more = _sides(reaction)
    return code(f"{_side({formula: 1.0, **less})} = {_side(more)}")
