"""Runs as a whole: what must not matter does not, interventions act and are accounted for."""

import os
import signal
import warnings

import numpy as np
import pytest
from reference import busy, elements
from solver_traits import GENERAL, named

import sim
from sim.errors import RangeWarning, ScenarioError, SolverError
from sim.run.measures import mean
from sim.run.segments import Builder
from sim.solvers import Task
from sim.solvers.steps.solution import Recorder
from sim.summary.summary_lines import summary_lines
from sim.units import day


@pytest.fixture(scope="module")
def short():
    return busy("slab", {"lesion": 5, "border": 3}).with_(outer="fixed", duration="3 day")


@pytest.fixture(scope="module")
def plain(short):
    return sim.simulate(short, times=7)


def last(result, names=("Ca", "P", "H", "HAP", "OCP", "DCPD", "core", "hap_m0")):
    """Final values, each in units of its largest value ever."""
    return np.concatenate(
        [np.ravel(result[n].values[-1]) / max(float(np.abs(result[n]).max()), 1e-30) for n in names]
    )


def test_output_times_never_change_the_solution(short, plain):
    """Bitwise: outputs are interpolated from steps that know nothing of them."""
    for times in (2, 50, [short.duration]):
        other = sim.simulate(short, times=times)
        assert other.stats == plain.stats
        for species in short.model.species:
            name = species.name
            assert np.array_equal(other[name].values[-1], plain[name].values[-1]), name


@pytest.mark.parametrize("solver", GENERAL)
def test_outputs_between_steps_lie_on_the_solution(short, solver):
    """What is interpolated at t equals the end of a run that stops at t."""
    many = sim.simulate(short, solver=solver, rtol=1e-7, atol=1e-9, times=[1 * day, 3 * day])
    one = sim.simulate(short.with_(duration="1 day"), solver=solver, rtol=1e-7, atol=1e-9, times=[1 * day])
    for name in ("Ca", "HAP", "DCPD", "ester"):
        a, b = many[name].values[0], one[name].values[0]
        assert a == pytest.approx(b, abs=1e-4 * np.abs(b).max()), name


def test_an_intervention_that_changes_nothing_changes_nothing(short, plain):
    """A cut restarts the integrator; the same boundary value again must not move the solution."""
    ppi = short.parameters.si("plasma.PPi")
    cut = short.with_intervention(sim.Intervention(at="1 day", boundary={"PPi": ppi}))
    times = np.linspace(0, 3 * day, 4)
    whole = sim.simulate(short, times=times, rtol=1e-7, atol=1e-9)
    split = sim.simulate(cut, times=times, rtol=1e-7, atol=1e-9)
    difference = np.abs(last(split) - last(whole)).max()
    print("split", difference)
    assert difference < 1e-5
    assert float(np.abs(split["ledger"].sel(pool="interventions")).max()) < 1e-18


def test_boundary_intervention_feeds_new_fluid(short):
    treated = short.with_intervention(sim.Intervention(at="2 day", boundary={"PPi": "20 uM"}))
    result = sim.simulate(treated, times=[1.9 * day, 2.0 * day, 3.0 * day])
    before, at, after = (float(v) for v in result["PPi"].values[:, -1])
    assert max(before, at) < 2e-3  # outermost cell, plasma at 1.5 uM until then
    assert after == pytest.approx(20e-3, rel=0.3)
    assert result.manifest["ledger_residual"] < 1e-10


def test_boundary_pH_intervention_becomes_acidity(short):
    acid = short.with_intervention(sim.Intervention(at="1 day", boundary={"pH": 6.8}))
    result = sim.simulate(acid, times=[1 * day, 3 * day])
    left_alone = sim.simulate(short, times=[1 * day, 3 * day])
    assert float(result["pH"].values[0, -1]) == pytest.approx(float(left_alone["pH"].values[0, -1]), abs=1e-3)
    assert float(result["pH"].values[1, -1]) < float(left_alone["pH"].values[1, -1]) - 0.2


