"""Stains and MRI in the table of what is first seen, against the result itself and against scans."""

import numpy as np
import pytest

import sim
from sim.imaging.detection.stained import densest_calcium, signal_lost
from sim.imaging.resonance.instruments import scanner
from sim.imaging.volumes import of_result


@pytest.fixture(scope="module")
def result():
    """A caseous nodule of a year: its mineral lies in a ball of 2.4 mm."""
    return sim.simulate(sim.scenario("tb_caseous").changed({"duration": "1 year"}))


def uniform(result, calcium):
    """The result with apatite of the same calcium [mol m-3] everywhere, rising from nothing to it."""
    data = result.dataset.copy()
    ramp = np.linspace(0.0, calcium / 5.0, result.t.size)[:, None]
    for name in result.solids:
        data[name] = data[name].copy(data=np.zeros(data[name].shape) + (ramp if name == "HAP" else 0.0))
    return sim.Result(data, result.manifest, result.tables)


def test_a_stain_is_first_positive_where_calcium_reaches_its_threshold(result):
    highest = result.array_of("Ca_in_mineral").max(axis=1)
    np.testing.assert_allclose(densest_calcium(result).bound, highest, rtol=1e-3)
    k = int(np.argmax(highest > 20.0))
    exact = np.interp(20.0, highest[k - 1 : k + 1], result.t[k - 1 : k + 1])
    for name in ("von_kossa", "alizarin_red"):
        (row,) = sim.imaging.first_seen(result, [name])
        assert row.time == pytest.approx(exact, rel=1e-3)
        assert row.at_end == pytest.approx(highest[-1], rel=1e-3)
    (row,) = sim.imaging.first_seen(result, ["he"])
    assert row.time > exact


@pytest.mark.parametrize("name", ["gre_3T", "gre_7T"])
def test_a_magnet_misses_the_signal_that_water_and_time_leave(result, name):
    """In the middle of uniform mineral: 1 - (1 - filled) exp(-t R), over the noise, at its best echo."""
    of, calcium = scanner(name), 200.0
    course = signal_lost(name)(uniform(result, calcium))
    filled = calcium * 1.593e-4 / 5
    rate = 4.812e-10 * of.frequency  # 2 pi / (3 sqrt 3) * 2 pi / 3 * 1.9e-10 of static dephasing
    lost = [
        (1 - (1 - filled) * np.exp(-t * rate * calcium)) * np.exp(-t / of.T2star) / of.noise
        for t in of.echo_times
    ]
    assert course.seen(result.t.size - 1) == pytest.approx(max(lost), rel=2e-3)
    assert course.seen(0) == pytest.approx(0.0, abs=1e-12)


def test_a_magnet_sees_a_body_too_large_for_half_a_voxel(result, monkeypatch):
    """As a cyst of 6 cm: laid on larger cells, up to a voxel; uniform mineral is seen as well by those."""
    of, uniformly = scanner("gre_3T"), uniform(result, 200.0)
    fine = signal_lost("gre_3T")(uniformly).seen(result.t.size - 1)
    across = 2.0 * result.array_of("r_edges")[-1] / min(of.voxel)
    monkeypatch.setattr(of_result, "MOST_CELLS", int((1.4 * across) ** 3))  # 2 across would be half a voxel
    assert signal_lost("gre_3T")(uniformly).seen(result.t.size - 1) == pytest.approx(fine, rel=2e-3)


def test_what_a_magnet_misses_is_what_its_scan_lacks(result):
    """Without noise, at the last output: the darkest voxel against water, to what the field adds."""
    of = scanner("gre_3T")
    scan = sim.imaging.mri(result, noise=False)
    water = np.exp(-scan.echo / of.T2star)
    lacking = float(((water - scan.magnitude) / of.noise).max())
    seen = signal_lost("gre_3T")(result).seen(result.t.size - 1)
    assert seen == pytest.approx(lacking, rel=0.05)


def test_bounds_are_bounds(result):
    course = signal_lost("gre_3T")(result)
    for k in (0, 20, 60, result.t.size - 1):
        assert course.seen(k) <= course.bound[k] * (1 + 1e-9)


def test_the_table_has_them_in_order_of_time(result):
    table = sim.imaging.first_seen(result, ["mri", "von_kossa", "he"])
    times = [row.time for row in table]
    assert times == sorted(times)
    assert table[0].method == "von_kossa"
    assert {row.confidence for row in table} == {"assumed"}
