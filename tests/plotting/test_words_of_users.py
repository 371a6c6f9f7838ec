"""What a user calls a scenario, a run or an intervention is drawn, whatever it holds."""

import pytest

import sim
from sim import plotting as plot
from sim.plotting.labels import drawable

BROKEN = "price of $\\frac{a$"


@pytest.fixture(scope="module")
def run():
    base = sim.scenario("infarct_myocardium").with_resolution(0.05).with_(name=BROKEN, title=BROKEN)
    dose = sim.Intervention("1 h", boundary={"PPi": "1.6 uM"}, label=BROKEN)
    return sim.simulate(base.with_(duration="2 h").with_intervention(dose), rtol=1e-3, times=3)


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        ("plain", "plain"),
        ("PP$_i$ $\\alpha$", "PP$_i$ $\\alpha$"),
        ("5 $", "5 \\$"),
        ("5 \\$", "5 \\$"),
        (BROKEN, "price of \\$\\frac{a\\$"),
    ],
)
def test_mathematics_stays_and_what_is_none_keeps_its_dollars(words, drawn):
    assert drawable(words) == drawn


@pytest.mark.parametrize(
    "draw",
    [
        plot.story,
        lambda r: plot.course(r, ["HAP"]),
        lambda r: plot.compare({BROKEN: r, "b": r}, "pH"),
        lambda r: plot.strip([r, r], "pH"),
        lambda r: plot.scan(sim.imaging.ct(r)),
        lambda r: plot.resonance(sim.imaging.mri(r)),
        lambda r: plot.slide(sim.imaging.histology(r)),
    ],
    ids=["story", "course", "compare", "strip", "scan", "resonance", "slide"],
)
def test_pictures_are_drawn_whatever_a_run_is_called(run, draw):
    made = draw(run)
    figure = made if hasattr(made, "canvas") else getattr(made, "figure", None) or made.flat[0].figure
    figure.canvas.draw()
