"""Tornado and indices show the numbers they were given, the largest effect on top."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from fake_sweeps import DAY, hypercube, onset_grid, table_of

from sim import plotting as plot
from sim.errors import ConfigError


def bars(ax):
    """{row label: sorted (left, right) of each bar in that row}."""
    names = [t.get_text() for t in ax.get_yticklabels()]
    found = {n: [] for n in names}
    for patch in ax.patches:
        row = round(patch.get_y() + 0.5 * patch.get_height())
        found[names[row]].append(tuple(sorted((patch.get_x(), patch.get_x() + patch.get_width()))))
    return found


def legend(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def test_bars_go_from_the_base_to_each_end_and_are_sorted():
    ax = plot.tornado({"a": (0.9, 1.2), "b": (2.0, 0.5), "c": (1.0, 1.1)}, "mineral [-]", base=1.0)
    found = bars(ax)
    assert list(found) == ["c", "a", "b"]  # upwards: the largest on top
    assert sorted(found["b"]) == [(0.5, 1.0), (1.0, 2.0)]
    assert np.array(sorted(found["a"])) == pytest.approx(np.array([(0.9, 1.0), (1.0, 1.2)]))
    assert ax.get_xlabel() == "mineral [-]"
    assert "base: 1" in legend(ax)


def test_an_end_that_never_came_is_said_and_comes_first():
    ax = plot.tornado({"a": (1.0, 9.0), "b": (2.0, np.inf), "c": (np.nan, 2.5)}, "onset [day]", base=2.0)
    assert list(bars(ax)) == ["c", "a", "b"]
    assert [t.get_text() for t in ax.texts].count("→ infinite") == 1
    assert [t.get_text() for t in ax.texts].count("no number") == 1
    assert len(bars(ax)["c"]) == 1


def one_at_a_time():
    radius = np.array([1.0, 0.5, 2.0, 1.0, 1.0, 1.0]) * 1e-3
    load = np.array([10.0, 10.0, 10.0, 0.0, 40.0, 10.0])
    law = ["slow", "slow", "slow", "slow", "slow", "fast"]
    onset = np.array([4.0, 2.0, 7.0, 3.5, np.inf, 1.0]) * DAY
    units = {"lesion.radius": "m", "acid.load": "mol m-3", "growth_law": "", "onset": "s"}
    return table_of({"lesion.radius": radius, "acid.load": load, "growth_law": law}, {"onset": onset}, units)


def test_a_table_of_single_changes_shows_its_extremes_about_its_base():
    ax = plot.tornado(one_at_a_time(), "onset")
    found = bars(ax)
    assert list(found)[-1] == "acid load\n0 to 40 mM"  # never: the largest effect
    assert found["lesion radius\n0.5 to 2 mm"] == [(4.0, 7.0), (2.0, 4.0)]
    assert (1.0, 4.0) in found["growth law\nfast | slow"]
    assert "→ never" in [t.get_text() for t in ax.texts]
    assert ax.get_xlabel() == "onset [days]"
    assert "base: 4" in legend(ax)


def test_any_other_table_shows_medians_at_the_ends_of_each_axis():
    table = hypercube()
    ax = plot.tornado(table, "mineral")
    load, mineral = table.inputs("acid.load"), table.measure("mineral")
    low = np.nanmedian(mineral[load <= np.quantile(load, 0.2)])
    high = np.nanmedian(mineral[load >= np.quantile(load, 0.8)])
    middle = np.nanmedian(mineral)
    (row,) = [v for k, v in bars(ax).items() if k.startswith("acid load")]
    expected = [tuple(sorted((middle, low))), tuple(sorted((middle, high)))]
    assert sorted(row) == [pytest.approx(pair) for pair in sorted(expected)]
    assert ax.get_xlabel() == "median of mineral [mM]"


@dataclass
class Indices:
    names: tuple = ("a", "b", "c")
    first: np.ndarray = None
    first_interval: np.ndarray = None
    total: np.ndarray = None
    total_interval: np.ndarray = None


# Ishigami with a = 7, b = 0.1: the exact shares (Saltelli et al. 2008, eq. 4.34 and after)
FIRST = np.array([0.3139, 0.4424, 0.0])
TOTAL = np.array([0.5576, 0.4424, 0.2437])


@pytest.mark.parametrize("ends", [False, True])
def test_indices_are_bars_with_their_intervals(ends):
    half = np.array([0.05, 0.04, 0.03])
    intervals = [np.stack([v - half, v + half], axis=1) if ends else half for v in (FIRST, TOTAL)]
    ax = plot.indices(
        Indices(first=FIRST, first_interval=intervals[0], total=TOTAL, total_interval=intervals[1])
    )
    assert [t.get_text() for t in ax.get_yticklabels()] == ["c", "b", "a"]
    widths = [p.get_width() for p in ax.patches]
    assert widths == pytest.approx([*TOTAL[::-1], *FIRST[::-1]])
    whiskers = [line for c in ax.collections for line in c.get_segments()]
    assert [w[0, 0] for w in whiskers] == pytest.approx([*(TOTAL - half)[::-1], *(FIRST - half)[::-1]])
    assert [w[1, 0] for w in whiskers] == pytest.approx([*(TOTAL + half)[::-1], *(FIRST + half)[::-1]])
    assert ax.get_xlabel() == "share of the variance [-]"
    assert legend(ax) == ["total", "first order"]


def test_half_widths_go_by_the_name_that_says_so():
    found = SimpleNamespace(
        measure="onset", names=("a", "b", "c"), first=FIRST, first_half=0.1 * FIRST, total=TOTAL,
        total_half=0.2 * TOTAL, confidence=0.95,
    )  # fmt: skip
    ax = plot.indices(found)
    (total, first) = (c.get_segments() for c in ax.collections)
    assert [w[1, 0] for w in total] == pytest.approx(1.2 * TOTAL[::-1])
    assert [w[0, 0] for w in first] == pytest.approx(0.9 * FIRST[::-1])
    assert ax.get_xlabel() == "share of the variance of onset [-]"
    assert legend(ax) == ["total", "first order", "95 % interval"]


def test_morris_effects_are_bars_of_size_and_spread():
    found = SimpleNamespace(
        measure="mineral", unit="mol m-3", names=("a", "b"), mu_star=np.array([3.0, 5.0]),
        mu_star_interval=np.array([[2.0, 4.0], [4.0, 6.5]]), sigma=np.array([1.0, 0.5]),
        sigma_interval=np.array([[0.5, 1.2], [0.4, 0.45]]), confidence=0.9,
    )  # fmt: skip
    ax = plot.indices(found)
    assert [p.get_width() for p in ax.patches] == [3.0, 5.0, 1.0, 0.5]
    size, spread = (c.get_segments() for c in ax.collections)
    assert [w[:, 0].tolist() for w in size] == [[2.0, 4.0], [4.0, 6.5]]
    assert [w[:, 0].tolist() for w in spread] == [[0.5, 1.2], [0.4, 0.45]]  # as it is, beside its value
    assert ax.get_xlabel() == "effect on mineral over the whole axis [mM]"


def test_local_sensitivities_are_changes_for_ten_per_cent():
    found = SimpleNamespace(
        measures=("mineral", "onset"), parameters=("a", "b", "c"), base={"mineral": 0.25, "onset": 8e4},
        values=np.array([[0.5, -2.0, np.nan], [1.0, 1.0, 1.0]]),
    )  # fmt: skip
    ax = plot.tornado(found, "mineral")
    rows = bars(ax)
    assert list(rows) == ["c", "a", "b"]
    assert np.array(sorted(rows["a"])) == pytest.approx(np.array([(-5.0, 0.0), (0.0, 5.0)]))
    tones = {p.get_facecolor() for p in ax.patches if p.get_width() > 0 and p.get_y() > 1.5}
    assert len(tones) == 1  # b: less of it, more mineral
    assert ax.get_xlabel() == "change of mineral, to first order [%]"
    assert "mineral at the scenario: 0.25" in legend(ax)
    with pytest.raises(ConfigError, match="name one of mineral, onset, not None"):
        plot.tornado(found)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (lambda: plot.tornado({}), "at least one parameter"),
        (lambda: plot.tornado({"a": 3.0}), "a = 3.0 is not a pair"),
        (lambda: plot.tornado({"a": (np.inf, np.nan)}), "not finite at any end"),
        (lambda: plot.tornado([1, 2]), "not a list"),
        (lambda: plot.tornado(onset_grid(), "onst"), "Did you mean 'onset'"),
        (lambda: plot.tornado(onset_grid()), "name one of onset, mineral"),
        (
            lambda: plot.indices({"a": 1}),
            r"not a dict; sim.sensitivity.sobol_indices\(table",
        ),
        (
            lambda: plot.indices(Indices(("a", "b", "c"), FIRST, np.ones(2), TOTAL, FIRST)),
            r"interval of first order has shape \(2,\)",
        ),
    ],
)
def test_slips_are_answered_with_a_sentence(picture, words):
    with pytest.raises(ConfigError, match=words):
        picture()
