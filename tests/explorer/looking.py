"""Pages and views whose owner looks by himself: there is no server that would."""

import time

import pytest

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")

from sim.explorer.page.page import Page  # noqa: E402

SECONDS = 300  # a run may compile


class Looked(Page):
    """A page that nobody wakes."""

    def _wake(self):
        pass

    def until(self, words):
        end = time.monotonic() + SECONDS
        while words not in self.says.object:
            assert time.monotonic() < end, self.says.object
            time.sleep(0.01)
            self.look()


def until_still(view, seconds=SECONDS):
    """Look at a page or a part of it until it works no more."""
    end = time.monotonic() + seconds
    while view.working:
        assert time.monotonic() < end
        time.sleep(0.01)
        view.look()
