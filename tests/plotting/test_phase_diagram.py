"""Phase diagrams show each point's own number, or say that there is none."""

import matplotlib
import numpy as np
import pytest
from fake_sweeps import DAY, LOAD, RADIUS, FakeAxis, hypercube, onset_grid, table_of
from matplotlib.collections import LineCollection

from sim import plotting as plot
from sim.errors import ConfigError, UnitError
from sim.plotting.sweeps import unfinished
from sim.plotting.sweeps.cells import nearest_cells
from sim.plotting.sweeps.columns import axis_column


def drawn(ax, label):
    """The one artist with this private label."""
    (found,) = [
        a for a in [*ax.collections, *ax.lines] if a.get_label().partition(" (")[0] in (label, f"_{label}")
    ]
    return found


def centres(collection):
    return np.array([p.vertices[:4].mean(axis=0) for p in collection.get_paths()])


def inside(path, point):
    """Whether a point lies in a polygon, on the page (the corners of a cell on a log axis too)."""
    return path.contains_point(point)


def legend(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def bar_label(ax):
    return next(a for a in ax.child_axes if a.get_label() == "colour bar").get_ylabel()


def cell_values(ax, table):
    """{number of the point: value drawn in the cell that holds it} of all coloured cells."""
    x, y = table.inputs("lesion.radius") * 1e3, table.inputs("acid.load")
    cells = drawn(ax, "numbers")
    found = {}
    for path, value in zip(cells.get_paths(), cells.get_array(), strict=True):
        low, high = path.vertices.min(axis=0), path.vertices.max(axis=0)
        (k,) = np.flatnonzero((x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1]))
        found[int(k)] = float(value)
    return found


def test_each_cell_of_a_grid_has_the_number_of_its_point():
    table = onset_grid()
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "onset")
    onset = table.measure("onset")
    expected = {int(k): onset[k] / DAY for k in np.flatnonzero(np.isfinite(onset))}
    assert cell_values(ax, table) == pytest.approx(expected)


def test_axes_and_colour_have_units_and_the_scale_of_the_design():
    ax = plot.phase_diagram(onset_grid(), "lesion.radius", "acid.load", "onset")
    assert ax.get_xlabel() == "lesion radius [mm]"
    assert ax.get_ylabel() == "acid load [mM]"
    assert bar_label(ax) == "onset [days]"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    labels = [t.get_text() for t in ax.get_xticklabels()]
    assert labels == ["0.2", "0.5", "1", "2", "5"]


def test_failed_points_are_hatched_by_status_and_have_no_colour_of_a_number():
    table = onset_grid()
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "onset")
    hatches = set()
    for status in ("failed", "timed out", "out of memory", "killed"):
        cells = drawn(ax, status)
        count = int((table.status == status).sum())
        assert len(cells.get_paths()) == count
        assert cells.get_array() is None
        assert np.ptp(cells.get_facecolor()[0][:3]) < 0.03  # grey
        hatches.add(cells.get_hatch())
        assert f"{status} ({count})" in legend(ax)
    assert len(hatches) == 4
    assert None not in hatches
    places = centres(drawn(ax, "failed"))
    bad = table.status == "failed"
    assert np.sort(places[:, 1]) == pytest.approx(np.sort(table.inputs("acid.load")[bad]))


def test_never_has_its_own_colour_and_a_line_around_it():
    table = onset_grid()
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "onset")
    never = np.isinf(table.measure("onset"))
    cells = drawn(ax, "never")
    assert len(cells.get_paths()) == never.sum()
    assert cells.get_hatch() is None
    assert f"never ({never.sum()})" in legend(ax)
    numbers = drawn(ax, "numbers")
    assert np.isfinite(numbers.get_array()).all()
    grey = np.array([0.2126, 0.7152, 0.0722])
    shade = cells.get_facecolor()[0][:3] @ grey
    assert shade > 0.1 + max(numbers.cmap(np.linspace(0, 1, 64))[:, :3] @ grey)
    field = np.where(table.status == "finished", np.where(never, 2, 1), 0).reshape(12, 12)
    pairs = [(field[:, 1:], field[:, :-1]), (field[1:], field[:-1])]
    length = sum(int(((a == 1) & (b == 2) | (a == 2) & (b == 1)).sum()) for a, b in pairs)
    assert len(drawn(ax, "never_border").get_segments()) == length > 0


