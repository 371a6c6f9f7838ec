"""What pictures call things, how large their words are, and the moments they choose themselves."""

import matplotlib.text
import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.parameters.wording import wordings
from sim.plotting.colour_scale import colour_scale
from sim.plotting.labels import customary, look_of, name_of
from sim.texts import moment_text
from sim.units import convert

PAGE = 7.2  # inches of text width


@pytest.mark.parametrize("section", ["results", "quantities"])
def test_a_name_is_that_of_the_glossary_with_and_without_a_result(result, section):
    for name, words in wordings(section).items():
        if not words.short_name:
            continue
        assert name_of(name) == words.short_name
        assert name_of(f"peak {name}") == f"peak {words.short_name}"
        if name in result.dataset:
            assert name_of(name, result[name].attrs) == words.short_name
            assert look_of(result[name]).name == words.short_name


@pytest.mark.parametrize("unit", ["mol m-3", "mol m-3 s-1", "kg m-3", "kg m-2", "kg kg-1"])
def test_a_unit_is_that_of_the_glossary(unit):
    factor, shown = customary(unit)
    assert shown == wordings("units")[unit].shown_in
    assert factor * convert(f"1 {shown}", unit.replace(" ", "*")) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("name", ["result", "square", "slab", "stirred"])
def test_words_of_a_story_can_be_read_on_a_page(name, request):
    figure = plot.story(request.getfixturevalue(name))
    figure.canvas.draw()
    words = [t for t in figure.findobj(matplotlib.text.Text) if t.get_visible() and t.get_text().strip()]
    least = min(words, key=lambda t: t.get_fontsize())
    printed = least.get_fontsize() * PAGE / figure.get_size_inches()[0]
    assert printed >= 7.0, f"{least.get_text()} would be printed with {printed:.2f} pt"


@pytest.fixture(scope="module")
def sparse():
    """Four outputs, the nearest neighbours of 0.2 and 0.5 of the run far away."""
    scenario = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 3, "border": 2})
    return sim.simulate(scenario.with_(duration="10 h"), times=["0 h", "1.3 h", "7.7 h", "10 h"])


def test_moments_chosen_by_a_picture_are_outputs_where_these_lie_apart(sparse):
    titles = [ax.get_title(loc="left") for ax in plot.maps(sparse, "pH").axes if ax.get_title(loc="left")]
    kept = [moment_text(t) for t in sparse.t]
    assert titles and set(titles) <= set(kept) and len(set(titles)) == len(titles)
    legend = [
        t.get_text() for ax in plot.story(sparse).axes if ax.get_legend() for t in ax.get_legend().get_texts()
    ]
    assert "1.3 h" in legend and "2 h" not in legend


def test_moments_are_round_where_outputs_lie_close():
    scenario = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 3, "border": 2})
    fine = sim.simulate(scenario.with_(duration="10 h"), times=np.linspace(0.0, 36000.0, 101))
    titles = {ax.get_title(loc="left") for ax in plot.maps(fine, "pH").axes}
    assert {"1 h", "6 h", "10 h"} <= titles


def test_what_is_missing_somewhere_is_not_called_the_same_everywhere():
    """Eleven onsets that never came and one at 20 h."""
    one = np.array([20.0, *[np.inf] * 11])
    assert colour_scale(one, "onset", unit="h").words == "onset is the same wherever it has a value: 20 h"
    assert colour_scale(one[:1], "onset", unit="h").words == "onset is the same everywhere: 20 h"
