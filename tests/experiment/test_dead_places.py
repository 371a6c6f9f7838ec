"""What is dead holds no vessel that flows: cells within 0.1 mm of one live (Flake 2013)."""

import pytest

import sim

LUMEN = 0.95  # share of a place that is all water
MEASURED = {("infarct_myocardium", "lesion"), ("infarct_scar", "lesion")}  # collateral flow
INVADED = {("dcc_freeze_thaw", "lesion")}  # by phagocytes, throughout, and the vessels they come by


def dead_and_fed(scenario):
    """Places of which no cell lives and which blood passes through all the same, lumina apart."""
    p = scenario.parameters

    def given(place, name):
        return p[f"{place}.{name}"].si if f"{place}.{name}" in p else 0.0

    places = dict.fromkeys(key.partition(".")[0] for key in p if key.endswith(".viable"))
    fed = [n for n in places if given(n, "viable") == 0 and given(n, "perfusion") > 0]
    return [n for n in fed if given(n, "phi0") < LUMEN]


@pytest.mark.parametrize("name", sim.scenarios())
def test_no_blood_flows_through_what_is_dead(name):
    excused = {place for scenario, place in MEASURED | INVADED if scenario == name}
    assert set(dead_and_fed(sim.scenario(name))) == excused


@pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning")
def test_blood_in_a_dead_core_is_found():
    made = sim.scenario("rheumatoid_nodule")
    assert "core.perfusion" in made.parameters
    given = made.parameters["core.perfusion"]
    assert (given.value, given.source) == (0, "flake2013")
    fed = sim.scenario("abscess_liquefactive").changed({"pus.perfusion": "0.002 1/min"})
    assert dead_and_fed(fed) == ["pus"]