def test_points_still_to_be_run_are_white_and_keep_their_place():
    ax = plot.phase_diagram(onset_grid(keep=100), "lesion.radius", "acid.load", "onset")
    assert "not run (44)" in legend(ax)
    cells = drawn(ax, "not run")
    assert cells.get_facecolor()[0] == pytest.approx([1, 1, 1, 1])
    assert cells.get_hatch() is None
    full = plot.phase_diagram(onset_grid(), "lesion.radius", "acid.load", "onset")
    assert ax.get_ylim() == pytest.approx(full.get_ylim())


def test_a_point_that_finished_without_a_number_is_no_zero():
    table = table_of(
        {"a": [1.0, 1.0, 2.0, 2.0], "b": [1.0, 2.0, 1.0, 2.0]}, {"m": [1.0, 2.0, np.nan, 4.0]}, {"m": "m"}
    )
    ax = plot.phase_diagram(table, "a", "b", "m")
    assert "no value (1)" in legend(ax)
    assert drawn(ax, "no value").get_hatch()
    assert sorted(drawn(ax, "numbers").get_array()) == [1e3, 2e3, 4e3]  # mm


def test_the_measure_of_a_partial_run_is_no_number():
    """A point that timed out keeps what its trajectory gave so far; that must not look like a result."""
    table = onset_grid()
    table.measures["onset"] = np.where(table.status == "finished", table.measures["onset"], 1e9)
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "onset")
    assert np.asarray(drawn(ax, "numbers").get_array()).max() < 20  # day
    assert "timed out (4)" in legend(ax)


def test_scattered_points_colour_what_is_nearest_and_nothing_else():
    table = hypercube(60)
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "mineral")
    x, y = table.inputs("lesion.radius") * 1e3, table.inputs("acid.load")
    cells = drawn(ax, "numbers")
    mineral = table.measure("mineral")
    assert len(cells.get_paths()) == np.isfinite(mineral).sum()
    # A slow judge: the nearest point of all on the page, at random places of the frame.
    rng = np.random.default_rng(1)
    u = (np.log10(x) - np.log10(x).min()) / np.ptp(np.log10(x))
    v = (y - y.min()) / np.ptp(y)
    hatched = drawn(ax, "failed").get_paths() + drawn(ax, "timed out").get_paths()
    for a, b in rng.uniform(0.0, 1.0, (300, 2)):
        nearest = int(np.argmin((u - a) ** 2 + (v - b) ** 2))
        place = (10 ** (np.log10(x).min() + a * np.ptp(np.log10(x))), y.min() + b * np.ptp(y))
        page = ax.transData.transform(place)
        hit = [k for k, p in enumerate(cells.get_paths()) if inside(ax.transData.transform_path(p), page)]
        if table.status[nearest] == "finished":
            assert cells.get_array()[hit].tolist() == [mineral[nearest]]
        else:
            assert hit == []
            assert sum(inside(ax.transData.transform_path(p), page) for p in hatched) == 1


def test_nearest_cells_fill_the_frame():
    table = hypercube(80)
    axes = [axis_column(table, n, "x") for n in ("lesion.radius", "acid.load")]
    flat = [a._replace(log=False) for a in axes]
    cells = nearest_cells(*(a.values for a in axes), *flat)

    def area(p):
        return 0.5 * abs(np.dot(p[:, 0], np.roll(p[:, 1], 1)) - np.dot(p[:, 1], np.roll(p[:, 0], 1)))

    whole = np.ptp(cells.x) * np.ptp(cells.y)
    assert sum(map(area, cells.polygons)) == pytest.approx(whole, rel=1e-9)


