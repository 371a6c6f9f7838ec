"""Maps that are laid once for all points of a sweep: by content, within a bound, from many threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from reference import square_infarct

from sim.errors import RegionWarning
from sim.run.segments import Builder
from sim.space.maps import measured_map
from sim.space.maps.kept_laid import KeptLaid, cells_of
from sim.space.maps.laying import Laid
from sim.space.maps.measured_map import MeasuredMap
from sim.space.maps.packed import as_text

CHANCE = np.random.default_rng(1)


def map_of(values, **more):
    return MeasuredMap("HAP", cells=values.shape, bits=as_text(values), spacing="1 mm", **more)


@pytest.fixture
def counted(monkeypatch):
    """How often voxels are laid, with nothing kept from before."""
    times = []

    def lay(*given):
        times.append(given)
        return real(*given)

    real = measured_map.laid
    monkeypatch.setattr(measured_map, "laid", lay)
    monkeypatch.setattr(measured_map, "KEPT", KeptLaid())
    return times


@pytest.fixture(scope="module")
def plane():
    return square_infarct()


def test_points_share_what_is_laid_and_others_do_not(plane, counted):
    values = CHANCE.uniform(0, 300, (2, 6, 6))
    made = map_of(values)
    one = plane.changed({"maps": [made]})
    first = Builder(one).places.contents[0][1]
    other_point = one.changed({"acid.load": "50 mM"})
    assert Builder(other_point).places.contents[0][1] is first and len(counted) == 1
    sent = pickle.loads(pickle.dumps(made))  # noqa: S301  # as to a worker
    equal = map_of(values.copy())
    for same in (sent, equal):
        assert Builder(plane.changed({"maps": [same]})).places.contents[0][1] is first
    assert len(counted) == 1
    finer = one.changed({"domain": "10 mm in 15 cells, 10 mm in 15 cells"})
    assert Builder(finer).places.contents[0][1].means.size == 15 * 15 and len(counted) == 2
    wider = one.changed({"lesion.radius": "4.5 mm"})  # other faces
    assert np.array_equal(
        Builder(wider).places.contents[0][1].means, map_of(values).laid(Builder(wider).grid).means
    )
    for other in (map_of(values + 1), map_of(values, least=50), map_of(values, centre=("1 mm", 0, 0)),
                  map_of(values, length="1 mm"), map_of(values, plane=0)):  # fmt: skip
        before = len(counted)
        assert Builder(plane.changed({"maps": [other]})).places.contents[0][1] is not first
        assert len(counted) == before + 1
    with pytest.raises(ValueError, match="read-only"):
        first.means[0] = 1.0


def test_what_lies_beyond_is_told_at_every_point(plane, counted):
    made = map_of(CHANCE.uniform(0, 300, (1, 6, 6)), centre=("4 mm", 0, 0))
    grid = Builder(plane).grid
    for _ in range(2):
        with pytest.warns(RegionWarning, match="lies outside"):
            made.laid(grid)
    assert len(counted) == 1


def test_what_is_kept_is_bounded_and_the_oldest_goes():
    kept, made = KeptLaid(most=3000), []

    def lay():
        made.append(1)
        return Laid(np.ones(100), np.ones(100), 1.0, 0.0)  # 1600 bytes

    kept.once("a", lay)
    kept.once("b", lay)  # of both only one has room
    assert kept.bytes == 1600 and len(made) == 2
    kept.once("b", lay)
    assert len(made) == 2
    kept.once("a", lay)
    assert len(made) == 3
    large = kept.once("c", lambda: Laid(np.ones(1000), np.ones(1000), 1.0, 0.0))
    assert large.means.size == 1000 and kept.bytes == 0  # more than all that may be kept


def test_threads_get_one_and_the_bytes_are_counted_once():
    kept = KeptLaid()

    def ask(k):
        return kept.once(k % 4, lambda: Laid(np.full(50, k % 4), np.ones(50), 1.0, 0.0)).means[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(400))) == [k % 4 for k in range(400)]
    assert kept.bytes == 4 * 2 * 50 * 8


def test_cells_are_told_by_their_faces(plane):
    grids = [
        Builder(plane.changed({"domain": f"10 mm in {n} cells, 10 mm in 9 cells"})).grid for n in (9, 9, 10)
    ]
    assert cells_of(grids[0]) == cells_of(grids[1]) != cells_of(grids[2])