def test_parameter_intervention_acts_from_its_time_on(short):
    """Enzyme switched off at one day: esters stop being spent there."""
    # Phosphate that leaks out of ruptured cells makes cores as well: none here.
    on = short.with_(outer="closed").with_parameters({"necrosis.P_pool": 0.0})
    off = on.with_intervention(
        sim.Intervention(at="1 day", parameters={"phosphatase.V_alk": 0.0, "phosphatase.V_acid": 0.0})
    )
    times = [1 * day, 3 * day]
    with_enzyme, without = sim.simulate(on, times=times), sim.simulate(off, times=times)
    assert mean("ester").curve(without)[0] == pytest.approx(
        float(mean("ester").curve(with_enzyme)[0]), rel=1e-3
    )
    assert float(mean("ester")(without)) > 1.01 * float(mean("ester")(with_enzyme))
    spent = without["core"].values[1] - without["core"].values[0]
    assert spent.max() < 1e-4 * float(without["core"].max())  # none is made; some dissolve


def test_a_parameter_that_decides_contents_is_counted_as_an_intervention(short):
    """Richer cells from day 1 on: their new calcium is booked, and the ledger closes."""
    pool = sim.Parameter(5.0, "mM").si
    richer = short.with_(outer="closed").with_intervention(
        sim.Intervention(at="0.25 day", parameters={"necrosis.Ca_pool": 0.8 * pool})
    )
    result = sim.simulate(richer, times=5)
    booked = result["ledger"].sel(pool="interventions", element="Ca").values
    assert booked[0] == 0.0 and booked[-1] < 0.0
    assert result.manifest["ledger_residual"] < 1e-10


def test_setting_and_excising_are_booked_and_balance(short):
    """State set in one layer, another excised: jumps equal what is added up by hand."""
    changed = short.with_(outer="closed").with_intervention(
        sim.Intervention(at="1 day", state={"Ca": "3 mM", "ACP": "0.5 mM"}, region="border"),
        sim.Intervention(at="2 day", excise=True, region="lesion"),
    )
    result = sim.simulate(changed, times=[0.0, 1 * day, 1.001 * day, 2 * day, 2 * day + 1, 3 * day])
    assert result.success
    held = elements(result)
    for element in held:
        booked = result["ledger"].sel(pool="interventions", element=element).values
        scale = np.abs(held[element]).max() + np.abs(booked).max()
        assert np.abs(held[element] - held[element][0] - booked).max() < 1e-10 * scale, element
    ca = result["ledger"].sel(pool="interventions", element="Ca").values
    assert ca[1] == 0.0 and ca[2] > 0.0 and ca[4] < ca[2]
    lesion = (result["layer"] == "lesion").values
    for name in ("DCPD", "core", "granules"):  # gone with the excised tissue
        before, after = (result[name].values[k][lesion].max() for k in (3, 4))
        assert after < 1e-2 * before, name
    assert np.abs(result["leaky"].values[4][lesion]).max() == pytest.approx(0.0, abs=1e-12)
    assert result.manifest["ledger_residual"] < 1e-10


def test_a_symmetric_lesion_stays_symmetric():
    """Mirror and quarter turn of a disc in a square; order of summation is all that may differ.

    Differences in GMRES divide that rounding by their increment (about 1e-8 of the state): a few
    1e-10 are left with cvode, less than 1e-10 where the Jacobian is multiplied exactly.
    """
    scenario = busy("rectangle", {"lesion": 3, "border": 1}).with_(outer="fixed", duration="2 day")
    for solver, rounding in (("cvode", 1e-8), ("bdf", 1e-10)):
        result = sim.simulate(scenario, solver=solver, times=2)
        worst = 0.0
        for name in ("Ca", "H", "PPi", "HAP", "DCPD", "granules"):
            v = result[name].values[-1]
            for image in (v[::-1], v[:, ::-1], v.T, np.rot90(v)):
                worst = max(worst, np.abs(image - v).max() / np.abs(v).max())
        print("symmetry", solver, worst)
        assert worst < rounding


