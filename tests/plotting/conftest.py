"""One short run for every picture, and the same tissue in other shapes."""

import pytest

import sim


def short(geometry, cells, **changes):
    scenario = sim.scenario("infarct_myocardium").with_geometry(geometry, cells)
    return sim.simulate(scenario.with_(duration="6 h", **changes), times=9)


@pytest.fixture(scope="session")
def result():
    """A cylinder of two layers over six hours."""
    return short("cylinder", {"lesion": 8, "border": 4})


@pytest.fixture(scope="session")
def finer():
    """The cylinder of `result` in twice as many cells."""
    return short("cylinder", {"lesion": 16, "border": 8})


@pytest.fixture(scope="session")
def square():
    """A rectangle of 10 x 10 cells."""
    return short("rectangle", {"lesion": 3, "border": 2})


@pytest.fixture(scope="session")
def stirred():
    """One closed, stirred cell."""
    return short("well_mixed", {}, outer="closed")


@pytest.fixture(scope="session")
def slab():
    return short("slab", {"lesion": 8, "border": 4})


@pytest.fixture(scope="session")
def box():
    return short("box", {"lesion": 2, "border": 1})


@pytest.fixture(autouse=True)
def no_figures_left():
    """Each test closes what it drew."""
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
