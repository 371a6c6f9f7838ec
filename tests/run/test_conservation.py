"""What a closed tissue holds, it keeps; what an open one gains, came through its boundaries."""

import numpy as np
import pytest
from reference import SOLIDS, busy, elements
from solver_traits import GENERAL

import sim
from sim import library
from sim.model.library import GROWTH_LAWS
from sim.parameters import Parameters
from sim.solvers import SOLVERS

# Rounding of about 1e3 steps and 1e3 cells is 1e-13; ten thousand times less than a wrong digit.
DRIFT = 1e-10

GEOMETRIES = {
    "well_mixed": {"lesion": 1, "border": 1},
    "slab": {"lesion": 8, "border": 4},
    "cylinder": {"lesion": 8, "border": 4},
    "sphere": {"lesion": 8, "border": 4},
    "rectangle": {"lesion": 2, "border": 1},  # 6 x 6
    "box": {"lesion": 1, "border": 1},  # 4 x 4 x 4
}

# Several factors of all unknowns of a box take a minute.
CLOSED = [
    pytest.param(g, s, marks=[pytest.mark.slow] if g == "box" and SOLVERS[s].memory.copies > 2 else [])
    for g in GEOMETRIES
    for s in GENERAL
]


def well_supplied(geometry):
    """The busy tissue in a geometry. A stirred cell is all acid lesion: ACP needs more phosphate."""
    more = {"plasma.P": sim.Parameter(20.0, "mM")} if geometry == "well_mixed" else {}
    return busy(geometry, GEOMETRIES[geometry], **more)


@pytest.mark.parametrize(("geometry", "solver"), CLOSED)
def test_closed_box_keeps_every_element(geometry, solver):
    """30 days, every process on; the elements are added up here from the variables themselves."""
    scenario = well_supplied(geometry)
    assert scenario.duration == 30 * 86400
    result = sim.simulate(scenario, solver=solver, times=31, max_steps=20_000)
    assert result.success, result.message
    for solid in SOLIDS:  # nothing is conserved vacuously
        assert float(result[solid].max()) > 1e-3, solid
    worst = {}
    for element, held in elements(result).items():
        assert abs(held[0]) > 0
        turned = np.abs(held[0])
        worst[element] = float(np.abs(held / held[0] - 1).max())
        assert np.abs(held - held[0]).max() < DRIFT * turned, element
    print(geometry, solver, worst)
    assert result.manifest["ledger_residual"] < DRIFT
    assert float(np.abs(result["ledger"].sel(pool="supplied by boundary")).max()) == 0.0


@pytest.mark.parametrize("solver", GENERAL)
@pytest.mark.parametrize("geometry", ["slab", "sphere", "rectangle"])
def test_open_tissue_holds_what_it_began_with_and_what_came_in(geometry, solver):
    """Fixed boundary and perfused border: contents - supplies stays what it was at the start."""
    scenario = busy(geometry, GEOMETRIES[geometry]).with_(outer="fixed", duration="10 day")
    scenario = scenario.with_parameters({"border.perfusion": 1e-3})
    result = sim.simulate(scenario, solver=solver, times=31, max_steps=20_000)
    assert result.success, result.message
    for element, held in elements(result).items():
        supplied = sum(
            result["ledger"].sel(element=element, pool=f"supplied by {side}").values
            for side in ("boundary", "perfusion")
        )
        turnover = np.abs(held).max() + np.abs(supplied).max()
        assert np.abs(held - supplied - held[0]).max() < DRIFT * turnover, element
        if element == "Ca":  # the boundary did feed it
            assert np.abs(supplied).max() > 1e-2 * held[0]
    print(geometry, solver, result.manifest["ledger_residual"])
    assert result.manifest["ledger_residual"] < DRIFT


def test_exchange_of_a_stirred_cell_is_accounted_for():
    scenario = busy("well_mixed", {"lesion": 1, "border": 1}).with_(outer="exchange", duration="5 day")
    known = {**scenario.parameters, "outer.permeability": sim.Parameter(1e-5, "m/s")}
    result = sim.simulate(scenario.with_(parameters=Parameters(known)), times=11)
    supplied = result["ledger"].sel(element="Ca", pool="supplied by boundary").values
    held = elements(result)["Ca"]
    assert np.abs(supplied).max() > 1e-2 * held[0]
    assert held - supplied == pytest.approx(held[0], rel=DRIFT)


def test_the_ledger_pools_add_up_to_what_is_there():
    result = sim.simulate(well_supplied("slab"), times=11)
    pools = [p for p in result["pool"].values if p not in ("interventions",)]
    pools = [p for p in pools if not p.startswith("supplied")]
    for element, held in elements(result).items():
        total = result["ledger"].sel(element=element, pool=pools).sum("pool").values
        assert total == pytest.approx(held, rel=1e-12), element


def swallow(Ca, k):
    return k * Ca


def test_a_process_that_loses_calcium_has_its_loss_counted():
    """A user's sink into nowhere: the ledger still closes, and says how much is unaccounted for."""
    small = sim.Model((sim.Species("Ca", diffusivity=1e-9, contains={"Ca": 1}, pool="dissolved"),))
    sink = sim.Process("sink", swallow, {"Ca": -1}, {"k": sim.Parameter(1e-5, "1/s")})
    given = Parameters({"tissue.thickness": sim.Parameter(1.0, "mm"), "tissue.Ca": sim.Parameter(1.2, "mM")})
    scenario = sim.Scenario(
        "sink", small.with_process(sink), "slab", (("tissue", 4),), "closed", "1 day", given
    )
    result = sim.simulate(scenario, times=9)
    lost = result["ledger"].sel(element="Ca", pool="unaccounted").values
    held = (result["Ca"] * result["volume"]).sum("x").values
    assert lost[-1] == pytest.approx(held[0] * (1 - np.exp(-1e-5 * 86400)), rel=1e-3)
    assert held + lost == pytest.approx(held[0], rel=DRIFT)
    assert result.manifest["ledger_residual"] < DRIFT
    assert "sink (-1 Ca)" in result.manifest["unbalanced"]


@pytest.mark.parametrize("law", GROWTH_LAWS)
def test_every_process_of_the_library_is_balanced(law):
    model = library.model(growth_law=law)
    assert model.imbalance({n: p.si for n, p in model.parameters.items()}) == {}