def test_a_thin_wedge_of_a_body_does_not_know_its_size(short):
    """A slab twice as long with diffusivities four times larger: the same in x/L."""
    P = sim.Parameter
    double = short.with_parameters(
        {f"diffusivity.{s}": P(4 * short.parameters.si(f"diffusivity.{s}"), "m2/s")
         for s in ("Ca", "P", "C", "H", "ester", "PPi")}
        | {"lesion.radius": P(2 * short.parameters.si("lesion.radius"), "m"),
           "border.thickness": P(2 * short.parameters.si("border.thickness"), "m")}
    )  # fmt: skip
    a = sim.simulate(short, times=2, rtol=1e-7, atol=1e-9)
    b = sim.simulate(double, times=2, rtol=1e-7, atol=1e-9)
    assert last(b) == pytest.approx(last(a), abs=1e-9)


def test_units_of_a_parameter_do_not_matter(short, plain):
    si = short.parameters.si("plasma.Ca")
    other = short.with_parameters({"plasma.Ca": sim.Parameter(si * 1e3, "uM")})
    assert last(sim.simulate(other, times=7)) == pytest.approx(last(plain), abs=1e-6)


QUICK = ("infarct_myocardium", "normal_tissue_control", "tb_caseous")


@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in sim.scenarios()],
)
def test_catalogue_scenarios_stay_above_zero(name):
    """Within the absolute tolerance in every cell and step, the whole run at full resolution."""
    check_undershoot(sim.simulate(sim.scenario(name), times=5))


def check_undershoot(result):
    m = result.manifest
    print(m["scenario"], "undershoot", m["undershoot"], m["undershoot_species"])
    assert result.success, result.message
    assert m["speciation_failures"] == 0
    assert m["undershoot"] <= 1.0
    assert m["ledger_residual"] < 1e-10


def test_an_undershoot_is_reported_not_hidden(short):
    """A state three tolerances below zero is reported as three; signed acidity is not."""
    builder = Builder(short)
    (segment,) = builder.segments()
    system = segment.system
    atol = system.tolerances(1e-7)
    names = [s.name for s in system.model.species]
    y = builder.initial(system)
    u, _ = system.split(y)
    u[2, names.index("H")] = -50.0
    record = Recorder(Task(system, 0.0, 2.0, y, np.array([0.0]), 1e-5, atol))
    record.step(0.0, y)
    assert record.undershoot == 0.0
    u[1, names.index("HAP")] = -3.0 * 1e-7 * system.scale[names.index("HAP")]
    record.step(1.0, y)
    record.keep(1.0, y)
    u[1, names.index("HAP")] = 0.0
    record.step(2.0, y)
    solution = record.solution(2.0, y, "finished", "")
    assert solution.undershoot == pytest.approx(3.0)
    assert solution.undershoot_species == "HAP"
    assert system.split(solution.y[0])[0][1, names.index("HAP")] < 0  # kept, not clipped


@pytest.mark.parametrize("solver", sorted(named(lambda row: row.stiff)))
def test_too_few_steps_keep_what_was_reached(short, solver):
    result = sim.simulate(short, solver=solver, max_steps=40, times=200)
    assert result.status == "failed" and not result.success
    assert "40 steps were not enough" in result.message
    assert 0 < result.manifest["t_end"] < short.duration
    assert 1 <= result.t.size < 200
    assert result.t[-1] <= result.manifest["t_end"]
    assert np.all(np.isfinite(result["Ca"].values))


@pytest.mark.parametrize("solver", GENERAL)
def test_an_interrupt_keeps_the_outputs_so_far(short, solver):
    counted = []

    def stop(t, steps):
        counted.append(steps)
        if t > 0.2 * day:
            raise KeyboardInterrupt

    result = sim.simulate(short, solver=solver, times=200, progress=stop)
    assert result.status == "interrupted"
    if solver == "ndf":  # reports up to 64 steps at a time
        assert counted == sorted(set(counted)) and np.diff(counted).max() < 100
    else:  # each step is reported once
        assert counted == list(range(1, len(counted) + 1))
    assert "kept" in result.message
    assert 1 < result.t.size < 200
    assert float(result["doomed"].values[-1].max()) > 0


