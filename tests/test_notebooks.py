"""Every notebook is stored with its outputs and pictures, and running it again gives the same.

Store them again, after a change of results or of a notebook: `python tests/stored_notebooks.py`.
"""

import base64
import copy
import io
import math
import re

import nbformat
import numpy as np
import pytest
from matplotlib.image import imread
from stored_notebooks import NOTEBOOKS, VARIES, compact, executed

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.]*\w)")
SHARE = 0.005  # by which a printed decimal number may move, if that is more than a unit of its last digit
PICTURE = 0.005  # mean difference of two pictures of one size, 0 to 1; fewer colours make 0.001
SQUARE, WITHIN = 16, 0.1  # pixels, and the mean difference in such a square: a curve that is gone makes more
LARGEST = 600_000  # bytes of a notebook
SOONER = ("01", "09", "15")  # of the fast tests: a run, treatments and branches, imaging; the others are slow


def pictures(cell):
    """The PNG pictures of a cell, as arrays."""
    found = [o["data"]["image/png"] for o in cell.get("outputs", ()) if "image/png" in o.get("data", {})]
    return [imread(io.BytesIO(base64.b64decode(text)), format="png")[..., :3] for text in found]


def apart(one, other):
    """How far two pictures of one size are apart: on average, and in the square of pixels where most."""
    gap = np.abs(one - other).mean(axis=-1)
    rows, columns = (n // SQUARE * SQUARE for n in gap.shape)
    squares = gap[:rows, :columns].reshape(rows // SQUARE, SQUARE, columns // SQUARE, SQUARE)
    return float(gap.mean()), float(squares.mean(axis=(1, 3)).max(initial=0.0))


def texts(cell):
    """All text that a cell put out, by kind; what varies from run to run is left out."""
    found = {}
    for output in cell.get("outputs", ()):
        parts = {"stream": output["text"]} if "text" in output else output.get("data", {})
        for kind, text in parts.items():
            if kind != "image/png":
                found[kind] = found.get(kind, "") + VARIES.sub("", text)
    return found


def moved(old, new):
    """A sentence for the first number or word in which two texts differ; "" where they agree.

    Words and whole numbers are the same; decimals may move by a unit of the last digit, or SHARE.
    """
    words = [NUMBER.sub("#", t).split() for t in (old, new)]
    if words[0] != words[1]:
        pairs = [(a, b) for a, b in zip(*words, strict=False) if a != b]
        return f"words: {pairs[0] if pairs else 'more or fewer of them'}"
    for a, b in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True):
        digits, _, power = a.partition("e")
        unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
        slack = max(1.001 * unit, SHARE * abs(float(a))) if "." in a or power else 0.0
        if not math.isclose(float(a), float(b), rel_tol=0.0, abs_tol=slack):
            return f"{a} is {b} now"
    return ""


def differences(stored, again):
    """Sentences on all in which a notebook that ran again differs from the stored one."""
    found = []
    for k, (old, new) in enumerate(zip(stored.cells, again.cells, strict=True)):
        if old.cell_type != "code":
            continue
        before, after = texts(old), texts(new)
        if before.keys() != after.keys():
            found.append(f"cell {k}: {sorted(before)} stored, {sorted(after)} now")
        found += [
            f"cell {k}: {said}" for n in before.keys() & after.keys() if (said := moved(before[n], after[n]))
        ]
        drawn, redrawn = pictures(old), pictures(new)
        if len(drawn) != len(redrawn):
            found.append(f"cell {k}: {len(drawn)} pictures stored, {len(redrawn)} now")
            continue
        for one, other in zip(drawn, redrawn, strict=True):
            if one.shape != other.shape:
                found.append(f"cell {k}: a picture of {one.shape} is {other.shape} now")
            else:
                mean, most = apart(one, other)
                if mean > PICTURE or most > WITHIN:
                    found.append(f"cell {k}: a picture differs by {mean:.3f}, somewhere by {most:.2f}")
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_stored_whole(path):
    """With pictures, without anything of the machine or the hour at which it ran."""
    notebook = nbformat.read(path, as_version=4)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1)), "run once, from top to bottom"
    assert sum(len(pictures(c)) for c in code), "there are pictures"
    for cell in code:
        assert all(o.output_type != "error" and o.get("name") != "stderr" for o in cell.outputs), cell.source
        assert not cell.metadata
    assert set(notebook.metadata) == {"kernelspec"}
    content = path.read_text(encoding="utf-8")
    assert len(content) < LARGEST
    assert not re.search(r"/(?:home|work|tmp|root|Users|usr)/|0x[0-9a-f]{8}", content), "paths or addresses"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "path",
    [p if p.stem[:2] in SOONER else pytest.param(p, marks=pytest.mark.slow) for p in NOTEBOOKS],
    ids=lambda p: p.stem,
)
def test_notebook_runs_to_what_is_stored(path):
    notebook = nbformat.read(path, as_version=4)
    assert differences(notebook, executed(notebook)) == []


