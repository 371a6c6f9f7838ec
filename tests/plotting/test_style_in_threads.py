"""The house look in several threads: the settings of matplotlib are those from before, when all are done."""

import threading

import matplotlib

from sim import plotting as plot


def test_two_threads_in_the_house_look_leave_the_settings_as_they_were():
    before = dict(matplotlib.rcParams)
    entered, leave = threading.Event(), threading.Event()

    def other():
        with plot.style():
            entered.set()
            assert leave.wait(60)

    thread = threading.Thread(target=other)
    with plot.style():
        thread.start()
        overlapped = entered.wait(0.2)
        with plot.style():  # once more in the same thread
            pass
    assert entered.wait(60)
    leave.set()
    thread.join()
    assert not overlapped and dict(matplotlib.rcParams) == before
