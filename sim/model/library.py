"""The model of dystrophic calcification, put together from formulas and data.

A reaction is one formula in kinetics/, one table in data/processes.toml and one line here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import lru_cache
from importlib import resources

import numpy as np

from sim.chemistry import aqueous as water
from sim.chemistry import aqueous_lanes
from sim.errors import ConfigError, nearest
from sim.kinetics import (
    acid,
    growth,
    inhibition,
    membrane,
    necrosis,
    nucleation,
    phosphatase,
    porosity,
    precursors,
)
from sim.model.model import Model
from sim.model.process import Derived, Kernel, Process, arguments, group
from sim.model.species import Species
from sim.parameters import Parameters, load_parameters

GROWTH_LAWS = ("affinity", "spiral", "two_activity")

# name: (default, unit, description); uniform over a layer of a scenario, constant in time
FIELDS = {
    "phi0": (0.7, "1", "pore water of the tissue without mineral"),
    "buffer": (0.0, "mol m-3", "titratable sites of tissue protein"),
    "collagen": (0.0, "m-3", "nucleation sites on collagen"),
    "elastin": (0.0, "m-3", "nucleation sites on elastin"),
    "device": (0.0, "m-3", "nucleation sites on an implant"),
    "pH_hold": (0.0, "1", "pH imposed from outside; 0 leaves it free"),
    "inhibitor": (1.0, "1", "level of protein inhibitors, interstitial fluid = 1"),
}


@lru_cache
def _data() -> Parameters:
    return load_parameters(resources.files("sim") / "data" / "processes.toml")


@lru_cache
def _species() -> tuple[Species, ...]:
    text = (resources.files("sim") / "data" / "species.toml").read_text()
    made = []
    for name, entry in tomllib.loads(text).items():
        entry["contains"] = {
            e: tuple(v) if isinstance(v, list) else v for e, v in entry.get("contains", {}).items()
        }
        made.append(Species(name, **entry))
    return tuple(made)


def _own(name: str, formula: Callable, inputs: dict[str, str]) -> dict:
    """The parameters that processes.toml has for this formula under the group of `name`."""
    table = _data().within(group(name))
    found = {}
    for a in arguments(formula, name):
        key = f"{group(name)}.{a}"
        if a not in inputs and key in table:
            found[a] = table[key]
    return found


def process(name: str, formula: Callable, changes: dict, **inputs: str) -> Process:
    """A process of the library, with its parameters taken from data/processes.toml."""
    return Process(name, formula, changes, _own(name, formula, inputs), inputs)


def derived(name: str, formula: Callable, outputs="", units="1", group="", **inputs: str) -> Derived:
    """A derived quantity of the library, with its parameters taken from data/processes.toml."""
    names = tuple((outputs or name).split())
    given = tuple(units.split("; ")) if ";" in units else (units,) * len(names)
    key = f"{group}: {name}" if group else name
    return Derived(key, formula, _own(key, formula, inputs), inputs, names, given)


def pore_water(tables: Callable[[dict[str, float]], tuple]) -> Kernel:
    """The kernel of speciation in blocks of cells; tables(parameters): aqueous_lanes.lane_tables."""
    return Kernel(
        "sim.chemistry.aqueous_lanes", "aqueous_lanes", "aqueous_slopes_lanes", water.MEMORY,
        np.full(water.MEMORY, np.nan), aqueous_lanes.scratch_size, tables,
    )  # fmt: skip


def speciation(constants: str) -> Derived:
    """Equilibrium of the pore water with a named set of constants."""

    def tables(p: dict[str, float]) -> tuple:
        background = {b: p[f"fluid.{b}"] for b in water.BACKGROUND}
        return aqueous_lanes.lane_tables(constants, p["fluid.temperature"], background)

    names = {n: n for n in water.COMPONENTS[: water.TRANSPORTED]}
    return Derived("speciation", pore_water(tables), {}, names, water.OUTPUTS, water.UNITS)


def model(constants: str = "tissue-37C", growth_law: str = "affinity") -> Model:
    """The whole model. constants: a named set; growth_law: "affinity", "spiral", "two_activity"."""
    if growth_law not in GROWTH_LAWS:
        raise ConfigError(
            f"growth_law = '{growth_law}' is not one of {', '.join(GROWTH_LAWS)}."
            f"{nearest(growth_law, GROWTH_LAWS)}"
        )
    made = tuple(_derived(constants, growth_law)), tuple(_processes())
    return Model(
        _species(), made[1], made[0], FIELDS, _shared(*made[0], *made[1]), "dystrophic calcification"
    )


def _shared(*owners: Derived | Process) -> Parameters:
    """Parameters that belong to no formula's own group: named in contents, changes and inputs."""
    named = {f"fluid.{b}" for b in water.BACKGROUND} | {
        "fluid.temperature",
        "transport.archie",
        "growth.seed_diameter",
    }
    values = [v for o in owners for v in o.inputs.values()]
    values += [v for o in owners if isinstance(o, Process) for v in o.changes.values()]
    values += [v for s in _species() for v in (*s.contains.values(), s.diffusivity, s.initial)]
    for value in values:
        for v in value if isinstance(value, tuple) else (value,):
            if isinstance(v, str) and "." in v:
                named.add(v.removeprefix("-"))
    return Parameters({n: p for n, p in _data().items() if n in named})


