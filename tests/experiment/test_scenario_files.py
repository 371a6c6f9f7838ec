"""Scenario files: any path, what is in them, slips, and that what is saved is read back as it was."""

import math
import os
import re
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sim
from sim import shapes
from sim.errors import ConfigError, FileFormatError, RangeWarning, ScenarioError
from sim.experiment.catalogue import scenario
from sim.parameters import Parameters
from sim.space.random_field import RandomField

SMALL = """
layers = [{ name = "lesion", cells = 8 }, { name = "border", cells = 4 }]
[parameters.lesion]
radius = "4 mm"
[parameters.border]
thickness = "1 mm"
"""


@pytest.fixture
def write(tmp_path):
    def make(text, name="mine.toml"):
        path = tmp_path / name
        path.write_bytes(text) if isinstance(text, bytes) else path.write_text(text, encoding="utf-8")
        return path

    return make


def again(s, folder):
    """What a scenario is after it was saved and read."""
    return sim.scenario(s.save(folder / "again.toml"))


# --- saving


@pytest.mark.parametrize("name", sim.scenarios())
def test_a_shipped_scenario_comes_back_as_it_was(name, tmp_path):
    s = sim.scenario(name)
    found = again(s, tmp_path)
    assert found == s and found.diff(s) == "no difference"
    for key, p in s.parameters.items():  # Parameter by Parameter: range, source, note, exact SI
        assert found.parameters[key] == p
    assert found.name == name


@pytest.mark.parametrize("name", sim.scenarios())
def test_a_saved_scenario_gives_the_same_numbers(name, tmp_path):
    s = sim.scenario(name)
    s = s.changed({f"{layer}.cells": 10 // len(s.layers) for layer, _ in s.layers})
    s = s.changed({"duration": "2 hour", "interventions": ()})  # whose times lie years later
    one, two = (sim.simulate(x, times=4) for x in (s, again(s, tmp_path)))
    assert one.manifest["hash"] == two.manifest["hash"]
    for key in one.dataset.data_vars:
        np.testing.assert_array_equal(one.dataset[key].values, two.dataset[key].values)


def everything():
    """A scenario that uses all that a file can hold."""
    s = sim.scenario("infarct_myocardium", constants="minteq.v4", growth_law="spiral")
    s = s.with_geometry("rectangle", {"lesion": 12, "border": 4})
    shape = shapes.Difference(
        shapes.Ellipse((3e-3, 2e-3), direction=(1, 1)), shapes.HalfSpace((1, 0), (1e-3, 0))
    )
    s = s.with_region("lesion", shapes.Disc("3 mm")).with_region("scar", shape, like="border")
    s = s.with_region("speck", shapes.Mask(np.eye(3), ("2 mm", "2 mm")))
    s = s.with_random_field("collagen", 0.5, "900 um", 3, "lesion")
    s = s.with_stochastic_nucleation(2**64 - 1, "6 hour", "10 um")
    cuts = (
        sim.Intervention("3 day", {"PPi": "20 uM", "pH": 7.2}, label='a "drug", µ'),
        sim.Intervention(1e5 / 3, parameters={"lesion.perfusion": "0.5 1/min"}, state={"Ca": 0.1 + 0.2}),
        sim.Intervention("5 day", excise=True, region="scar"),
    )
    s = s.with_intervention(*cuts)
    return s.changed(
        {
            "outer": "exchange",
            "outer.permeability": "1e-7 m/s",
            "duration": 86400.0 / 7,
            "initial.Ca": "1.3 mM",
            "initial.pH": 7.1,
            "lesion.elastin": 1e21,
            "acid.load": np.nextafter(60.0, 61.0),
            "title": 'Two\nlines, "quotes" and \\ µ',
            "notes": "\ttab\r\nreturn\x07bell",
            "speck.dry_density": "300 mg/cm3",
            "name": "another name",
        }
    )


def test_all_that_a_file_can_hold_comes_back(tmp_path):
    s = everything()
    found = again(s, tmp_path)
    assert found == s
    assert found.diff(s) == "no difference"
    assert str(found.interventions[1]) == str(s.interventions[1])  # texts are kept
    assert "PPi 20 uM" in str(found.interventions[1])
    assert again(found, tmp_path) == s


def test_a_picture_is_told_from_the_folder_of_the_file(tmp_path, monkeypatch):
    from matplotlib import image

    (tmp_path / "pictures").mkdir()
    image.imsave(tmp_path / "pictures" / "cell.png", np.eye(4), cmap="gray")
    monkeypatch.chdir(tmp_path)
    s = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 8, "border": 2})
    s = s.with_region("lesion", shapes.image("pictures/cell.png", "4 mm"))
    path = s.save("mine.toml")
    assert 'path = "pictures/cell.png"' in path.read_text(encoding="utf-8")
    assert sim.scenario(path) == s
    monkeypatch.chdir("/")
    assert sim.scenario(tmp_path / "mine.toml").regions[0][1].digest == s.regions[0][1].digest