def test_scattered_points_can_be_marks():
    table = hypercube(60)
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "onset", scattered="points")
    good = np.isfinite(table.measure("onset"))
    dots = drawn(ax, "numbers")
    places, order = np.asarray(dots.get_offsets()), np.argsort(table.inputs("acid.load")[good])
    assert places[:, 0] == pytest.approx(1e3 * table.inputs("lesion.radius")[good][order])
    assert np.asarray(dots.get_array()) == pytest.approx(table.measure("onset")[good][order] / DAY)
    assert len(drawn(ax, "failed").get_offsets()) == (table.status == "failed").sum()
    assert len(drawn(ax, "never").get_offsets()) == np.isinf(table.measure("onset")).sum()


def replicated():
    """Two loads, two radii, five seeds; one place where two of five never did, one with a failure."""
    values = {
        (1e-3, 0.0): [1, 2, 3, 4, 5],
        (2e-3, 0.0): [7, 7, 7, 7, 7],
        (1e-3, 10.0): [2, 3, 4, np.inf, np.inf],
        (2e-3, 10.0): [10, 20, 30, 40, np.nan],
    }
    rows = [(r, a, s, v) for (r, a), vs in values.items() for s, v in enumerate(vs)]
    r, a, s, v = (np.array(c) for c in zip(*rows, strict=True))
    status = ["failed" if np.isnan(x) else "finished" for x in v]
    units = {"lesion.radius": "m", "acid.load": "mol m-3", "onset": "s"}
    inputs = {"lesion.radius": r, "acid.load": a, "seed": s}
    return table_of(inputs, {"onset": v * DAY}, units, status, method="grid")


def test_replicates_are_shown_by_their_median_and_spread():
    ax = plot.phase_diagram(replicated(), "lesion.radius", "acid.load", "onset")
    assert sorted(drawn(ax, "numbers").get_array()) == pytest.approx([3, 4, 7, 25])
    rings = drawn(ax, "spread")
    areas = dict(zip(map(tuple, np.round(rings.get_offsets(), 6).tolist()), rings.get_sizes(), strict=True))
    # between quartiles: 2 day of 1..5, 15 day of 10, 20, 30, 40; none where all agree
    assert areas[1.0, 0.0] / areas[2.0, 10.0] == pytest.approx(2 / 15)
    assert len(areas) == 2
    assert drawn(ax, "some seeds never").get_xydata().tolist() == [[1.0, 10.0]]
    assert drawn(ax, "some seeds without a number").get_xydata().tolist() == [[2.0, 10.0]]
    assert "median of 5 seeds; 15 day between quartiles of seeds" in legend(ax)


def test_one_seed_can_be_picked():
    ax = plot.phase_diagram(replicated(), "lesion.radius", "acid.load", "onset", at={"seed": 0})
    assert sorted(drawn(ax, "numbers").get_array()) == pytest.approx([1, 2, 7, 10])
    assert ax.get_title(loc="left") == "at seed = 0"


def three_axes():
    g = np.meshgrid([1e-3, 2e-3, 4e-3], [0.0, 10.0, 20.0], ["slow", "fast"], indexing="ij")
    r, a, w = (c.ravel() for c in g)
    m = 1e3 * r + a + np.where(w == "fast", 100.0, 0.0)
    units = {"lesion.radius": "m", "acid.load": "mol m-3", "growth_law": "", "m": "mol m-3"}
    return table_of({"lesion.radius": r, "acid.load": a, "growth_law": w}, {"m": m}, units, method="grid")


