"""What can be chosen on the page, and what a request makes: no widgets, no browser."""

import warnings

import pytest

import sim
from sim.errors import HapsimError
from sim.experiment.places import names_of
from sim.explorer.asked import choices, offers
from sim.explorer.asked.request import (
    Request,
    TreatmentWish,
    said_of_cells,
    said_of_duration,
    said_of_tolerance,
    said_of_treatment,
    said_of_value,
    scenario_of,
    tolerance_of,
    with_unit,
)
from sim.run.start.places import make_grid
from sim.space.geometries import GEOMETRIES

INFARCT = sim.scenario("infarct_myocardium")
EVERY = [sim.scenario(n) for n in sim.scenarios()]


def test_each_scenario_belongs_to_one_class():
    named = [n for names in choices.classes().values() for n in names]
    assert sorted(named) == sim.scenarios()


def test_a_scenario_of_ones_own_has_a_class_too():
    assert choices.class_of("my lesion") not in choices.classes()


@pytest.mark.parametrize("s", EVERY, ids=lambda s: s.name)
def test_sliders_have_value_and_range_of_their_parameter(s):
    found = choices.first_controls(s)
    assert len(found) >= 5
    for c in found:
        p = s.parameters[c.name]
        assert (c.value, c.unit, c.low, c.high, c.confidence) == (
            p.value,
            p.unit,
            p.low,
            p.high,
            p.confidence,
        )
        assert p != s.model.parameters.get(c.name)


@pytest.mark.parametrize("s", EVERY, ids=lambda s: s.name)
def test_a_position_of_a_slider_and_its_value_are_inverse(s):
    """To the three digits that a slider gives."""
    for p in s.parameters.values():
        c = choices.control("x", p)
        if c is None:
            continue
        assert c.at(1.0) == pytest.approx(c.high, rel=5e-3)
        if c.low > 0 or not c.logarithmic:
            assert c.at(0.0) == pytest.approx(c.low, rel=5e-3)
        for share in (0.1, 0.37, 0.5, 0.99):
            value = c.at(share)
            assert c.low <= value <= c.high * 1.005
            assert c.position(value) == pytest.approx(
                share, abs=0.01 + 0.005 * abs(c.high) / (c.high - c.low)
            )


def test_sliders_over_decades_are_logarithmic():
    wide = choices.control("x", sim.Parameter(1e21, "1/m3", 0.0, 1e25))
    assert wide.logarithmic and 0.1 < wide.position(1e21) < 0.9
    narrow = choices.control("x", sim.Parameter(1.4, "mM", 0.9, 2.5))
    assert not narrow.logarithmic and narrow.position(1.7) == pytest.approx(0.5)


def test_a_parameter_without_a_range_has_no_slider():
    assert choices.control("x", sim.Parameter(1.0, "mM", 0.0, None)) is None


def test_every_other_parameter_with_a_range_can_be_added():
    there = [c.name for c in choices.first_controls(INFARCT)]
    more = choices.other_controls(INFARCT, there)
    ranged = {n for n, p in INFARCT.parameters.items() if None not in p.range and p.high > p.low}
    assert set(more.values()) == ranged - set(there)


@pytest.mark.parametrize("s", EVERY, ids=lambda s: s.name)
def test_each_geometry_that_is_offered_makes_a_grid_of_so_many_cells(s):
    names = choices.geometries(s).values()
    assert s.geometry in names
    assert (len(names) == 1) == bool(choices.why_one_geometry(s))
    for name in names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = scenario_of(Request(s, geometry=name, cells="24"))
            grid = make_grid(made)
        assert made.geometry == name and len(grid.axes) == len(GEOMETRIES[name].axes)
        if not grid.axes:  # a stirred cell
            continue
        longest = max(len(grid.edges[a]) - 1 for a in grid.axes)
        # layers, and half of a plane, have whole numbers of cells, one at the least
        assert longest == pytest.approx(24, abs=2 * len(s.layers))
        assert str(longest) in choices.size_in_words(made)


def test_nothing_of_plasma_can_act_on_closed_tissue_without_vessels():
    still = {f"{place}.perfusion": 0.0 for place in names_of(INFARCT)}
    closed = INFARCT.changed({"outer": "closed", **still})
    idle = {o.given.name for o in offers.offers(closed) if o.idle}
    by_plasma = {n for n in sim.treatments() if all(e.part == "boundary" for e in sim.treatment(n).effects)}
    assert by_plasma and by_plasma <= idle
    assert not any(o.idle for o in offers.offers(INFARCT))


