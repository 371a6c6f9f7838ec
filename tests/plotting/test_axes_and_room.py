"""Axes as wide as what can be told apart, and words that have room, in pictures of whole runs."""

import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.errors import ConfigError
from sim.parameters.given_units import given_unit
from sim.plotting.colour_scale import colour_scale
from sim.plotting.runs.events import MARK
from sim.plotting.spans import widened
from sim.run.result import Result


def with_values(result, **variables):
    """The run with other values of some variables."""
    data = result.dataset.copy()
    for name, values in variables.items():
        data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape))
    return Result(data, result.manifest, result.tables)


def treated(result, *said):
    return Result(result.dataset, {**result.manifest, "interventions": list(said)}, result.tables)


def boxes_of(ax):
    """Where the words of interventions stand, once the picture is drawn."""
    ax.figure.canvas.draw()
    return [t.get_window_extent() for t in ax.texts if t.get_gid() == MARK]


def test_amounts_stay_on_their_side_of_zero():
    assert widened(0.0, 0.1, 1.0) == (0.0, 1.0)
    assert widened(0.2, 0.3, 1.0) == (0.0, 1.0)
    assert widened(2.0, 2.1, 1.0) == pytest.approx((1.55, 2.55))
    assert widened(-0.1, 0.1, 1.0) == pytest.approx((-0.5, 0.5))
    assert widened(0.0, 2.0, 1.0) == (0.0, 2.0)


@pytest.mark.parametrize(
    ("name", "value", "least"), [("Ca", 1.2, 0.1), ("pH", 7.1, 0.1), ("granules", 0.01, 0.001)]
)
def test_curves_that_only_rounding_tells_apart_lie_on_one_another(result, name, value, least):
    """A tenth of their size, or of a pH, is the least that an axis spans."""
    runs = {
        "one": with_values(result, **{name: value}),
        "other": with_values(result, **{name: value * (1 + 1e-9)}),
    }
    ax = plot.compare(runs, sim.measures.mean(name), scale="linear")
    low, high = ax.get_ylim()
    assert high - low >= 0.999 * least and low < value < high


def test_dots_of_equal_ph_lie_on_one_height(result):
    runs = {str(k): with_values(result, pH=7.1 + 1e-9 * k) for k in range(3)}
    ax = plot.compare(runs, sim.measures.lowest("pH"))
    assert np.diff(ax.get_ylim())[0] >= 0.5


@pytest.mark.parametrize(("name", "value", "least"), [("Ca", 1.2, 0.12), ("pH", 7.1, 0.1)])
def test_colours_show_no_pattern_of_rounding(name, value, least):
    same = value * (1 + 1e-9 * np.arange(20.0))
    found = colour_scale(same, name, "linear")
    assert found.norm.vmax - found.norm.vmin >= 0.999 * least
    assert "the same everywhere" in found.words
    nearly = value * (1 + 0.02 * np.linspace(0.0, 1.0, 20))  # told apart, but by less than a whole scale
    found = colour_scale(nearly, name, "linear")
    assert found.norm.vmax - found.norm.vmin >= 0.999 * least and not found.words


def test_words_of_one_quantity_do_not_run_into_each_other(result):
    """The bar of the first has ended when the second begins; its words have not."""
    ax = plot.course(
        treated(
            result,
            "a treatment of a rather long name at 1 h until 1.2 h: Ca 3 mM",
            "and another one at 1.3 h until 1.5 h: Ca 4 mM",
        ),
        "pH",
    )
    first, second = boxes_of(ax)
    assert not first.overlaps(second)


def test_words_of_a_late_treatment_end_with_the_axes(result):
    """Beyond them they would take the room of the curves."""
    ax = plot.course(treated(result, "a treatment of a rather long name at 5.8 h: Ca 3 mM"), "pH")
    (box,) = boxes_of(ax)
    assert box.x1 <= ax.get_window_extent().x1 + 5.0


def test_names_of_narrow_layers_do_not_run_into_each_other(result):
    """Of those that have no room the narrowest go."""
    names = [*["broad"] * 8, "rather_long_a", "rather_long_b", "rather_long_c", "rather_long_d"]
    data = result.dataset.copy()
    data["layer"] = ("r", np.array(names), data["layer"].attrs)
    ax = plot.profiles(Result(data, result.manifest, result.tables), "pH")
    ax.figure.canvas.draw()
    shown = [t for t in ax.texts if t.get_text().replace(" ", "_") in names]
    boxes = [t.get_window_extent() for t in shown]
    assert "broad" in [t.get_text() for t in shown]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])


def test_a_unit_of_another_kind_is_not_taken_for_a_parameter():
    assert given_unit("phosphatase.V_alk", "mol m-3 s-1") == "umol/L/min"
    assert given_unit("phosphatase.V_alk", "m") == ""
    assert given_unit("phosphatase.nothing", "m") == ""


def test_a_story_of_a_run_without_mineral_says_what_draws_it(result):
    left = result.dataset.drop_vars(["HAP_density", "Ca_in_mineral"])
    with pytest.raises(ConfigError, match="needs HAP_density, Ca_in_mineral, .*plot.course"):
        plot.story(Result(left, result.manifest, result.tables))