finite = st.floats(1e-6, 1e6)
times = st.one_of(finite, st.sampled_from(["1 hour", "3 day", "0.1 day", "2 week", "1.5 year"]))
words = st.text(st.characters(codec="utf-8"), max_size=40)
lines = words.filter(str.isprintable)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sim.scenarios()),
    texts=st.fixed_dictionaries({"title": words, "notes": words, "expected": words}),
    duration=times,
    values=st.dictionaries(
        st.sampled_from(["plasma.Ca", "acid.load", "phosphatase.V_alk", "necrosis.tau_death"]),
        finite,
    ),
    temperature=st.floats(274.0, 400.0),
    cells=st.integers(1, 1000),
    cuts=st.lists(st.tuples(times, st.sampled_from(["20 uM", 0.1, 1 / 3]), lines, st.booleans()), max_size=3),
    law=st.sampled_from(["affinity", "spiral", "two_activity"]),
    seed=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
)
def test_any_scenario_comes_back_as_it_was(
    tmp_path, name, texts, duration, values, temperature, cells, cuts, law, seed
):
    s = sim.scenario(name, growth_law=law)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)
        made = [sim.Intervention(at, {"PPi": ppi}, excise=cut, label=label) for at, ppi, label, cut in cuts]
        changes = {
            f"{s.layers[0][0]}.cells": cells,
            "duration": duration,
            "fluid.temperature": temperature,
            **texts,
            **values,
        }
        s = s.changed({"duration": 1e9, "interventions": made}).changed(changes)  # some lie beyond its end
        if seed is not None:
            sample = None if s.geometry == "sphere" else 1e-5
            s = s.changed({"stochastic": {"seed": seed, "sample": sample}})
        found = again(s, tmp_path)
    assert found == s
    assert {n: p.si for n, p in found.parameters.items()} == {n: p.si for n, p in s.parameters.items()}


def test_a_value_that_its_unit_rounds_keeps_its_last_digit(tmp_path):
    """0.1 + 0.2 ms-like numbers: `value` in its unit does not always give the SI number back."""
    base = sim.scenario("infarct_myocardium")
    for k in range(200):
        s = base.with_parameters({"phosphatase.V_alk": 3e-5 * (1 + k / 7)})
        if again(s, tmp_path).parameters.si("phosphatase.V_alk") != s.parameters.si("phosphatase.V_alk"):
            pytest.fail(f"k = {k}")
        if "si = " in (tmp_path / "again.toml").read_text(encoding="utf-8"):
            return
    pytest.fail("no number was rounded: the test tests nothing")


