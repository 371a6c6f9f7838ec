"""`hapsim speciate`: the equilibrium of a fluid, from its totals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from sim.cli import choices
from sim.cli.outputs import json_text

if TYPE_CHECKING:
    from sim.chemistry.batch.equilibrium import Equilibrium
    from sim.chemistry.fluid import Fluid


def _sets() -> str:
    from sim.chemistry.constants_sets import constants_sets

    return f"Set of constants: {choices.word_list(constants_sets())}."


def _activities() -> str:
    from sim.chemistry.tables import ACTIVITY_MODELS

    return f"Activity coefficients: {choices.word_list(ACTIVITY_MODELS)}; else those of the set."


@click.command(short_help="Free ions and saturation of a fluid.")
@click.argument("totals", nargs=-1, metavar="[NAME=TOTAL]...")
@click.option("--pH", "pH", metavar="NUMBER", help="pH of the fluid; may also be written pH=7.4.")
@click.option("--temperature", default="37", show_default=True, help="[degC], or text such as '310 K'.")
@click.option("--constants", default="tissue-37C", show_default=True, cls=choices.LateHelp, words=_sets)
@click.option("--activity", cls=choices.LateHelp, words=_activities)
@click.option("--charge-balance", metavar="NAME", help="Adjust Na, K or Cl to neutrality.")
@click.option(
    "--mineral",
    "minerals",
    multiple=True,
    metavar="NAME",
    help="Let this solid form until equilibrium, e.g. HAP; may be given several times.",
)
@click.option("--pCO2", "pCO2", metavar="PRESSURE", help="Open to CO2 of this pressure, as '40 mmHg'.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for machines.")
@choices.debug
def speciate(
    totals: tuple[str, ...],
    pH: str | None,
    temperature: str,
    constants: str,
    activity: str | None,
    charge_balance: str | None,
    minerals: tuple[str, ...],
    pCO2: str | None,
    as_json: bool,
) -> None:
    """Compute free ions and saturation of a fluid from its total concentrations.

    Totals are in mmol per kg of water (mM), or text with a unit, as Ca='10 mg/dL' or P='1.1 mmol/kgw'.

    \b
    Example, interstitial fluid:
      hapsim speciate --pH 7.4 Ca=1.2 P=1.1 C=26 Na=139 Cl=108 K=4 Mg=0.7
    """
    from sim.chemistry.batch.equilibrate import equilibrate
    from sim.chemistry.fluid import speciate as solve
    from sim.errors import ConfigError

    words = choices.pairs(totals, "total")
    given: dict[str, Any] = {k: choices.quantity(v) for k, v in words.items()}
    if pH is not None:
        if "pH" in given:
            raise ConfigError("pH is given twice.")
        given["pH"] = choices.quantity(pH)
    reserved = ("temperature", "constants", "activity", "charge_balance")
    for key in reserved:
        if key in given:
            raise ConfigError(f"{key} is an option: write --{key.replace('_', '-')} {given[key]}.")
    if "pH" not in given and "acidity" not in given:
        raise ConfigError("the pH is missing: add --pH 7.4.")
    fluid = solve(
        temperature=temperature, constants=constants, activity=activity,
        charge_balance=charge_balance, **given,
    )  # fmt: skip
    end = equilibrate(fluid, minerals=minerals, pCO2=pCO2) if minerals or pCO2 else None
    if as_json:
        found = {"fluid": _values(fluid)}
        if end is not None:
            found["equilibrium"] = {**_solids(end), **_values(end.fluid)}
        click.echo(json_text(found))
        return
    click.echo(fluid)
    if end is not None:
        click.echo(_batch(fluid, end))


def _solids(end: Equilibrium) -> dict[str, Any]:
    found: dict[str, Any] = {"solids": {"unit": "mmol/kgw", **end.solids}}
    if len(end.minerals) == 1:
        found |= {"mineral": end.mineral, "solid": {"value": end.solid, "unit": "mmol/kgw"}}
    if end.open_to_gas:
        found["CO2_taken_up"] = {"value": end.CO2_taken_up, "unit": "mmol/kgw"}
    return found


def _batch(fluid: Fluid, end: Equilibrium) -> str:
    what = [*end.minerals, *(["the pressure of CO2"] if end.open_to_gas else [])]
    beside = "closed to everything else"
    lines = ["", f"At equilibrium with {' and '.join(what)} by constants '{fluid.constants}', {beside}"]
    lines += [f"  solid {n:<9}{v:.4g} mmol/kgw" for n, v in end.solids.items()]
    if end.open_to_gas:
        lines.append(f"  CO2 taken up   {end.CO2_taken_up:.4g} mmol/kgw")
    lines.append(f"  pH             {fluid.pH:.4g} -> {end.pH:.4g}")
    for name in ("Ca", "P"):
        if name in fluid.totals:
            before, after = fluid.totals[name], end.totals[name]
            lines.append(f"  total {name:<9}{before:.4g} -> {after:.4g} mmol/kgw")
    lines += [
        f"  SI {n:<12}{fluid.SI[n]:.4g} -> {0.0 if abs(float(v)) < 1e-9 else v:.4g}"
        for n, v in end.SI.items()
        if math.isfinite(v)
    ]
    return "\n".join(lines)


def _values(fluid: Fluid) -> dict[str, Any]:
    return {
        "constants": fluid.constants,
        "activity_model": fluid.activity_model,
        "temperature": {"value": fluid.temperature, "unit": "degC"},
        "pH": fluid.pH,
        "acidity": {"value": fluid.acidity, "unit": "mmol/kgw"},
        "ionic_strength": {"value": fluid.ionic_strength, "unit": "mol/kgw"},
        "charge": {"value": fluid.charge, "unit": "meq/kgw"},
        "notes": list(fluid.notes),
        "totals": {"unit": "mmol/kgw", **dict(fluid.totals)},
        "free": {"unit": "mmol/kgw", **dict(fluid.free)},
        "activity": {"unit": "1", **dict(fluid.activity)},
        "SI": dict(fluid.SI),
        "S": dict(fluid.S),
    }
