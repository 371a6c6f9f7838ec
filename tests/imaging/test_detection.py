"""When mineral is first seen: thresholds met by hand-made results, bounds, tables and measures."""

import math

import numpy as np
import pytest
from scipy.signal import fftconvolve

import sim
from sim.errors import ConfigError
from sim.imaging import METHODS, ct, ct_slope, first_seen, phantom, radiograph
from sim.imaging.detection.courses import SeenOverTime, ct_number, first_time, highest_over
from sim.imaging.detection.shadows import chords, contrast
from sim.imaging.xray.attenuation import xray_numbers
from sim.imaging.xray.ct import noise, noise_over
from sim.imaging.xray.frames import Frame
from sim.imaging.xray.instruments import instrument
from sim.summary.summary_lines import summary_lines

pytestmark = pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning", "ignore::sim.errors.TissueWarning")
MODEL = sim.library.model()
FLUID = {"plasma.Ca": "1.4 mM", "plasma.P": "1.1 mM", "plasma.C": "26 mM", "plasma.pH": 7.4}
PER_UNIT = 0.502307  # mg of HAP per mL in 1 mM


def rising(geometry="sphere", last=100.0, thick="8 mm"):
    """A core in which HAP rises from nothing to an amount [mM] in 10 s, put in place by hand."""
    values = FLUID | {"core.radius": thick, "core.HAP": "1 mM", "core.phi0": 0.6}
    values |= {"shell.thickness": "1 mm", "shell.phi0": 0.6}
    made = sim.Scenario("rising", MODEL, geometry, [("core", 32), ("shell", 4)], "fixed", "10 s")
    result = sim.simulate(made.changed(values), times=11)
    data = result.dataset.copy(deep=True)
    inside = (data["layer"] == "core").astype(float)
    data["HAP"] = (data["time"] / 10 * last * inside).transpose("time", ...).assign_attrs(data["HAP"].attrs)
    for other in result.solids:
        if other != "HAP":
            data[other] = data[other] * 0 + data[other].attrs.get("nothing", 0.0)
            data[other].attrs = result.dataset[other].attrs
    return sim.Result(data, result.manifest, result.tables)


def seen_at(result, *methods):
    return {row.method: row.time for row in first_seen(result, methods or None)}


@pytest.mark.parametrize("geometry", ["sphere", "cylinder", "slab"])
def test_ct_sees_a_wide_core_at_its_threshold(geometry):
    """130 HU of which 40 are soft tissue (of a core named so, necrosis of 35): 95 HU over 1.365."""
    result = rising(geometry, last=200.0)
    needed = (130 - 35) / 1.3648 / PER_UNIT  # [mM]
    assert seen_at(result, "ct")["ct"] == pytest.approx(needed / 200 * 10, rel=0.01)


def test_dual_energy_needs_a_nodule_and_micro_ct_a_cell():
    """A voxel of dual-energy CT has 43 mg/mL of noise, sqrt(2) x 20 HU over a difference of slopes of 0.66:
    its 20 mg/mL are told over a nodule. A wide core is told by it first, and a small one by micro-CT, at 75
    mg/mL in a cell whatever its size."""
    wide, small = rising(last=400.0), rising(last=400.0, thick="1 mm")
    methods = ("dual_energy", "micro_ct")
    assert seen_at(wide, *methods)["dual_energy"] < seen_at(wide, *methods)["micro_ct"]
    found = seen_at(small, *methods)
    assert found["micro_ct"] == pytest.approx(seen_at(wide, *methods)["micro_ct"], rel=1e-6)
    assert found["dual_energy"] > found["micro_ct"]
    over = {row.method: row.over for row in first_seen(wide)}
    assert (over["dual_energy"], over["ct"], over["micro_ct"]) == ("30 mm2", "1 mm2", "a cell of the model")
    assert over["mri"] == "a voxel" and over["chest"] == "a pixel"