def _derived(constants: str, law: str):
    V, T = "mineral.V_HAP", "fluid.temperature"
    volumes = {v: f"mineral.{v}" for v in ("V_HAP", "V_OCP", "V_DCPD", "V_ACP")}
    yield derived("open_porosity", porosity.open_porosity, group="porosity", **volumes)
    yield derived("porosity", porosity.porosity)
    yield speciation(constants)
    yield derived("sites", acid.sites_taken, "share_H share_Ca", group="buffer")
    yield derived("pH_factors", phosphatase.pH_factors, "f_alk f_acid", group="phosphatase")
    yield derived("ester_hydrolysis", phosphatase.hydrolysis, units="mol m-3 s-1", group="phosphatase")
    yield derived("inhibition", inhibition.inhibition)
    yield derived(
        "nucleation", nucleation.nucleation, "nucleation_rate critical_diameter",
        units="m-3 s-1; m", temperature=T, molar_volume=V,
    )  # fmt: skip
    room = {
        "porosity": "open_porosity", "phi_min": "porosity.phi_min", "width": "porosity.room_width",
    }  # fmt: skip
    yield derived("room", growth.room, **room)
    laws = {"affinity": growth.affinity, "spiral": growth.spiral, "two_activity": growth.two_activity}
    extra = {"molar_volume": V} if law == "two_activity" else {}
    key = {"affinity": "growth"}.get(law, law)
    yield derived("growth_rate", laws[law], units="m s-1", group=key, **room, **extra)
    yield derived(
        "shrinkage", growth.dissolution, units="s-1", group="dissolution",
        ln_omega_HAP="ln_omega_HAP", molar_volume=V,
    )  # fmt: skip
    yield derived("template", precursors.template, units="mol m-3")


