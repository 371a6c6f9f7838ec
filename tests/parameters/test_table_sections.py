"""Tables read key by key: each kind is taken as it is, or refused in a sentence."""

import re

import pytest

from sim.errors import ConfigError, FileFormatError, ModelError
from sim.parameters.sections import Section, tables_of_file

CONTENT = {
    "word": "a", "flag": True, "count": 3, "size": 2.5, "names": ["b", "c"], "numbers": [1, 2.5],
    "inner": {"x": 1}, "colour": "#B05A1E", "length": "2 mm",
}  # fmt: skip


def test_each_kind_is_taken_as_it_stands():
    s = Section(CONTENT, "here", CONTENT)
    assert (s.text("word"), s.yes("flag"), s.whole("count"), s.number("size", 0.0)) == ("a", True, 3, 2.5)
    assert (s.names("names", "words"), s.numbers("numbers")) == (("b", "c"), (1, 2.5))
    assert (s.table("inner"), s.colour("colour"), s.si("length", "m")) == ({"x": 1}, "#B05A1E", 0.002)


def test_what_is_not_there_has_its_default():
    s = Section({}, "here", CONTENT)
    assert (s.text("word"), s.yes("flag"), s.number("size", 1.5), s.colour("colour")) == ("", False, 1.5, "")
    assert (s.names("names", "words"), s.numbers("numbers"), s.table("inner")) == ((), (), {})


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda s: s.text("flag"), "here: flag = True is not text; put it into quotes."),
        (lambda s: s.yes("word"), "here: word = 'a' is neither true nor false."),
        (lambda s: s.yes("count"), "here: count = 3 is neither true nor false."),
        (lambda s: s.whole("size"), "here: size = 2.5 is not a whole number"),
        (lambda s: s.number("flag", 0.0), "here: flag = True is not a number."),
        (
            lambda s: s.names("word", "words"),
            "here: word = 'a' is not a list of words; write [...] around it.",
        ),
        (lambda s: s.names("numbers", "words"), "here: numbers holds 1; it is a list of words."),
        (lambda s: s.numbers("names"), "here: names = 'b' is not a number."),
        (lambda s: s.table("word"), "here: word = 'a' is not a table."),
        (lambda s: s.colour("word"), "here: word = 'a' must be six hexadecimal digits"),
    ],
)
def test_another_kind_is_refused(ask, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        ask(Section(CONTENT, "here", CONTENT, ModelError))


def test_unknown_keys_and_what_is_no_table_are_refused_as_the_reader_asks():
    with pytest.raises(ModelError, match="here has an unknown key 'wrod'. Did you mean 'word'"):
        Section({"wrod": 1}, "here", CONTENT, ModelError)
    with pytest.raises(ModelError, match="here = 5 is not a table; it holds word, flag"):
        Section(5, "here", CONTENT, ModelError)


def test_files_that_are_no_toml_are_told(tmp_path):
    path = tmp_path / "a.toml"
    with pytest.raises(FileFormatError, match=r"a\.toml cannot be read"):
        tables_of_file(path, FileFormatError)
    path.write_text("a = " + "[" * 5000)
    with pytest.raises(ConfigError, match=r"a\.toml is not valid TOML: nested too deeply\.$"):
        tables_of_file(path)
    path.write_text("a = 1\n[b]\nc = 'd'")
    assert tables_of_file(path) == {"a": 1, "b": {"c": "d"}}