@pytest.mark.skipif(os.name == "nt", reason="no kill -INT")
@pytest.mark.parametrize("solver", ["cvode", "bdf"])
def test_control_C_inside_the_right_hand_side_keeps_the_outputs_so_far(short, solver, monkeypatch):
    """The signal arrives while the integrator, not Python, is in charge."""
    from sim.binder.system import System

    rhs, calls = System.rhs, [0]

    def counted(self, t, y, dy):
        calls[0] += 1
        if calls[0] == 150:
            os.kill(os.getpid(), signal.SIGINT)
        rhs(self, t, y, dy)

    monkeypatch.setattr(System, "rhs", counted)
    result = sim.simulate(short, solver=solver, times=200)
    assert result.status == "interrupted"
    assert 1 < result.t.size < 200


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"rtol": 1.0}, ScenarioError, "rtol = .* is outside"),
        ({"rtol": 1e-20}, ScenarioError, "rtol = .* is outside"),
        ({"rtol": float("nan")}, ScenarioError, "rtol = .* is outside"),
        ({"atol": 0.0}, ScenarioError, "atol"),
        ({"solver": "cvod"}, SolverError, "Did you mean 'cvode'"),
        ({"times": 1}, ScenarioError, "at least 2"),
        ({"times": np.array([2.0, 1.0])}, ScenarioError, "times must rise, and 2.0 is followed by 1.0"),
        ({"times": ["1 h", "60 min"]}, ScenarioError, "times must rise, and '1 h' comes twice"),
        ({"times": [-1.0, 1.0]}, ScenarioError, "-1.0 is outside the run"),
        ({"times": []}, ScenarioError, "no row of times"),
        ({"times": "1 h"}, ScenarioError, "times = '1 h' is no row of times"),
        ({"times": 2.5}, ScenarioError, "or how many"),
        ({"times": True}, ScenarioError, "no row of times"),
        ({"times": np.ones((2, 2))}, ScenarioError, "no row of times"),
        ({"times": [0.0, 1e12]}, ScenarioError, "duration"),
    ],
)
def test_impossible_requests_are_refused_in_words(short, options, error, words):
    with pytest.raises(error, match=words):
        sim.simulate(short, **options)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"boundary": {"ppi": "20 uM"}}, "Did you mean 'PPi'"),
        ({"boundary": {"HAP": "20 uM"}}, "not a mobile species"),
        ({"boundary": {"PPi": "-20 uM"}}, "negative"),
        ({"parameters": {"lesion.radius": "2 mm"}}, "read at the start only"),
        ({"parameters": {"lesion.pH": 6.0}}, "read at the start only"),
        ({"state": {"Ca": -1.0}}, "negative"),
    ],
)
def test_an_intervention_that_could_not_act_is_refused(short, change, words):
    """A drug under a wrong name must not look like a drug without effect."""
    with pytest.raises(ScenarioError, match=words):
        sim.simulate(short.with_intervention(sim.Intervention(at="1 day", **change)), times=2)


def test_an_intervention_after_the_end_is_refused(short):
    late = sim.Intervention(at="400 day", boundary={"PPi": "20 uM"})
    with pytest.raises(ScenarioError, match="the run ends at"):
        sim.simulate(short.with_intervention(late), times=2)


def test_plasma_parameters_act_like_the_boundary(short):
    def PPi(**change):
        cut = sim.Intervention(at="1 day", **change)
        return sim.simulate(short.with_intervention(cut), times=3)["PPi"].values

    as_parameter = PPi(parameters={"plasma.PPi": "20 uM"})
    np.testing.assert_array_equal(as_parameter, PPi(boundary={"PPi": "20 uM"}))
    assert as_parameter[-1].max() > 0.01


@pytest.mark.parametrize("constants", sim.constants_sets())
def test_every_set_of_constants_runs_a_scenario(constants):
    """A solid that a set lacks never forms, and the dataset says nothing of its saturation."""
    scenario = sim.scenario("infarct_myocardium", constants=constants).with_resolution(0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)  # of the solids it lacks, see below
        result = sim.simulate(scenario.with_(duration="2 day"), times=3)
    assert result.success and result["SI_HAP"].attrs["long_name"].endswith(f"({constants})")
    if constants == "phreeqc":
        assert "SI_OCP" not in result.dataset and float(result["OCP"].max()) == 0.0