def test_open_ends_of_a_range_are_written(tmp_path):
    p = sim.Parameter("2 mm", low="1 mm", confidence="measured", source="shen1972")
    s = sim.scenario("infarct_myocardium").with_parameters({"lesion.radius": p})
    found = again(s, tmp_path)
    assert found == s and found.parameters["lesion.radius"].range == (1.0, None)
    text = (tmp_path / "again.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["parameters"]["lesion"]["radius"]["range"] == [1.0, math.inf]


def test_a_model_of_ones_own_is_refused_with_what_to_do(tmp_path):
    def rate(Ca, k):
        return k * Ca

    own = sim.Process("sink", rate, {"Ca": -1}, {"k": sim.Parameter(1e-6, "1/s")})
    base = sim.scenario("infarct_myocardium")
    for model, words in (
        (base.model.with_process(own), "process 'sink' of its own"),
        (base.model.without("acid: lactic"), "no process 'acid: lactic'"),
        (base.model.with_species(base.model.species[0].with_(scale=7.0)), "another species"),
    ):
        with pytest.raises(ScenarioError, match=words) as error:
            base.with_model(model).save(tmp_path / "own.toml")
        assert "with_model" in str(error.value)
    assert not list(tmp_path.iterdir())


def test_saving_is_refused_where_it_could_not_be_found_again(tmp_path):
    s = sim.scenario("infarct_myocardium")
    with pytest.raises(ScenarioError, match="end in .toml"):
        s.save(tmp_path / "mine")
    with pytest.raises(ScenarioError, match="no folder"):
        s.save(tmp_path / "nowhere" / "mine.toml")
    stray = s.with_(parameters=Parameters({**s.parameters, "lesoin.phi0": sim.Parameter(0.5)}))
    with pytest.raises(ScenarioError, match=r"cannot be written.*lesoin.phi0.*Did you mean 'lesion.phi0'"):
        stray.save(tmp_path / "mine.toml")


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    s = sim.scenario("infarct_myocardium")
    path = s.save(tmp_path / "mine.toml")
    before = path.read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        s.changed({"title": "other"}).save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


# --- reading


def test_a_path_is_text_or_a_path_with_a_folder_or_the_ending(write, monkeypatch):
    path = write(SMALL)
    monkeypatch.chdir(path.parent)
    assert sim.scenario(path) == sim.scenario(str(path)) == sim.scenario("mine.toml")
    assert sim.scenario("./mine.toml").name == "mine"


def test_a_byte_order_mark_is_no_part_of_a_file(write):
    assert sim.scenario(write(b"\xef\xbb\xbf" + SMALL.encode())) == sim.scenario(write(SMALL))


def test_words_given_beside_a_file_replace_its_own(write):
    path = write('growth_law = "spiral"\n' + SMALL)
    assert sim.scenario(path).growth_law == "spiral"
    assert sim.scenario(path, growth_law="two_activity").growth_law == "two_activity"
    assert sim.scenario(path, growth_law="two_activity") == sim.scenario(
        write('growth_law = "two_activity"\n' + SMALL)
    )


def test_a_base_is_changed_and_its_treatments_stay(write):
    write('base = "infarct_myocardium"\n[[interventions]]\nat = "1 day"\nexcise = true\n', "first.toml")
    found = sim.scenario(
        write('base = "first.toml"\ngeometry = "sphere"\ncells = { lesion = 7 }\nresolution = 2\n'
              'growth_law = "spiral"\n[initial]\nCa = "2 mM"\n'
              '[[interventions]]\nat = "1 h"\nboundary.PPi = "20 uM"\n')
    )  # fmt: skip
    base = sim.scenario("infarct_myocardium")
    by_hand = base.changed(
        {
            "geometry": "sphere",
            "lesion.cells": 14,
            "border.cells": 80,
            "growth_law": "spiral",
            "initial.Ca": 2.0,
        }
    ).with_intervention(sim.Intervention("1 day", excise=True), sim.Intervention("1 h", {"PPi": 0.02}))
    assert found == by_hand.with_(name="mine")
    assert [i.at for i in found.interventions] == [3600.0, 86400.0]


def test_files_that_are_each_others_base_end(write):
    write('base = "two.toml"', "one.toml")
    with pytest.raises(ScenarioError, match="never end"):
        sim.scenario(write('base = "one.toml"', "two.toml"))


def test_values_out_of_range_warn_as_those_of_users_do(write):
    with pytest.warns(RangeWarning, match="plasma.Ca"):
        sim.scenario(write('base = "infarct_myocardium"\nparameters.plasma.Ca = "25 mM"'))


def test_shipped_files_hold_whole_parameters():
    folder = Path(sim.__file__).parent / "data" / "scenarios"
    for name in sim.scenarios():
        table = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
        for group in table.get("parameters", {}).values():  # one that builds on another may state none
            for entry in group.values():
                assert {"value", "unit", "range", "source", "confidence"} <= set(entry)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            sim.scenario(name)


# fmt: off
SLIPS = {
    "unknown key": ('tile = "x"\n' + SMALL, "'tile' is not a key of a scenario. Did you mean 'title'?"),
    "unknown place": (SMALL.replace("[parameters.border]", "[parameters.boarder]"),
                      "Did you mean 'border.thickness'"),
    "unknown quantity": (SMALL + 'phi = 0.2', "'border.phi' is nothing that mine has."),
    "unknown place of a whole parameter": (
        SMALL + '[parameters.lesoin]\nphi0 = { value = 0.7, unit = "1" }', "Did you mean 'lesion.phi0'?"),
    "unit": (SMALL.replace("4 mm", "4 mM"), "lesion.radius = '4 mM'"),
    "unit of a table": (SMALL + 'phi0 = { value = 0.7, unit = "mm" }',
                        "border.phi0 = 0.7 mm is in m; 1 is needed"),
    "no unit": (SMALL.replace("4 mm", "4"), "has no unit"),
    "key of a parameter": (SMALL + 'phi0 = { value = 0.7, unti = "1" }', "Did you mean 'unit'?"),
    "a parameter without value": (SMALL + 'phi0 = { unit = "1" }', "border.phi0 lacks its value"),
    "text as range": (SMALL + 'phi0 = { value = 0.7, range = "all" }', "is not a pair"),
    "confidence": (SMALL + 'phi0 = { value = 0.7, confidence = "high" }', "is not one of measured"),
    "another number in SI": (SMALL + 'phi0 = { value = 0.7, si = 0.8 }', "is not its value"),
    "geometry": ('geometry = "spere"\n' + SMALL, "Did you mean 'sphere'?"),
    "constants": ('constants = "phreeqcc"\n' + SMALL, "phreeqc"),
    "growth law": ('growth_law = 3\n' + SMALL, "is not text"),
    "title": ("title = 3\n" + SMALL, "title = 3 is not text"),
    "no layers": ('geometry = "slab"', "needs layers"),
    "layers": ("layers = 3", "is not a row of layers"),
    "a layer without name": ("layers = [{}]", "cannot name a layer"),
    "cells": ("layers = [{ name = 'a', cells = 'b' }]", "a has 'b' cells"),
    "cells of no layer": ("cells = { lesoin = 3 }\n" + SMALL, "Did you mean 'lesion'?"),
    "cells that are no table": ("cells = 3\n" + SMALL, "is not a table"),
    "parameters": ("parameters = 1\nlayers = [{ name = 'a', cells = 1 }]", "is not a table"),
    "initial": ("initial = 1\n" + SMALL, "is not a table"),
    "duration": ('duration = "2 mm"\n' + SMALL, "a time"),
    "a date": ("duration = 2026-01-01\n" + SMALL, "is not a quantity"),
    "interventions": ("interventions = 3\n" + SMALL, "is not a list of tables"),
    "an intervention": (SMALL + "[[interventions]]\nat = '1 h'\nbondary = { PPi = 1 }",
                        "Did you mean 'boundary'?"),
    "its time": (SMALL + "[[interventions]]\nboundary = { PPi = 1 }", "lacks at"),
    "its unit": (SMALL + "[[interventions]]\nat = '1 h'\nboundary = { PPi = '1 mm' }",
                 "boundary.PPi = '1 mm'"),
    "its unit of state": (SMALL + "[[interventions]]\nat = '1 h'\nstate = { hap_m0 = '1 mM' }",
                          "state.hap_m0"),
    "its unit of a parameter": (
        SMALL + "[[interventions]]\nat = '1 h'\nparameters.acid.load = '1 mm'", "acid.load = '1 mm'"),
    "its table": (SMALL + "[[interventions]]\nat = '1 h'\nboundary = 3", "is not a table of names"),
    "its excise": (SMALL + "[[interventions]]\nat = '1 h'\nexcise = 'lesion'", "is yes or no"),
    "its nothing": (SMALL + "[[interventions]]\nat = '1 h'", "changes nothing"),
    "region": ("regions = [{ name = 'a', shape = 'elipse' }]\n" + SMALL, "Did you mean 'ellipse'?"),
    "a shape of a wrong type": ("regions = [{ name = 'a', shape = [] }]\n" + SMALL, "is no"),
    "stochastic": ("stochastic = { seed = 1, samples = 2 }\n" + SMALL, "Did you mean 'sample'?"),
    "stochastic word": ("stochastic = 3\n" + SMALL, "is not a table"),
    "a list for a number": ("resolution = [1, 2]\n" + SMALL, "resolution = [1, 2] is a list; one number is"),
    "a list for a duration": ("duration = [1]\n" + SMALL, "duration = [1] is a list; one number in s"),
    "a list for an amount": (SMALL + "[initial]\nCa = [1, 2]", "initial.Ca = [1, 2] is a list"),
    "a list for a time": (SMALL + "[[interventions]]\nat = [1, 2]\nboundary = { PPi = 1 }",
                          "at = [1, 2] is a list"),
    "a list for a boundary": (SMALL + "[[interventions]]\nat = '1 h'\nboundary = { PPi = [1, 2] }",
                              "boundary.PPi = [1, 2] is a list"),
    "a list for an interval": ("stochastic = { seed = 1, interval = [1, 2] }\n" + SMALL,
                               "interval = [1, 2] is a list"),
    "a list for a deviation": (
        "random_fields = [{ field = 'collagen', log_sd = [1], correlation_length = 1, seed = 1 }]\n" + SMALL,
        "log_sd = [1] is a list"),
    "a list within a direction": (
        "regions = [{ name = 'a', shape = 'half_space', normal = [[1], [2]] }]\n" + SMALL,
        "half_space: normal = [1] is a list"),
    "base": ('base = "infarct_myocardum"', "Did you mean 'infarct_myocardium'?"),
    "base file": ('base = "nothing.toml"', "does not exist"),
    "base of a wrong type": ("base = 3", "is not the name or path"),
    "not TOML": ("title = A question", "not valid TOML"),
    "not text": (b"\xff\xfe\x00", "not UTF-8"),
    "twice": (SMALL + '[parameters]\n"lesion.radius" = "2 mm"', "twice"),
}
# fmt: on


@pytest.mark.parametrize("case", SLIPS)
def test_a_slip_is_answered_in_a_sentence_that_names_the_file(case, write):
    text, sentence = SLIPS[case]
    path = write(text)
    with pytest.raises((ConfigError, FileFormatError), match=re.escape(sentence)) as caught:
        sim.scenario(path)
    assert "mine.toml" in str(caught.value)
    assert len(str(caught.value)) < 700


def test_whatever_python_says_of_a_content_names_the_file(write, monkeypatch):
    """Of errors nobody thought of: a ValueError of numpy, say."""

    def ambiguous(self, values):
        raise ValueError("the truth value is ambiguous")

    monkeypatch.setattr("sim.experiment.catalogue.typed", ambiguous)
    with pytest.raises(ScenarioError, match=r"mine\.toml: this is no scenario: ValueError, the truth"):
        sim.scenario(write(SMALL))


def test_a_file_that_is_not_there_is_told_with_one_that_is(write):
    path = write(SMALL)
    with pytest.raises(FileFormatError, match=r"does not exist. Did you mean '.*mine.toml'"):
        sim.scenario(path.with_name("mime.toml"))
    with pytest.raises(FileFormatError, match="Did you mean 'infarct_myocardium'"):
        sim.scenario("infarct_myocardium.toml")
    with pytest.raises(FileFormatError, match="is not a file"):
        sim.scenario(Path("/dev/zero"))
    with pytest.raises(ScenarioError, match="not 3"):
        sim.scenario(3)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["layers", "domain", "regions", "random_fields", "stochastic", "interventions",
                         "cells", "initial", "parameters", "duration", "geometry", "title", "base"]),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["name", "cells", "shape", "value", "at", "of"]), inner),
            ),
            max_leaves=8,
        ),
    )
)  # fmt: skip
def test_nothing_but_a_sentence_comes_of_any_content(content):
    """Whatever TOML can hold: an error of ours, or a scenario."""
    import contextlib

    with contextlib.suppress(ConfigError, FileFormatError), warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)
        scenario_of(content)


def scenario_of(content):
    from sim.experiment.catalogue import from_table

    return from_table("fuzz", content)


def test_the_catalogue_says_which_names_are_paths():
    from sim.experiment.catalogue import is_path

    assert is_path("a.toml") and is_path("a/b") and is_path(Path("a"))
    assert not is_path("infarct_myocardium")
    assert scenario("infarct_myocardium").random_fields == ()
    assert RandomField("collagen", 0.5, "1 mm", 1).table()["correlation_length"] == 1e-3
