"""Collagen under a cover that proteases take off: its course, and what nucleates on it."""

import numpy as np
import pytest

import sim
from sim.errors import ModelError, RangeWarning
from sim.experiment.models import standard_model
from sim.model.library.quantities import BARE

pytestmark = pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning", "ignore::sim.errors.TissueWarning")
DAY, PART = 86400.0, "collagen_cover"
FLUID = {
    "plasma.Ca": "2 mM", "plasma.P": "2 mM", "plasma.C": "25 mM", "plasma.pH": 7.4, "plasma.PPi": 0.0,
    "pot.phi0": 0.7, "pot.inhibitor": 0.0, "pot.citrate": 0.0, "pot.collagen": "1e22 1/m3",
}  # fmt: skip


def pot(*parts, duration="40 day", **given):
    """A closed, stirred piece of matrix in a fluid that is supersaturated."""
    model = standard_model(parts=parts)
    bare = sim.Scenario("pot", model, "well_mixed", (("pot", 1),), "closed", duration, parts=parts)
    return bare.changed(FLUID | given)


def course(result, name):
    return np.asarray(result[name]).reshape(result.t.size)


def test_the_cover_goes_by_first_order_at_the_rate_of_its_place():
    result = sim.simulate(
        pot(PART, **{"pot.masked_collagen": 0.9, "pot.proteolysis": "0.05 1/day"}),
        times=17,
        rtol=1e-8,
        atol=1e-9,
    )
    exact = 0.9 * np.exp(-0.05 * result.t / DAY)
    assert course(result, "masked_collagen") == pytest.approx(exact, rel=1e-6)


def test_what_lies_bare_hastens_it():
    """dm/dt = -m (k + a (1 - m)) from m0: m/(k + a (1 - m)) falls as exp(-(k + a) t)."""
    k, a, start = 0.02, 0.2, 0.95
    given = {"pot.masked_collagen": start, "pot.proteolysis": f"{k} 1/day", "collagen.k_auto": f"{a} 1/day"}
    result = sim.simulate(pot(PART, **given), times=33, rtol=1e-8, atol=1e-9)
    ratio = start / (k + a * (1 - start)) * np.exp(-(k + a) * result.t / DAY)
    exact = ratio * (k + a) / (1 + a * ratio)
    assert course(result, "masked_collagen") == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert exact[-1] < 0.01 and np.argmax(-np.diff(exact)) > 2, "the fall is steepest later on"


def test_crystals_start_as_the_bare_share_says():
    """Where few sites are taken the number of crystals grows as the bare share, whose integral over time is
    t - (1 - exp(-k t))/k, times what collagen without a cover has, in a fluid that hardly changes."""
    off = {"nucleation.A_solution": 0.0, "nucleation.sites_crystal": 0.0, "growth.k": 0.0}
    off |= {"ACP.k_new": 0.0, "DCPD.k_new": 0.0, "OCP.k_template": 0.0}
    given = off | {"pot.pH_hold": 7.4, "nucleation.A_site": "1 1/s"}
    covered = {"pot.masked_collagen": 1.0, "pot.proteolysis": "0.1 1/day"}
    bare, slow = (sim.simulate(s, times=9, rtol=1e-7) for s in (pot(**given), pot(PART, **given, **covered)))
    number, later = course(bare, "hap_m0"), course(slow, "hap_m0")
    assert 0 < number[-1] < 1e-2 * 1e22, "few sites are taken"
    t = bare.t / DAY
    share = (t - (1 - np.exp(-0.1 * t)) / 0.1)[1:] / t[1:]
    assert later[1:] / number[1:] == pytest.approx(share, rel=0.02)
    rates = course(slow, "nucleation_rate") / course(bare, "nucleation_rate")
    assert rates == pytest.approx(1 - course(slow, "masked_collagen"), rel=0.02, abs=1e-9)


def test_without_a_cover_the_part_changes_nothing():
    plain, with_part = (sim.simulate(pot(*parts), times=5, rtol=1e-7, atol=1e-8) for parts in ((), (PART,)))
    assert course(plain, "HAP")[-1] > 0.01
    for name in ("HAP", "hap_m0", "Ca", "pH"):
        assert course(with_part, name) == pytest.approx(course(plain, name), rel=1e-5)
    assert course(with_part, "masked_collagen").max() == 0.0


def test_only_a_matrix_with_a_cover_has_a_quantity_of_its_own():
    names = [set(standard_model(parts=parts).quantities) for parts in ((), (PART,))]
    assert [{n for n in found if n.startswith(BARE)} for found in names] == [
        {"bare_elastin"}, {"bare_elastin", "bare_collagen"},
    ]  # fmt: skip
    assert "masked_collagen" not in {s.name for s in standard_model().species}


def test_a_share_beyond_one_is_told():
    with pytest.warns(RangeWarning, match="above the upper bound 1"):
        pot(PART).changed({"pot.masked_collagen": 1.5})


@pytest.mark.parametrize(
    ("covers", "words"),
    [
        ("colagen", "not one of collagen.*Did you mean 'collagen'"),
        ("elastin", "other and masked both cover elastin"),
    ],
)
def test_what_covers_no_sites_or_covers_them_again_is_refused(covers, words, tmp_path):
    (path := tmp_path / "own.toml").write_text(
        f'[species.other]\nunit = "1"\ncovers = "{covers}"\n\n["other: loss"]\nequation = "other ="\n'
        'law = "living.unmasking"\nreads = { masked = "other", k = "elastin.k", k_auto = "elastin.k_auto" }\n'
    )
    with pytest.raises(ModelError, match=words):
        sim.library.model(reactions=path)


@pytest.mark.parametrize(("share", "sites"), [("masked_collagen", "collagen"), ("masked", "elastin")])
def test_what_an_excision_puts_in_place_is_covered_as_its_layer_was(share, sites):
    """0.9 of the sites are covered at the start, and again just after the cut; before it proteases had laid
    most bare. The other layer goes on as it was."""
    layers = (("cut", 2), ("kept", 2))
    held = {"cut.thickness": "1 mm", "kept.thickness": "1 mm", f"cut.{share}": 0.9, f"kept.{share}": 0.6}
    rate = {"cut.proteolysis": "1 1/day"} if sites == "collagen" else {"elastin.k": "0.1 1/year"}
    held |= {f"{place}.{sites}": "1e20 1/m3" for place, _ in layers} | {"cut.phi0": 0.7, "kept.phi0": 0.7}
    held |= {name: value for name, value in FLUID.items() if name.startswith("plasma")}
    tissue = sim.Scenario(
        "t", standard_model(parts=(PART,)), "slab", layers, "closed", "3 day", parts=(PART,)
    )
    tissue = tissue.changed(held | rate)
    tissue = tissue.with_intervention(sim.Intervention("2 day", region="cut", excise=True))
    result = sim.simulate(tissue, times=[0, "1.99 day", 2 * DAY + 1])
    covered, cut = result[share].values, (result["layer"] == "cut").values
    assert covered[0, cut] == pytest.approx(0.9) and covered[2, cut] == pytest.approx(0.9, rel=1e-4)
    assert (covered[1, cut] < 0.9).all() and covered[2, ~cut] == pytest.approx(covered[1, ~cut], rel=1e-2)
    assert np.abs(covered[0, ~cut] - 0.6).max() < 1e-9
