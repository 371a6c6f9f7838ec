"""Paths of the pore water and sizes of crystals: against exact populations, linear programs, the dataset."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linprog

from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.states.crystal_sizes import population
from sim.plotting.states.phase_path import WORD, mark_times
from sim.plotting.states.size_moments import (
    assumed_share_below,
    assumed_volume,
    largest_size,
    share_below,
    sizes_of,
)
from sim.run.result import Result

NM = 1e-9


def with_values(result, **changed):
    """The result with other values of some variables."""
    data = result.dataset.copy()
    for name, values in changed.items():
        data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape))
    return Result(data, result.manifest, result.tables)


def with_crystals(result, sizes, numbers):
    """The result with a population of these sizes [m] and numbers [m-3] everywhere."""
    m = [float(np.sum(np.asarray(numbers) * np.asarray(sizes) ** k)) for k in range(4)]
    amount = math.pi / 6 * m[3] / result.parameters.si("mineral.V_HAP")
    return with_values(result, hap_m0=m[0], hap_m1=m[1], hap_m2=m[2], HAP=amount)


def said(ax):
    legend = ax.get_legend()
    words = [t.get_text() for t in ax.texts]
    return " ".join(words + ([t.get_text() for t in legend.get_texts()] if legend else []))


def populations():
    rng = np.random.default_rng(5)
    for _ in range(6):
        count = int(rng.integers(3, 7))
        yield rng.uniform(0.2, 3.0, count), rng.dirichlet(np.ones(count))


@pytest.mark.parametrize("k", range(6))
def test_shares_lie_within_bounds_that_a_linear_program_finds(k):
    """The least and greatest share over all populations on a fine row of sizes with the same moments. The
    row ends at 300 means, so that its bounds are tighter by what can lie further out."""
    sizes, weights = list(populations())[k]
    m = [float(np.sum(weights * sizes**j)) for j in range(4)]
    for x in (0.3, 0.8, 1.3, 2.2):
        row = np.unique(np.concatenate([np.linspace(0, 6, 2001), np.geomspace(6, 300, 600), [x]]))
        powers = np.array([row**j for j in range(4)])
        least, most = (
            sign * linprog(sign * mask.astype(float), A_eq=powers, b_eq=m, bounds=(0, None)).fun
            for sign, mask in ((1, row < x), (-1, row <= x))
        )
        low, high = share_below(sizes_of(*m), np.array([x]))
        assert (low[0], high[0]) == pytest.approx((least, most), abs=2e-3)
        own = float(weights[sizes < x].sum()), float(weights[sizes <= x].sum())
        assert low[0] <= own[0] + 1e-9 and own[1] <= high[0] + 1e-9


def test_two_sizes_are_known_from_four_moments():
    """A population of two sizes is the only one with its moments, where its band closes."""
    sizes, numbers = np.array([2.0, 20.0]) * NM, np.array([3e18, 1e18])
    found = sizes_of(*(float(np.sum(numbers * sizes**k)) for k in range(4)))
    assert (found.number, found.mean) == (4e18, pytest.approx(6.5 * NM))
    assert found.spread == pytest.approx(math.sqrt(3 / 4 * 1 / 4) * 18 * NM)
    assert largest_size(found) == pytest.approx(20 * NM)
    low, high = share_below(found, np.array([2.0, 20.0]) * NM * (1 + 1e-9))
    assert low[1] == pytest.approx(0.75, abs=1e-3) or high[0] == pytest.approx(0.75, abs=1e-3)


@pytest.mark.parametrize("spread", [0.2, 0.9])
def test_assumed_shapes_are_those_of_scipy(spread):
    mean, x = 5 * NM, np.linspace(0.1, 30, 50) * NM
    width = math.sqrt(math.log(1 + spread**2))
    known = {
        "log-normal": stats.lognorm(width, scale=mean * math.exp(-0.5 * width**2)),
        "gamma": stats.gamma(1 / spread**2, scale=mean * spread**2),
    }
    for shape, exact in known.items():
        m = [1.0, *(float(exact.moment(k)) for k in (1, 2, 3))]
        found = sizes_of(*m)
        assert found.spread == pytest.approx(spread * mean)
        assert assumed_share_below(found, shape, x) == pytest.approx(exact.cdf(x), abs=1e-9)
        assert assumed_volume(found, shape) == pytest.approx(1.0)
        low, high = share_below(found, x)
        assert np.all(low <= exact.cdf(x) + 1e-9) and np.all(exact.cdf(x) <= high + 1e-9)


def test_mean_and_spread_are_drawn_where_they_are(result):
    run = with_crystals(result, np.array([2.0, 10.0]) * NM, [1e18, 1e18])
    ax = plot.crystal_sizes(run, at="6 h")
    bar, dot = (line.get_xdata() for line in ax.lines if line.get_label() == "_spread")
    assert bar == pytest.approx([2.0, 10.0]) and dot == pytest.approx([6.0])
    assert "6 h: 6 ± 4 nm" in said(ax)
    assert "per mm$^3$" in said(ax) and r"2.0 \cdot 10^{9}" in said(ax)


def test_equal_populations_at_two_times_have_a_bar_each(result):
    run = with_crystals(result, np.array([2.0, 10.0]) * NM, [1e18, 1e18])
    ax = plot.crystal_sizes(run, at=["3 h", "6 h"])
    heights = {float(line.get_ydata()[0]) for line in ax.lines if line.get_label() == "_spread"}
    assert len(heights) == 2


def test_a_shape_that_has_another_volume_is_not_drawn(result):
    """Two sizes far apart, as nuclei beside granules: a log-normal of their spread has another volume."""
    apart = with_crystals(result, np.array([1.2, 20.0]) * NM, [1e18, 1e15])
    ax = plot.crystal_sizes(apart, at="6 h")
    found = sizes_of(*(1e18 * (1.2 * NM) ** k + 1e15 * (20 * NM) ** k for k in range(4)))
    volume = assumed_volume(found, "log-normal")
    assert f"(no log-normal: {volume:.2g} of its volume)" in said(ax)
    assert not [
        line for line in ax.lines if not str(line.get_label()).startswith("_") and len(line.get_xdata())
    ]
    assert "lines" not in said(ax) and "bands: any population" in said(ax)
    near = with_crystals(result, np.linspace(4, 6, 21) * NM, np.full(21, 1e17))
    drawn = said(plot.crystal_sizes(near, at="6 h"))
    assert "no log-normal" not in drawn and "lines: log-normal, assumed;\nbands: any" in drawn
    bare = said(plot.crystal_sizes(near, at="6 h", shape="none"))
    assert "assumed" not in bare and "any population" in bare


def test_crystals_of_one_size_are_a_step(result):
    ax = plot.crystal_sizes(with_crystals(result, [5 * NM], [1e18]), at="6 h")
    assert "all of one size" in said(ax)
    assert "lines" not in said(ax) and "bands" not in said(ax)  # neither is drawn


def test_places_are_means_of_moments(result):
    """Half the volume with small crystals, half with large: the mean of the tissue has both."""
    half = np.arange(12) < 6
    run = with_crystals(result, [4 * NM], [1e18])
    large = with_crystals(result, [8 * NM], [1e18])
    mixed = with_values(
        run, **{n: np.where(half, run[n], large[n]) for n in ("hap_m0", "hap_m1", "hap_m2", "HAP")}
    )
    volume = result["volume"].values
    share = volume[half].sum() / volume.sum()
    found = population(mixed, 21600.0, "mean")
    assert found.mean == pytest.approx((4 * share + 8 * (1 - share)) * NM)
    assert population(mixed, 21600.0, "core").mean == pytest.approx(4 * NM)


def test_no_crystals_are_said(result, stirred):
    none = with_values(result, hap_m0=0.0, hap_m1=0.0, hap_m2=0.0, HAP=0.0)
    assert "no crystals that the run tells from" in said(plot.crystal_sizes(none)).replace("\n", " ")
    grown = with_crystals(stirred, np.array([2.0, 4.0]) * NM, [1e18, 1e18])
    late = with_values(grown, hap_m0=np.where(grown.t < 1e4, 0.0, grown["hap_m0"].values))
    assert "1 h: none that the run resolves" in said(plot.crystal_sizes(late, at=["1 h", "6 h"]))


def test_moments_of_no_population_are_refused(result):
    run = with_crystals(result, np.array([2.0, 10.0]) * NM, [1e18, 1e18])
    for changed, words in (
        ({"hap_m2": 0.5 * float(run["hap_m2"][0, 0])}, "mean square of sizes would be less"),
        ({"HAP": 0.5 * float(run["HAP"][0, 0])}, "those of no population with sizes above zero"),
    ):
        with pytest.raises(ConfigError, match=words):
            plot.crystal_sizes(with_values(run, **changed))
    with pytest.raises(ConfigError, match="shape = 'normal' is not one of log-normal"):
        plot.crystal_sizes(run, shape="normal")
    with pytest.raises(ConfigError, match="sizes of crystals need hap_m1"):
        plot.crystal_sizes(run.only(["hap_m0", "hap_m2", "HAP"]))


def test_a_path_is_index_against_pH_at_its_place(result):
    panels = plot.phase_path(result, ["HAP", "SI_OCP"], at=["core", "edge"])
    assert [a.get_ylabel() for a in panels] == ["SI HAP [-]", "SI OCP [-]"]
    for ax, name in zip(panels, ("SI_HAP", "SI_OCP"), strict=True):
        lines = [line for line in ax.lines if line.get_label() in ("core", "edge")]
        for line, cell in zip(lines, (0, -1), strict=True):
            assert np.array_equal(line.get_xdata(), result["pH"].values[:, cell])
            assert np.array_equal(line.get_ydata(), result[name].values[:, cell])
        low, high = ax.get_ylim()
        assert low < 0 < high


def test_times_on_a_path_are_where_it_was_then(result):
    (ax,) = plot.phase_path(result, "HAP", at="core")
    words = [t for t in ax.texts if t.get_gid() == WORD]
    assert words[-1].get_text() == "6 h" and len(words) > 1
    at = {"1 min": 60, "2 min": 120, "5 min": 300, "10 min": 600, "20 min": 1200, "30 min": 1800, "1 h": 3600,
          "2 h": 7200, "3 h": 10800, "6 h": 21600}  # fmt: skip
    for word in words:
        x, y = word.xy
        t = at[word.get_text()]
        assert x == pytest.approx(np.interp(t, result.t, result["pH"].values[:, 0]))
        assert y == pytest.approx(np.interp(t, result.t, result["SI_HAP"].values[:, 0]))


def test_marks_of_time_keep_apart():
    """On a path that stands still after a day no later time is marked but its end."""
    t = np.linspace(0, 30, 400) * 86400
    gone = np.minimum(t / 86400, 1.0)
    found = mark_times(t, np.column_stack([gone, np.zeros_like(gone)]))
    assert found and max(found) < 86400 and min(np.diff([0.0, *found])) > 0
    assert mark_times(t, np.zeros((400, 2))) == []


def test_paths_of_several_runs_share_panels(result, stirred):
    panels = plot.phase_path({"cylinder": result, "stirred": stirred}, at=["core", "edge"])
    labels = [t.get_text() for t in panels[1].get_legend().get_texts()] if panels[1].get_legend() else []
    labels = labels or [t.get_text() for a in panels if a.get_legend() for t in a.get_legend().get_texts()]
    assert [w.replace("\n", " ") for w in labels] == ["cylinder, core", "cylinder, edge", "stirred"]


def test_what_has_no_path_is_answered_in_a_sentence(result):
    for call, words in (
        (lambda: plot.phase_path(result, "HAPP"), "SI_HAPP"),
        (lambda: plot.phase_path(result, []), "no solid is named"),
        (lambda: plot.phase_path({}), "needs at least one result"),
        (lambda: plot.phase_path(result, at="heart"), "is no place here"),
        (lambda: plot.phase_path(result.only(["pH", "HAP"])), "needs saturation indices"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()
