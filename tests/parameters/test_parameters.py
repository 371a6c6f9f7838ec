"""Parameters: customary units outside, SI inside; refusals and warnings in sentences."""

import dataclasses
import pickle
import warnings

import numpy as np
import pytest

from sim.errors import FileFormatError, ParameterError, RangeWarning
from sim.parameters import Parameter, Parameters, cite, load_parameters
from sim.parameters.references import read_bibtex

ENTRY = {
    "value": "6",
    "unit": '"hour"',
    "range": "[1, 48]",
    "source": '"smith2001"',
    "confidence": '"assumed"',
}

BIBTEX = """
Text between entries, with an address a@b.c, is passed over.
@comment{ignored, {nested} braces}
@article{smith2001,
  author = {Smith, Anna and Doe, J. and Roe, K. and Poe, E.},
  title = "The {HAP} of things",
  journal = {J Calc}, year = 2001, volume = {3},
  pages = {1--4}, doi = {10.1/xyz}
}
@book{doe1990, author={Doe, John}, title={A {B{oo}k}}, publisher={Press}, year={1990},}
"""


def write(folder, name="necrosis.tau_leak", **changes):
    """A file with one good entry, changed; None removes a key."""
    lines = [f"{key} = {text}" for key, text in (ENTRY | changes).items() if text is not None]
    path = folder / "p.toml"
    path.write_text("\n".join([f"[{name}]", *lines]), encoding="utf-8")
    return path


@pytest.fixture
def parameters():
    return Parameters(
        {
            "necrosis.tau_leak": Parameter(6, "hour", 1, 48, source="smith2001", confidence="measured"),
            "nucleation.interfacial_energy": Parameter(
                0.1, "J/m2", range=(0.06, 0.2), source="smith2001, doe1990", confidence="fitted"
            ),
            "growth.order": Parameter(2.0, note="no dimension"),
        }
    )


def test_a_number_is_in_the_unit_beside_it():
    assert Parameter(7, "day").si == 604800.0
    assert Parameter(37, "degC").si == 310.15
    assert Parameter("100 mJ/m2", "J/m2").value == 0.1
    assert Parameter("5 uM").unit == "uM"
    assert Parameter(0.1, "J/m2", range=["60 mJ/m2", None]).range == (0.06, None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Parameter(1, "daay"), "Did you mean 'day'?"),
        (lambda: Parameter("5 mM", "day"), "a time"),
        (lambda: Parameter(True), "True is not a quantity"),
        (lambda: Parameter(float("nan"), "day"), "not a finite number"),
        (lambda: Parameter(1, "s", low=float("-inf")), "low = -inf is not a finite number"),
        (lambda: Parameter(1, "s", 3, 2), "swapped"),
        (lambda: Parameter(1, "s", 1, range=(1, 2)), "given twice"),
        (lambda: Parameter(1, "s", range=5), "not a pair"),
        (lambda: Parameter(1, confidence="mesured"), "Did you mean 'measured'?"),
        (lambda: Parameters({"a": 5}), "is not a sim.Parameter"),
    ],
)
def test_a_bad_parameter_is_refused(make, words):
    with pytest.raises(ParameterError, match=words.replace("?", r"\?")):
        make()


def test_parameters_are_frozen(parameters):
    with pytest.raises(dataclasses.FrozenInstanceError):
        parameters["growth.order"].value = 3.0
    with pytest.raises(TypeError):
        parameters["growth.order"] = Parameter(3.0)


def test_values_change_in_a_copy(parameters):
    changed = parameters.with_values({"necrosis.tau_leak": "0.5 day", "growth.order": 1.5})
    assert parameters.si("necrosis.tau_leak") == 6 * 3600
    np.testing.assert_array_equal(changed.vector(["growth.order", "necrosis.tau_leak"]), [1.5, 12 * 3600])
    assert str(parameters.diff(changed)) == ("growth.order: 2 -> 1.5\nnecrosis.tau_leak: 6 -> 12 hour")
    assert changed["necrosis.tau_leak"].source == ""  # the paper did not measure 12 hours


def test_a_number_in_si_is_kept_to_the_last_digit(parameters):
    for si in np.random.default_rng(1).uniform(3600, 48 * 3600, 200):
        assert parameters.with_values({"necrosis.tau_leak": si}).si("necrosis.tau_leak") == si


