"""What flips the scorecard."""

import pytest

import sim
from sim.errors import ConfigError
from sim.model.library import with_constants
from sim.validation import robustness
from sim.validation.experiment import Experiment
from sim.validation.robust import Flips, Robustness, flips
from sim.validation.rules import Span
from sim.validation.scorecard import Judged, Scorecard, ScoreRow
from sim.validation.wanted import Wanted

FILE = """
base = "elastin_implant_rat"
resolution = 0.1
duration = "1 day"
[arms.implant]
[[wanted]]
of = "SI_HAP"
at = "0 s"
{bound}
source = "bailey2001"
confidence = "seen"
"""


def card(**figures):
    """A card of experiments that want at least 5."""
    rows = []
    for name, figure in figures.items():
        wanted = Wanted((), Span(least=5.0), "mM", "value", "calcium", ("this_work",), "seen")
        rows.append(ScoreRow(Experiment(name, "", "", "", {}, (wanted,)), (Judged(wanted, figure),)))
    return Scorecard(tuple(rows))


def test_flips_are_verdicts_that_turn():
    found = flips("more", card(a=6.0, b=4.0, c=9.0, d=1.0), card(a=4.0, b=6.0, c=8.0, d=2.0))
    assert found == Flips("more", ("a",), ("b",))
    assert found.number == 2


def test_the_table_counts_by_change_and_by_experiment():
    rows = (Flips("p +10 %", ("a",), ("b",)), Flips("p -10 %", (), ()), Flips("q +10 %", ("a",), ()))
    found = Robustness(card(a=6.0, b=4.0), rows)
    assert found.summary() == (
        "3 changes: 2 of 2 experiments flip at most, 3 in all; 1 of the changes flip none."
    )
    assert found.by_experiment() == {"a": 2, "b": 1}
    assert found.to_dataframe()["flips"].tolist() == [2, 0, 1]


def saturation(scenario):
    run = sim.simulate(scenario, times=[0.0, 1e3])
    return {n: float(run[f"SI_{n}"].isel(time=0).mean()) for n in ("HAP", "OCP", "DCPD")}


@pytest.fixture(scope="module")
def scenario():
    return sim.scenario("elastin_implant_rat").changed({"resolution": 0.1})


def test_a_solubility_product_is_shifted_by_decades_and_nothing_else_is(scenario):
    """SI = log10(IAP/Ksp): it falls by what is added to log Ksp."""
    before = saturation(scenario)
    moved = scenario.with_model(with_constants(scenario.model, scenario.constants, {"OCP": 0.1}))
    after = saturation(moved)
    assert before["OCP"] - after["OCP"] == pytest.approx(0.1, abs=1e-9)
    assert after["HAP"] == pytest.approx(before["HAP"], abs=1e-12)
    assert after["DCPD"] == pytest.approx(before["DCPD"], abs=1e-12)
    with pytest.raises(ConfigError, match="is not a phase"):
        sim.simulate(scenario.with_model(with_constants(scenario.model, scenario.constants, {"HPA": 0.1})))


def test_changes_that_flip_are_named(tmp_path, scenario):
    """A statement 0.05 above the saturation it begins with is turned by -0.1 in that constant alone."""
    now = saturation(scenario)["HAP"]
    (tmp_path / "mine.toml").write_text(FILE.replace("{bound}", f"least = {now + 0.05}"))
    found = robustness([tmp_path / "mine.toml"], parameters=["nucleation.f_elastin"])
    turned = {r.change for r in found.rows if r.number}
    assert "log Ksp of HAP -0.1" in turned
    assert not any(c.startswith(("nucleation", "log Ksp of OCP", "log Ksp of DCPD")) for c in turned)
    assert "log Ksp of HAP +0.1" not in turned
    names = [r.change for r in found.rows]
    assert names[:2] == ["nucleation.f_elastin +10 %", "nucleation.f_elastin -10 %"]
    assert {f"constants {w}" for w in sim.constants_sets() if w != scenario.constants} <= set(names)


def test_a_parameter_that_nobody_has_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_text(FILE.replace("{bound}", "least = 1"))
    with pytest.raises(ConfigError, match="Did you mean 'nucleation.f_elastin'"):
        robustness([tmp_path / "mine.toml"], parameters=["nucleation.f_elastn"])