def test_what_divides_zero_cannot_act_and_a_run_agrees():
    """An inhibitor of phosphatases where there are none: the run under it has the same numbers."""
    none = {"phosphatase.V_alk": 0.0, "pyrophosphatase.V_PPi": 0.0}
    base = INFARCT.changed({"resolution": 0.05, "duration": "1 day", **none})
    idle = {o.given.name: o.idle for o in offers.offers(base) if o.idle}
    assert "V_alk" in idle["tnap_inhibitor"]
    mineral = sim.measures.mean("Ca_in_mineral")
    treated = base.treated("tnap_inhibitor")
    assert mineral(sim.simulate(base)) == pytest.approx(mineral(sim.simulate(treated)), rel=1e-9)


GARBAGE = ["abc", "nan", "-3", "1 kg", '__import__("os").getcwd()', "1e99", "[1, 2]", "5 mMM"]


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_refused_in_the_words_of_the_library(text):
    typed = f"{text} mM" if text in ("-3", "1e99") else text
    with pytest.raises(HapsimError) as caught:
        from sim.experiment.typed import typed as change

        change(INFARCT, {"plasma.P": typed})
    said = said_of_value(INFARCT, "plasma.P", text)
    assert said.refused == str(caught.value) and "plasma.P" in said.refused


REFUSED = {
    "no duration": lambda: said_of_duration(INFARCT, "soon"),
    "before the start": lambda: said_of_duration(INFARCT, "-1"),
    "beyond 0.1": lambda: said_of_tolerance("2"),
    "no number": lambda: said_of_tolerance("small"),
    "half a cell": lambda: said_of_cells(INFARCT, "slab", "2.5"),
    "no cell": lambda: said_of_cells(INFARCT, "slab", "0"),
    "no count": lambda: said_of_cells(INFARCT, "slab", "many"),
    "no geometry": lambda: said_of_cells(INFARCT, "torus", "10"),
    "no dose": lambda: said_of_treatment(INFARCT, TreatmentWish("etidronate", dose="lots")),
    "ends before": lambda: said_of_treatment(INFARCT, TreatmentWish("etidronate", start="5", stop="2")),
}


@pytest.mark.parametrize("which", REFUSED)
def test_other_fields_refuse_garbage_too(which):
    assert REFUSED[which]().refused


def test_a_value_outside_its_range_is_taken_and_minded():
    said = said_of_value(INFARCT, "plasma.P", "5")
    assert not said.refused and "above the upper bound 3 mM" in said.mind
    assert said_of_value(INFARCT, "plasma.P", "2") == said_of_value(INFARCT, "plasma.P", "2 mM")


def test_a_plain_number_is_in_the_unit_of_its_field():
    assert with_unit("2", "mM") == "2 mM"
    assert with_unit(" 2000 uM ", "mM") == "2000 uM"
    assert with_unit("7.4", "1") == "7.4"


def test_a_request_makes_what_one_would_write_by_hand():
    wish = TreatmentWish("etidronate", "2", "3", "10 day")
    asked = Request(INFARCT, {"plasma.P": "2", "lesion.radius": "3000 um"}, (wish,), duration="20")
    hand = (
        INFARCT.changed({"duration": "20 day"})
        .treated("etidronate", start="3 day", stop="10 day", dose="2 uM")
        .changed({"plasma.P": "2 mM", "lesion.radius": "3 mm"})
    )
    assert scenario_of(asked).diff(hand) == "no difference"


def test_an_empty_request_is_the_scenario_itself():
    assert scenario_of(Request(INFARCT, geometry=INFARCT.geometry)) == INFARCT
    assert tolerance_of("") == 1e-5 and tolerance_of("1e-3") == 1e-3


def test_two_drugs_of_one_class_are_refused_together_and_taken_alone():
    wishes = tuple(TreatmentWish(n) for n in ("etidronate", "alendronate"))
    assert not any(said_of_treatment(INFARCT, w).refused for w in wishes)
    with pytest.raises(HapsimError, match="compare them in two runs"):
        scenario_of(Request(INFARCT, treatments=wishes))