def test_the_area_of_dual_energy_is_what_its_noise_needs():
    """Of noise as the instrument has it at both voltages: the mean over a ball of that cross-section scatters
    by a fifth of the threshold, 20 mg/mL; over 1 mm2 by more than the threshold."""
    scanner = instrument("chest_ct", "ct")
    pixel, deep, n = scanner.si("pixel"), scanner.si("spacing"), 128
    at = (np.arange(n) - n // 2) * pixel
    frame = Frame(np.arange(30) * deep, at, at)
    slopes = [ct_slope("Ca5(PO4)3OH", 3160, kVp, scanner.si("body")) for kVp in (80, 140)]
    field = (noise(frame, scanner, 1) - noise(frame, scanner, 2)) / (slopes[0] - slopes[1])
    assert field.std() == pytest.approx(43, abs=1)

    def scatter(area):
        radius = np.sqrt(area / np.pi)
        z = (np.arange(-3, 4) * deep)[:, None, None]
        ball = z**2 + at[None, :, None] ** 2 + at[None, None, :] ** 2 <= radius**2
        return fftconvolve(field, ball / ball.sum(), "same")[5:-5, 20:-20, 20:-20].std()

    area = xray_numbers().si("dual_energy.area")
    assert scatter(area) == pytest.approx(20 / 5, rel=0.1) and scatter(1e-6) > 20
    for part in (1 / 16, 1 / 4, 1):
        assert scatter(part * area) == pytest.approx(field.std() * noise_over(scanner, part * area), rel=0.06)


def test_dual_energy_and_micro_ct_see_densities():
    found = seen_at(rising(last=200.0), "dual_energy", "micro_ct")
    assert found["dual_energy"] == pytest.approx(20 / PER_UNIT / 200 * 10, rel=0.01)
    assert found["micro_ct"] == pytest.approx(75 / PER_UNIT / 200 * 10, rel=1e-6)


@pytest.mark.parametrize(
    ("method", "areal"), [("mammography", 1.7), ("extremity", 8.7), ("chest", 32.0), ("specimen", 6.3)]
)
def test_radiographs_see_areal_densities(method, areal):
    """Through 16 mm of the middle of a ball [mg/cm2], as computed apart from the package."""
    mg_per_mL = areal / 1.6
    result = rising(last=3 * mg_per_mL / PER_UNIT)
    assert seen_at(result, method)[method] == pytest.approx(10 / 3, rel=0.03)


def test_what_stays_below_is_never_seen_and_the_order_is_that_of_time():
    result = rising(last=10.0)
    found = first_seen(result)
    times = [row.time for row in found]
    assert times == sorted(times) and len(found) == len(METHODS)
    assert seen_at(result, "ct", "chest") == {"ct": math.inf, "chest": math.inf}
    assert "not" in str(found) and "mammogram" in str(found)
    table = found.to_dataframe()
    assert set(table["confidence"]) <= {"measured", "assumed", "derived", "fitted"}
    assert list(table["method"]) == [row.method for row in found]


@pytest.mark.parametrize("geometry", ["sphere", "cylinder", "slab", "rectangle"])
def test_courses_are_those_of_the_pictures(geometry):
    """At the end, without noise: the level of 1 mm2 in a CT, and the largest contrast of a radiograph."""
    result = rising(geometry, last=300.0, thick="3 mm")
    middle = 1 if geometry == "sphere" else None  # of a ball its middle slice counts
    image = ct(result, instrument="calcium_ct", settings={"noise": 0}, slices=middle)
    count = math.ceil(1e-6 / image.attrs["pixel"] ** 2)
    level = max(highest_over(plane, count) for plane in image.values)
    assert ct_number("calcium_ct")(result).seen(10) == pytest.approx(level, rel=0.02)
    film = radiograph(result, instrument="extremity")
    assert contrast("extremity")(result).seen(10) == pytest.approx(float(film["contrast"].max()), rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_bounds_are_never_below_what_is_seen(method):
    course = METHODS[method].course(rising(last=150.0, thick="2 mm"))
    for k in (0, 3, 10):
        assert course.seen(k) <= course.bound[k] + 1e-9


def test_a_crossing_is_linear_between_outputs():
    values = [0.0, 1.0, 5.0, 2.0]
    course = SeenOverTime(np.array(values) + 1, values.__getitem__)
    assert first_time(course, np.array([0.0, 10, 20, 30]), 3.0) == 15.0
    assert first_time(course, np.array([0.0, 10, 20, 30]), 9.0) == math.inf
    assert first_time(SeenOverTime(np.array([4.0]), lambda k: 4.0), np.array([7.0]), 3.0) == 7.0


def test_ends_of_the_range_bracket_the_time():
    """What rises in proportion to time crosses each end of the range in proportion too."""
    result = rising(last=200.0)
    (row,) = first_seen(result, ["micro_ct"])
    low, high = row.threshold.range
    assert row.earliest == pytest.approx(row.time * low / row.threshold.value)
    assert row.latest == pytest.approx(row.time * high / row.threshold.value)
    assert first_seen(result, ["chest"])[0].latest >= first_seen(result, ["chest"])[0].time


def test_pixels_have_to_touch():
    plane = np.array([[9, 0, 0, 8], [0, 7, 0, 0], [0, 0, 0, 0], [6, 0, 0, 5.0]])
    assert highest_over(plane, 1) == 9
    assert highest_over(plane, 2) == 7  # 9 and 7 by their corner; 8 is apart
    assert highest_over(plane, 3) == 0


def test_chords_of_shells():
    """Through the middle twice each thickness; past the outermost nothing; by Pythagoras between."""
    found = chords(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.5, 3.0]))
    assert found[0] == pytest.approx([2, 2])
    assert found[1] == pytest.approx([0, 2 * np.sqrt(3)])
    assert found[2] == pytest.approx([0, 2 * np.sqrt(4 - 2.25)])
    assert found[3] == pytest.approx([0, 0])