def test_the_same_value_in_another_unit_is_no_change(parameters):
    same = parameters.with_values({"nucleation.interfacial_energy": "100 mJ/m2"})
    assert same == parameters
    assert str(parameters.diff(same)) == "no difference"


def test_a_whole_parameter_may_replace_one(parameters):
    own = Parameter(90, "mJ/m2", source="doe1990", confidence="measured")
    changed = parameters.with_values({"nucleation.interfacial_energy": own})
    assert changed["nucleation.interfacial_energy"] is own
    assert str(parameters.diff(changed)) == "nucleation.interfacial_energy: 0.1 -> 0.09 J m-2"
    with pytest.raises(ParameterError, match="J m-2 is needed"):
        parameters.with_values({"nucleation.interfacial_energy": Parameter(1, "s")})


def test_differences_show_what_is_absent(parameters):
    fewer = Parameters({n: p for n, p in parameters.items() if n != "growth.order"})
    assert [tuple(d) for d in parameters.diff(fewer)] == [("growth.order", 2.0, None, "1")]
    assert [tuple(d) for d in fewer.diff(parameters)] == [("growth.order", None, 2.0, "1")]


def test_unknown_names_are_answered_with_the_nearest(parameters):
    for ask in (
        lambda: parameters["necrosis.tau_leek"],
        lambda: parameters.si("necrosis.tau_leek"),
        lambda: parameters.with_values({"necrosis.tau_leek": 1.0}),
    ):
        with pytest.raises(ParameterError, match=r"Did you mean 'necrosis.tau_leak'\?"):
            ask()
    assert "necrosis.tau_leek" not in parameters
    assert parameters.get("necrosis.tau_leek") is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "nucleation.interfacial_energy",
            100.0,
            "500 times the upper bound 0.2 J/m2; was it given",
        ),
        ("nucleation.interfacial_energy", 100.0, "in mJ/m2?"),
        ("nucleation.interfacial_energy", "1e-4 J/m2", "in kJ/m2?"),
        ("nucleation.interfacial_energy", "0.21 J/m2", "is above the upper bound 0.2 J/m2."),
        ("nucleation.interfacial_energy", 0.05, "is below the lower bound 0.06 J/m2."),
        ("necrosis.tau_leak", 6.0, "a plain number is in SI: was '6 hour' meant?"),
        (
            "necrosis.tau_leak",
            "360 hour",
            "7.5 times the upper bound 48 hour; was it given in min?",
        ),
        ("necrosis.tau_leak", "20000 hour", "was it given in s?"),
    ],
)
def test_a_value_out_of_range_warns_and_names_the_likely_slip(parameters, name, value, words):
    with pytest.warns(RangeWarning) as caught:
        changed = parameters.with_values({name: value})
    assert words in str(caught[0].message)
    assert caught[0].filename == __file__  # points at the caller
    assert changed[name].value != parameters[name].value  # used all the same


