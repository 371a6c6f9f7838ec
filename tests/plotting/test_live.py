"""A figure that is drawn while a run goes on: it shows the state of the run, and is drawn in its place."""

import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread
from reference import busy

import sim
from sim import plotting as plot
from sim.errors import ConfigError, WatchWarning
from sim.plotting.live.live import InNotebook
from sim.run.watching.strip import Strip

LINE = {"lesion": 4, "border": 2}
SHAPES = {"slab": LINE, "sphere": LINE, "rectangle": LINE, "box": {"lesion": 2, "border": 1}}


class Cell:
    """Stands for a cell of a notebook."""

    def __init__(self):
        self.shown, self.updates = [], []

    def __call__(self, picture, display_id):
        assert display_id
        self.shown.append(picture.data)
        return self

    def update(self, picture):
        self.updates.append(picture.data)


def watched(scenario, names=None, **settings):
    view, cell = InNotebook(names), Cell()
    view.display = cell
    result = sim.simulate(scenario, times=4, watch=sim.Watch(view, every="output"), **settings)
    return result, view, cell


@pytest.mark.parametrize("geometry", SHAPES)
def test_the_last_picture_holds_the_end_of_the_run(geometry):
    scenario = busy(geometry, SHAPES[geometry]).with_(duration="1 h")
    result, view, cell = watched(scenario, ["HAP", "pH"], rtol=1e-3)
    assert len(cell.shown) == 1 and len(cell.updates) == 4
    axes = [ax for ax in view.figure.figure.axes if ax.get_label() != "<colorbar>"]
    end = result.at("1 h")
    for ax, name in zip(axes[:2], ("HAP", "pH"), strict=True):
        values = end[name].values
        if geometry == "box":
            values = values[values.shape[0] // 2]
        drawn = ax.collections[0].get_array() if values.ndim == 2 else ax.lines[0].get_ydata()
        assert np.asarray(drawn).reshape(values.shape) == pytest.approx(values)
    course = axes[2].lines[0]
    assert course.get_xdata()[-1] == pytest.approx(1.0 if "[h]" in axes[2].get_xlabel() else 60.0)
    assert course.get_ydata()[-1] == pytest.approx(float(sim.measures.mean("HAP")(result)))
    assert len(course.get_xdata()) == 1 + len(cell.updates)
    assert "finished after" in view.figure.figure._suptitle.get_text()


def test_a_stirred_cell_has_a_course_for_each_variable():
    result, view, _ = watched(busy("well_mixed", {"lesion": 1}).with_(duration="1 h"), ["Ca", "pH"])
    for ax, name in zip(view.figure.figure.axes, ("Ca", "pH"), strict=True):
        assert ax.lines[0].get_ydata()[-1] == pytest.approx(result[name].values[-1])


def test_numbers_of_an_axis_are_those_of_the_present_power_of_ten():
    """They begin with a power of ten in the label, which must go when amounts have grown."""
    labels, view = [], InNotebook(["Ca_in_mineral"])
    view.display = Cell()

    def look(snapshot):
        view(snapshot)
        labels.append(view.figure.figure.axes[0].get_ylabel())

    watch = sim.Watch(look, every="output")
    result = sim.simulate(busy("slab", LINE).with_(duration="1 day"), times=4, watch=watch)
    assert "10^" in labels[0] and "10^" not in labels[-1]
    ax = view.figure.figure.axes[0]
    view.figure.figure.canvas.draw()
    assert 0.1 < float(result["Ca_in_mineral"].values[-1].max()) < 1e3
    said = [float(t.get_text()) for t in ax.get_yticklabels() if t.get_text()]
    assert max(said) == pytest.approx(max(ax.get_yticks()))


def test_pictures_change_in_place_and_have_one_size():
    _, _, cell = watched(busy("rectangle", LINE).with_(duration="1 h"), rtol=1e-3)
    first, *more = (imread(io.BytesIO(p)) for p in (*cell.shown, *cell.updates))
    assert all(m.shape == first.shape for m in more)
    assert any(not np.array_equal(m, first) for m in more)


def test_no_figure_and_no_setting_outlives_a_run():
    before, numbers = dict(matplotlib.rcParams), plt.get_fignums()
    watched(busy("slab", LINE).with_(duration="1 h"))
    assert plt.get_fignums() == numbers and dict(matplotlib.rcParams) == before


def test_outside_a_notebook_it_writes_lines():
    assert isinstance(plot.live().function, Strip)
    assert isinstance(plot.live("HAP", every="2 s", where="terminal").function, Strip)
    assert isinstance(plot.live(where="notebook").function, InNotebook)
    with pytest.raises(ConfigError, match="where = 'jupyter' is not one of auto, notebook, terminal"):
        plot.live(where="jupyter")


def test_a_name_that_is_not_there_is_answered_with_the_nearest():
    with pytest.warns(WatchWarning, match="Did you mean 'HAP'"):
        result, _, _ = watched(busy("slab", LINE).with_(duration="1 h"), ["Hap"])
    assert result.status == "interrupted"


@pytest.mark.slow
def test_a_notebook_holds_one_picture_at_the_end():
    """Executed by a kernel: one output, updated by messages of its own."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    code = (
        "import sim\nfrom sim import plotting as plot\n"
        "s = sim.scenario('infarct_myocardium').with_resolution(0.1).with_(duration='1 day')\n"
        "watch = plot.live()\n"
        "result = sim.simulate(s, watch=sim.Watch(watch.function, every=0, share=1), solver='cvode')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    client, updates = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3"), []
    process = client.process_message

    def counted(message, cell, index):
        updates.append(message["msg_type"])
        return process(message, cell, index)

    client.process_message = counted
    client.execute()
    outputs = notebook.cells[0].outputs
    assert [o.output_type for o in outputs] == ["display_data"] and "image/png" in outputs[0].data
    assert updates.count("update_display_data") > 3