def test_measures_for_sweeps():
    result = rising(last=200.0)
    assert sim.measures.first_seen("ct")(result) == seen_at(result, "ct")["ct"]
    assert sim.measures.first_seen("ct").unit == "s"
    at_end = 35 + 200 * PER_UNIT * 1.3648
    assert sim.measures.hounsfield()(result) == pytest.approx(at_end, rel=0.01)
    wide = np.pi * 8**2 * 1 * 16 / 3 / 2  # within the ball, of weight 1
    assert sim.measures.agatston()(result) > wide
    assert sim.measures.mean is __import__("sim.run.measures", fromlist=["mean"]).mean


def test_measures_go_into_a_sweep(tmp_path):
    base = sim.scenario("infarct_myocardium").changed({"duration": "1 hour", "lesion.cells": 8})
    axis = {"lesion.radius": ["1 mm", "2 mm"]}
    table = sim.sweep(
        base, sim.sweeps.grid(axis), store=tmp_path / "x.db",
        measures={"seen": sim.measures.first_seen("mammography"), "HU": sim.measures.hounsfield("chest_ct")},
    ).to_dataframe()  # fmt: skip
    assert np.isinf(table["seen"]).all() and (table["HU"] > 40).all()


def test_workers_import_imaging_only_for_measures_of_pictures():
    def imaging_imported(_result):  # within a function, so that it is sent by value, without this file
        import sys

        return float(any(name.startswith("sim.imaging.") for name in sys.modules))

    base = sim.scenario("infarct_myocardium").changed({"duration": "1 hour", "lesion.cells": 8})
    design = sim.sweeps.grid({"lesion.radius": ["1 mm"]})
    for measure, imported in ((sim.measures.mean("HAP"), 0.0), (sim.measures.first_seen("ct"), 1.0)):
        measures = {"asked": measure, "imported": imaging_imported}
        table = sim.sweep(base, design, measures=measures, workers=2)
        assert table.measure("imported")[0] == imported


def test_mistakes_are_sentences():
    result = rising()
    with pytest.raises(ConfigError, match="Did you mean 'chest'"):
        first_seen(result, ["chset"])
    with pytest.raises(ConfigError, match="Did you mean 'ct'|there are micro_ct"):
        sim.measures.first_seen("cct")
    with pytest.raises(ConfigError, match="not an instrument"):
        sim.measures.agatston("chest")
    with pytest.raises(ConfigError, match="kept without"):
        first_seen(result.only(["HAP", "pH"]))


def test_nothing_there_is_not_seen():
    empty = sim.simulate(sim.scenario("normal_tissue_control").changed({"duration": "1 hour"}), times=2)
    assert all(math.isinf(row.time) for row in first_seen(empty))
    image = ct(phantom({"HAP": np.zeros((1, 1, 1))}, (1e-3,) * 3), settings={"noise": 0})
    assert float(abs(image).max()) == 0


def test_a_summary_keeps_methods_apart_whose_titles_have_commas():
    result = rising(last=40.0)
    rows = first_seen(result)
    (line,) = (found for found in summary_lines(result) if found.key == "first_seen")
    seen, unseen = line.text.split("; not seen by: ")
    titles = {
        False: [r.title for r in rows if r.time == math.inf],
        True: [r.title for r in rows if r.time < math.inf],
    }
    assert titles[True] and unseen.split("; ") == titles[False]
    assert all(
        part.startswith(title + " ") for part, title in zip(seen.split("; "), titles[True], strict=True)
    )