def test_a_value_on_its_bound_is_silent(parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parameters.with_values({"necrosis.tau_leak": "2 day"})
        parameters.with_values({"nucleation.interfacial_energy": "60 mJ/m2"})


def test_sets_join_unless_they_contradict(parameters):
    more = Parameters({"a.b": Parameter(1), "growth.order": parameters["growth.order"]})
    assert len(parameters | more) == 4
    with pytest.raises(ParameterError, match="'growth.order' is given twice"):
        parameters | {"growth.order": Parameter(3.0)}
    assert list(parameters.within("growth")) == ["growth.order"]


def test_workers_receive_the_same_parameters(parameters):
    assert pickle.loads(pickle.dumps(parameters)) == parameters  # noqa: S301


def test_table_has_one_line_a_parameter(parameters):
    lines = str(parameters).splitlines()
    assert len(lines) == 1 + len(parameters)
    said = "necrosis.tau_leak  6 hours  1 to 48 hours  measured  smith2001"
    assert lines[1].split()[: len(said.split())] == said.split()


def test_a_file_is_loaded_with_dotted_names(tmp_path):
    found = load_parameters(write(tmp_path, "necrosis.core.tau_leak", note='"n"'))
    assert list(found) == ["necrosis.core.tau_leak"]
    assert found["necrosis.core.tau_leak"] == Parameter(6, "hour", 1, 48, "smith2001", "assumed", "n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        *(({key: None}, f"lacks {key}") for key in ENTRY),
        ({"valeu": "5"}, "unknown key 'valeu'. Did you mean 'value'?"),
        ({"value": "nan"}, "not a finite number"),
        ({"value": "inf"}, "not a finite number"),
        ({"value": "true"}, "not a quantity"),
        ({"range": "[1, inf]"}, "not a finite number"),
        ({"range": "[false, 5]"}, "not a quantity"),
        ({"range": "[1, 5]"}, "above the upper bound 5 hour"),
        ({"range": "[1]"}, "not a pair"),
        ({"unit": '"hourr"'}, "Did you mean 'hour'?"),
        ({"unit": "1"}, "unit = 1 is not text"),
        ({"source": '""'}, "names no reference"),
        ({"source": "[]"}, "names no reference"),
        ({"confidence": '"sure"'}, "not one of measured"),
        ({"value": "6, 7"}, "not valid TOML"),
    ],
)
def test_a_bad_file_is_refused_by_file_and_entry(tmp_path, changes, words):
    path = write(tmp_path, **changes)
    with pytest.raises(ParameterError) as caught:
        load_parameters(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    if "TOML" not in words:
        assert "[necrosis.tau_leak]" in str(caught.value)


def test_files_that_are_no_parameters_are_refused(tmp_path):
    path = tmp_path / "p.toml"
    for content, words in (
        (b"value = 5", "stands outside"),
        (b"[a]", "lacks value"),
        (b"[" + b".".join([b"a"] * 3000) + b"]\nvalue = 1", "deep"),
        (b"a = " + b"[" * 100_000, "not valid TOML"),
        (b"# \xff", "not UTF-8"),
        (b"#" * 2_000_000, "larger than 1000 kB"),
    ):
        path.write_bytes(content)
        with pytest.raises(ParameterError, match=words):
            load_parameters(path)
    with pytest.raises(ParameterError, match="cannot be read: No such file"):
        load_parameters(tmp_path / "absent.toml")


def test_bibtex_is_read_and_written_back():
    references = read_bibtex(BIBTEX)
    assert list(references) == ["smith2001", "doe1990"]
    assert str(references["smith2001"]) == (
        "Anna Smith, J. Doe, K. Roe et al. (2001). The HAP of things. J Calc 3:1-4. https://doi.org/10.1/xyz"
    )
    assert str(references["doe1990"]) == "John Doe (1990). A Book. Press"
    assert read_bibtex("\n".join(r.bibtex() for r in references.values())) == references


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@article{a, title = {open", "line 1: a brace is not closed"),
        ("@article{a, title}", "something other than"),
        ("@article{a, title = {x}, title = {y}}", "two fields 'title'"),
        ("@article{a, title = {x}} @article{a, title = {y}}", "different references"),
        ('@article{a, title = "x}', "quote in 'a' is not closed"),
        ("@article{a b, title = {x}}", "cannot be the key"),
        ("@string{j = {Journal}}", "write the words out"),
    ],
)
def test_bad_bibtex_is_refused(text, words):
    with pytest.raises(FileFormatError, match=words):
        read_bibtex(text)


def test_a_citation_lists_sources_and_counts(parameters):
    citation = cite(parameters, read_bibtex(BIBTEX))
    assert str(citation).splitlines() == [
        "[doe1990] John Doe (1990). A Book. Press",
        "    nucleation.interfacial_energy",
        "[smith2001] Anna Smith, J. Doe, K. Roe et al. (2001). The HAP of things. J Calc 3:1-4. "
        "https://doi.org/10.1/xyz",
        "    necrosis.tau_leak, nucleation.interfacial_energy",
        "No source; set by hand",
        "    growth.order",
        "1 measured, 0 derived, 1 fitted, 1 assumed",
    ]
    assert citation.counts["fitted"] == 1
    assert citation.bibtex().count("@") == 2


def test_a_key_without_entry_is_shown_as_such():
    citation = cite({"a": Parameter(1, source="nobody")}, read_bibtex(BIBTEX))
    assert "[nobody] nobody (no entry)" in str(citation)


def test_a_bound_given_as_text_is_inside():
    """0.05 umol/L/min goes to SI and back as 0.049999...: that must not warn."""
    set_ = Parameters({"V": Parameter(2, "umol/L/min", 0.05, 100, source="x")})
    assert set_.with_values({"V": "0.05 umol/L/min"}).si("V") > 0


def test_a_negative_value_of_what_cannot_be_negative_is_refused(parameters):
    with pytest.raises(ParameterError, match="nucleation.interfacial_energy = -1 J/m2 is negative"):
        parameters.with_values({"nucleation.interfacial_energy": -1.0})
