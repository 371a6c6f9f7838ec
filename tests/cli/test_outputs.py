"""What commands leave behind: folders only where there is something in them, JSON that any program reads."""

import json
import math
import os

import pytest

from sim.cli.outputs import json_text, made_folder


def test_a_folder_is_made_with_those_above_it(tmp_path):
    folder = tmp_path / "a" / "b"
    with made_folder(folder):
        assert folder.is_dir()
    assert folder.is_dir()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_stays_empty_is_taken_away_when_the_block_raises(tmp_path, error):
    with pytest.raises(error), made_folder(tmp_path / "a" / "b"):
        raise error
    assert not list(tmp_path.iterdir())


def test_a_folder_that_was_there_or_that_was_filled_stays(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(ValueError), made_folder(tmp_path / "old" / "new" / "newer"):
        (tmp_path / "old" / "new" / "kept.txt").write_text("x")
        raise ValueError
    assert (tmp_path / "old" / "new" / "kept.txt").exists()
    assert not (tmp_path / "old" / "new" / "newer").exists()
    with pytest.raises(ValueError), made_folder(tmp_path / "old"):
        raise ValueError
    assert (tmp_path / "old").is_dir()


def test_json_has_null_for_what_is_not_finite_and_the_rest_unchanged():
    given = {"a": {"onset": math.inf, "x": 1.5}, "b": [math.nan, 2, "text"], "c": (1, -math.inf), "d": None}
    expected = {"a": {"onset": None, "x": 1.5}, "b": [None, 2, "text"], "c": [1, None], "d": None}
    assert json.loads(json_text(given), parse_constant=lambda word: pytest.fail(word)) == expected


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(PermissionError, match="may not be written to"), made_folder(tmp_path):
        pytest.fail("the work began")