def _processes():
    first = necrosis.first_order
    yield process("necrosis: rupture", first, {
        "doomed": -1, "leaky": 1, "lipid": "membrane.capacity",
        "phosphatase": "phosphatase.activation", "mito_room": "mitochondria.capacity",
    }, amount="doomed", tau="necrosis.tau_death")  # fmt: skip
    yield process("necrosis: leak", first, {
        "leaky": -1, "Ca": "necrosis.Ca_pool", "P": "necrosis.P_pool", "H": "necrosis.P_acid",
        "slow_ester": "necrosis.ester_pool",
    }, amount="leaky", tau="necrosis.tau_leak")  # fmt: skip
    yield process("necrosis: esters", first, {"slow_ester": -1, "ester": 1, "H": 1},
                  amount="slow_ester", tau="necrosis.tau_ester")  # fmt: skip
    amorphous = {"Ca": -1, "P": -0.74, "H": 0.52}
    yield process("mitochondria: uptake", necrosis.mitochondrial_uptake,
                  {**amorphous, "granules": 1, "mito_room": -1})  # fmt: skip
    yield process("mitochondria: failure", first, {"mito_room": -1},
                  amount="mito_room", tau="mitochondria.tau_failure")  # fmt: skip
    yield process(
        "mitochondria: dissolution", precursors.dissolution,
        {"Ca": 1, "P": 0.74, "H": -0.52, "granules": -1},
        solid="granules", ln_omega="ln_omega_ACP2",
    )  # fmt: skip
    yield process("acid: lactic", first, {"glycogen": -1, "H": "acid.load"},
                  amount="glycogen", tau="acid.tau_release")  # fmt: skip
    yield process("acid: recruitment", first, {"recruits": -1, "inflamed": 1},
                  amount="recruits", tau="acid.tau_recruit")  # fmt: skip
    yield process("acid: inflammation", first, {"inflamed": -1, "H": "acid.inflammation"},
                  amount="inflamed", tau="acid.tau_spend")  # fmt: skip
    yield process("acid: hold", acid.holding, {"H": 1, "titrant": -1})
    yield process("buffer: protons", acid.relaxation, {"H": -1, "buffer_H": 1},
                  share="share_H", sites="buffer", bound="buffer_H")  # fmt: skip
    yield process("buffer: calcium", acid.relaxation, {"Ca": -1, "buffer_Ca": 1},
                  share="share_Ca", sites="buffer", bound="buffer_Ca")  # fmt: skip
    yield process("phosphatase: decay", phosphatase.deactivation, {"phosphatase": -1})
    yield process("phosphatase: esters", _itself, {"ester": -1, "P": 1}, rate="ester_hydrolysis")
    yield process("pyrophosphatase", phosphatase.pyrophosphate_hydrolysis, {"PPi": -1, "P": 2})
    yield process("membrane: binding", membrane.phospholipid_binding,
                  {"Ca": -1, "lipid": -1, "bound_Ca": 1})  # fmt: skip
    yield process("membrane: core", membrane.core_formation, {"bound_Ca": -1, "P": -1, "core": 1},
                  hydrolysis="ester_hydrolysis")  # fmt: skip
    yield process("membrane: core dissolution", precursors.dissolution,
                  {"bound_Ca": 1, "P": 1, "core": -1}, solid="core", ln_omega="ln_omega_OCP")  # fmt: skip
    yield from _hydroxyapatite()
    room = {"room_left": "room"}
    yield process("ACP: formation", precursors.precipitation, {**amorphous, "ACP": 1},
                  solid="ACP", ln_omega="ln_omega_ACP1", **room)  # fmt: skip
    yield process("ACP: dissolution", precursors.dissolution,
                  {"Ca": 1, "P": 0.74, "H": -0.52, "ACP": -1},
                  solid="ACP", ln_omega="ln_omega_ACP1")  # fmt: skip
    yield process("DCPD: formation", precursors.precipitation, {"Ca": -1, "P": -1, "DCPD": 1},
                  solid="DCPD", ln_omega="ln_omega_DCPD", **room)  # fmt: skip
    yield process("DCPD: dissolution", precursors.dissolution, {"Ca": 1, "P": 1, "DCPD": -1},
                  solid="DCPD", ln_omega="ln_omega_DCPD")  # fmt: skip
    yield process("OCP: formation", precursors.templated, {"Ca": -4, "P": -3, "H": 2, "OCP": 1},
                  solid="OCP", ln_omega="ln_omega_OCP", **room)  # fmt: skip
    yield process("OCP: dissolution", precursors.dissolution, {"Ca": 4, "P": 3, "H": -2, "OCP": -1},
                  solid="OCP", ln_omega="ln_omega_OCP")  # fmt: skip


def _hydroxyapatite():
    mineral = {"Ca": -5, "P": -3, "H": 4, "HAP": 1}
    V = {"molar_volume": "mineral.V_HAP"}
    yield process("nucleation: number", _itself, {"hap_m0": 1}, rate="nucleation_rate")
    yield process("nucleation: length", growth.birth_length, {"hap_m1": 1})
    yield process("nucleation: area", growth.birth_area, {"hap_m2": 1})
    yield process("nucleation: amount", growth.birth_amount, mineral, **V)
    yield process("growth: length", growth.growth_length, {"hap_m1": 1})
    yield process("growth: area", growth.growth_area, {"hap_m2": 1})
    yield process("growth: amount", growth.growth_amount, mineral, **V)
    for moment in ("hap_m0", "hap_m1", "hap_m2"):
        yield process(f"dissolution: {moment}", growth.shrink, {moment: -1}, moment=moment)
    yield process("dissolution: amount", growth.shrink, {k: -v for k, v in mineral.items()},
                  moment="HAP")  # fmt: skip


def _itself(rate):
    """A rate that a derived quantity already holds."""
    return rate