def test_a_run_says_which_solids_its_constants_lack_and_where_its_chemistry_ends(tmp_path):
    """minteq.v4.dat has no amorphous phase, see the head of the set; 0.6 M NaCl is beyond Davies' 0.5."""
    plain = sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration="1 hour")
    assert sim.simulate(plain, times=2).notes == ()
    with pytest.warns(RangeWarning, match="hold no solubility of granules") as heard:
        result = sim.simulate(plain.with_(constants="minteq.v4"), times=2)
    (note,) = result.notes
    assert note == str(heard[0].message) and "ACP" in note and "OCP" not in note and "HAP" not in note
    assert repr(result).count(note) == 1
    result.save(tmp_path / "r.nc")
    assert sim.load(tmp_path / "r.nc").notes == result.notes
    assert [row.text for row in summary_lines(result) if row.label == "note"] == [note]  # once
    with pytest.warns(RangeWarning):
        brine = plain.with_parameters({"fluid.Na": "600 mM", "fluid.Cl": "600 mM"})
    with pytest.warns(RangeWarning, match="davies are sound to about 0.5"):
        salt = sim.simulate(brine, times=2)
    assert salt.notes and float(salt["ionic_strength"].max()) > 0.5


def test_pores_fill_and_no_further():
    """Feed dead tissue at metastatic serum for years: two fifths of its pores stay water, as in bone."""
    scenario = sim.scenario("metastatic_contrast").with_resolution(0.3).with_(duration="5 year")
    scenario = scenario.with_parameters({"tissue.viable": 0.0})
    result = sim.simulate(scenario, times=5)
    assert result.success, result.message
    left = 0.2 * scenario.parameters.si("porosity.bound_water")  # of 0.2 of pores
    volume = scenario.parameters.si("mineral.V_HAP") * result["HAP"]
    assert left == pytest.approx(0.08) and float(result["porosity"].min()) > left
    assert 0.11 < float(volume.max()) < 0.12


def test_a_singular_linear_system_is_a_failure_with_a_sentence(short, monkeypatch):
    """A factorisation that fails must not be used: it was once ignored."""
    from sim.solvers.steps import ndf_steps

    monkeypatch.setattr(ndf_steps, "factor", lambda w, c: False)
    result = sim.simulate(short.with_geometry("rectangle", {"lesion": 3, "border": 2}), times=3)
    assert result.status == "failed" and "singular" in result.message


def test_a_slip_in_a_late_intervention_is_found_before_anything_runs(short):
    wrong = sim.Intervention(at="2 day", parameters={"growth.kk": 1e-14})
    ran = []
    with pytest.raises(ValueError, match="growth.k"):
        sim.simulate(short.with_intervention(wrong), times=3, progress=lambda t, n: ran.append(t))
    assert not ran


def test_what_takes_the_place_of_excised_tissue_lives(short):
    cut = sim.Intervention(at="1 day", excise=True, region="lesion")
    result = sim.simulate(short.with_intervention(cut), times=["0.9 day", 1 * day + 1])
    lesion = (result["layer"] == "lesion").values
    for name, healthy in (("viable", 1.0), ("phosphatase", result.parameters.si("phosphatase.baseline"))):
        before, after = result[name].values[:, lesion]
        assert after == pytest.approx(healthy, rel=1e-3)
        assert (np.abs(before - healthy) > 0.1 * healthy).all()  # it had died there


def test_fresh_medium_is_fluid_and_lives_not():
    """A medium that is renewed does not become tissue that clears mineral and makes pyrophosphate."""
    dish = sim.Scenario(
        "dish", sim.library.model(), "slab", [("cells", 2), ("medium", 2)], "closed", "2 h",
        {
            "cells.thickness": "30 um", "cells.viable": 0.9, "cells.buffer": "60 mM", "cells.phi0": 0.3,
            "medium.thickness": "3 mm", "medium.phi0": 1.0, "plasma.Ca": "1.8 mM", "plasma.P": "1 mM",
            "plasma.pH": 7.4,
        },
        interventions=[sim.Intervention(at="1 h", excise=True, label="all anew")],
    )  # fmt: skip
    result = sim.simulate(dish, times=["30 min", "2 h"])
    medium = (result["layer"] == "medium").values
    assert (result["viable"].values[1, medium] == 0.0).all() and (
        result["phosphatase"].values[1, medium] == 0.0
    ).all()
    assert (result["viable"].values[1, ~medium] == 1.0).all()  # where there was tissue there is some again