def test_more_than_two_axes_ask_for_fixed_values():
    table = three_axes()
    with pytest.raises(ConfigError, match=r"at=\{'growth_law': value\} \(growth_law: slow, fast\)"):
        plot.phase_diagram(table, "lesion.radius", "acid.load", "m")
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "m", at={"growth_law": "fast"})
    assert min(drawn(ax, "numbers").get_array()) == 101.0
    assert ax.get_title(loc="left") == "at growth_law = fast"
    ax = plot.phase_diagram(table, "lesion.radius", "growth_law", "m", at={"acid.load": "10 mM"})
    assert sorted(drawn(ax, "numbers").get_array()) == [11, 12, 14, 111, 112, 114]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["slow", "fast"]
    with pytest.raises(ConfigError, match=r"a latin hypercube has no plane to cut; use plot\.scatter"):
        third = FakeAxis("growth.k", 1.0, 2.0, "1")
        plot.phase_diagram(hypercube(axes=(RADIUS, LOAD, third)), "lesion.radius", "acid.load", "onset")


def test_uneven_levels_with_a_zero_are_spaced_evenly_and_named():
    load = np.tile([0.0, 1.0, 10.0, 100.0], 2)
    radius = np.repeat([1e-3, 2e-3], 4)
    units = {"lesion.radius": "m", "acid.load": "mol m-3", "m": "s"}
    table = table_of({"lesion.radius": radius, "acid.load": load}, {"m": load + 1}, units)
    ax = plot.phase_diagram(table, "acid.load", "lesion.radius", "m")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1", "10", "100"]
    assert ax.get_xlabel() == "acid load [mM]"
    widths = [np.ptp(p.vertices[:, 0]) for p in drawn(ax, "numbers").get_paths()]
    assert widths == pytest.approx([1.0] * 8)


def test_contours_stop_at_cells_without_a_number():
    table = onset_grid()
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "onset", contours=["4 day", 6 * DAY])
    lines = [c for c in ax.collections if type(c).__name__ == "QuadContourSet"][0]
    assert lines.levels.tolist() == [4.0, 6.0]
    parts = [s for level in lines.allsegs for s in level]
    middles = np.concatenate([0.5 * (s[1:] + s[:-1]) for s in parts])
    for name in ("failed", "never", "timed out", "killed"):
        for path in drawn(ax, name).get_paths():
            core = path.vertices.mean(axis=0) + 0.6 * (path.vertices - path.vertices.mean(axis=0))
            assert not type(path)(core).contains_points(middles).any()
    # linear in both measures: the line of 4 day lies where the formula says so, to the step of a cell
    for segment in lines.allsegs[0]:
        value = 1.5 + 0.08 * segment[:, 1] + 2.0 * segment[:, 0] ** 0.8
        assert value == pytest.approx(4.0, abs=0.1)


def test_it_draws_on_the_axes_given_and_leaves_settings_alone():
    import matplotlib.pyplot as plt

    before = dict(matplotlib.rcParams)
    _, mine = plt.subplots()
    assert plot.phase_diagram(onset_grid(), "lesion.radius", "acid.load", "mineral", ax=mine) is mine
    assert dict(matplotlib.rcParams) == before