def test_a_changed_number_word_or_picture_is_found():
    """The comparison itself, on a stored notebook of which one thing is changed at a time."""
    stored = nbformat.read(NOTEBOOKS[0], as_version=4)
    assert differences(stored, stored) == []
    printed = next(k for k, c in enumerate(stored.cells) if "stream" in texts(c))
    drawn = next(k for k, c in enumerate(stored.cells) if pictures(c))

    def with_text(old, new):
        changed = copy.deepcopy(stored)
        output = next(o for o in changed.cells[printed].outputs if "text" in o)
        output["text"] = re.sub(old, new, output["text"], count=1)
        return changed

    assert "is" in differences(with_text(r"\d+", "987654"), stored)[0]
    assert "words" in differences(with_text(r"[a-z]+", "aardvark"), stored)[0]
    gone, white = copy.deepcopy(stored), copy.deepcopy(stored)
    gone.cells[drawn].outputs = []
    assert any("0 pictures stored" in said for said in differences(gone, stored))
    for output in white.cells[drawn].outputs:
        if "image/png" in output.get("data", {}):
            output["data"]["image/png"] = blank(pictures(stored.cells[drawn])[0].shape)
    assert any("a picture differs" in said for said in differences(white, stored))


def test_a_curve_that_is_gone_is_found_and_fewer_colours_are_not():
    """In a picture of the size and with the lines that notebooks have."""
    both, one = drawn_curves(2), drawn_curves(1)
    mean, most = apart(seen(both), seen(one))
    assert mean > PICTURE or most > WITHIN
    mean, most = apart(seen(both), seen(compact(both)))
    assert 0 < mean < PICTURE and most < WITHIN


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("pH 6.58, 30 days", "pH 6.59, 30 days", True),  # a unit of the last digit
        ("pH 6.58", "pH 6.65", False),
        ("30 days", "31 days", False),  # whole numbers are counts
        ("1.234e-09 mM", "1.239e-09 mM", True),  # half a percent
        ("1.2e-09 mM", "1.2e-08 mM", False),
        ("SI is -3.20", "SI is 3.20", False),
        ("hardly 2.0", "much 2.0", False),
        ("<td>0.12</td>", "<td>0.52</td>", False),
    ],
)
def test_how_far_a_printed_number_may_move(old, new, same):
    assert (moved(old, new) == "") is same


def drawn_curves(count):
    """A PNG of some thin curves over a map of many colours, as a notebook holds it."""
    from matplotlib.figure import Figure

    ax = Figure(figsize=(6.4, 3.8), dpi=110).subplots()
    x = np.linspace(0, 1, 200)
    ax.imshow(np.outer(x, x), extent=(0, 0.5, 0, 0.5), cmap="viridis")
    for k in range(count):
        ax.plot(x, 0.9 - x ** (k + 1), lw=1.6, color="C0")
    made = io.BytesIO()
    ax.figure.savefig(made, format="png")
    return base64.b64encode(made.getvalue()).decode()


def seen(png):
    return pictures({"outputs": [{"data": {"image/png": png}}]})[0]


def blank(shape):
    """A white PNG of a shape, as a notebook holds it."""
    from matplotlib.image import imsave

    made = io.BytesIO()
    imsave(made, np.ones(shape), format="png")
    return base64.b64encode(made.getvalue()).decode()