def test_a_plane_where_it_never_happened_is_shown():
    table = onset_grid()
    table.measures["onset"] = np.where(table.status == "finished", np.inf, np.nan)
    ax = plot.phase_diagram(table, "lesion.radius", "acid.load", "onset")
    assert len(drawn(ax, "never").get_paths()) == (table.status == "finished").sum()
    assert not ax.child_axes  # no colour bar without a number
    count = int((table.status == "finished").sum())
    assert [t.get_text().split() for t in ax.texts] == [
        f'measure "onset": never, at all {count} points'.split()
    ]
    assert not [c for c in ax.collections if isinstance(c, LineCollection)]


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        ([7200.0] * 4, "s", 'measure "seen": 2 h at all 4 points'),
        ([0.0] * 4, "mol m-3", 'measure "seen": 0 mM at all 4 points'),
        ([7200.0, 7200.0, np.inf, np.inf], "s", 'measure "seen": 2 h at all 2 points that have a value'),
        ([7200.0, np.inf, np.inf, np.inf], "s", 'measure "seen": 2 h at the only point that has a value'),
    ],
)
def test_a_measure_without_contrast_is_named_with_its_value(values, unit, words):
    """ "seen is the same everywhere" reads as if something were seen: names of measures are any words."""
    table = table_of({"a": [1.0, 1.0, 2.0, 2.0], "b": [1.0, 2.0, 1.0, 2.0]}, {"seen": values}, {"seen": unit})
    for ax in (
        plot.phase_diagram(table, "a", "b", "seen"),
        plot.scatter(table, "a", "b", colour="seen"),
    ):
        assert " ".join(" ".join(t.get_text() for t in ax.texts).split()) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": "lesion.radus"}, r"x = 'lesion.radus' is not an axis.*Did you mean 'lesion.radius'"),
        ({"y": "onset"}, r"'onset' is a measure: give it as the colour"),
        ({"colour": "onse"}, r"colour = 'onse' is not a measure.*Did you mean 'onset'"),
        ({"colour": "acid.load"}, r"'acid.load' is an axis"),
        ({"y": "lesion.radius"}, "two different axes"),
        ({"scattered": "voronoi"}, "is not one of cells, points"),
        ({"scale": "logarithmic"}, "is not one of auto, linear, log"),
        ({"at": {"seed": 1}}, "'seed' is not an axis"),
        ({"at": {"acid.load": 1}}, "which the phase diagram varies"),
        ({"contours": ["40 day"]}, "no contour can be drawn: onset goes from .* days to .* days"),
        ({"contours": 0}, "give 1 or more"),
        ({"contours": "4 day"}, "a list of values"),
    ],
)
def test_slips_are_answered_with_a_sentence(change, words):
    how = {"x": "lesion.radius", "y": "acid.load", "colour": "onset"} | change
    with pytest.raises(ConfigError, match=words):
        plot.phase_diagram(onset_grid(), **how)


def test_a_contour_of_another_dimension_is_refused():
    with pytest.raises(UnitError, match="dimension"):
        plot.phase_diagram(onset_grid(), "lesion.radius", "acid.load", "onset", contours=["4 mm"])


def test_what_cannot_be_drawn_says_why():
    with pytest.raises(ConfigError, match=r"not a DataFrameLike; sim.sweep returns one"):
        plot.phase_diagram(type("DataFrameLike", (), {})(), "a", "b", "c")
    flat = table_of({"a": [1.0, 1.0], "b": [1.0, 2.0]}, {"m": [1.0, 2.0]}, {})
    with pytest.raises(ConfigError, match="a has one level only, 1; a phase diagram needs at least 2"):
        plot.phase_diagram(flat, "a", "b", "m")
    dead = table_of(
        {"a": [1.0, 2.0], "b": [1.0, 2.0]}, {"m": [1.0, 2.0]}, {}, ["failed", "timed out"], "table"
    )
    with pytest.raises(ConfigError, match=r"no point .* value of m: 1 failed, 1 timed out. it failed."):
        plot.phase_diagram(dead, "a", "b", "m")
    with pytest.raises(ConfigError, match="not a level of the sweep: slow, fast"):
        plot.phase_diagram(three_axes(), "lesion.radius", "acid.load", "m", at={"growth_law": "steady"})
    with pytest.raises(ConfigError, match=r"not a level of the sweep: 0, 10, 20 mM"):
        plot.phase_diagram(three_axes(), "lesion.radius", "growth_law", "m", at={"acid.load": "11 mM"})
    with pytest.raises(ConfigError, match="contours need a grid"):
        plot.phase_diagram(hypercube(), "lesion.radius", "acid.load", "onset", contours=3)


def test_hatches_are_one_to_a_status():
    assert len({unfinished.hatch(s) for s in [*unfinished.HATCHES, "lost"]}) == len(unfinished.HATCHES) + 1
