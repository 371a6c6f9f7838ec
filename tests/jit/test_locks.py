"""A process that is forked while a thread holds a lock of the package can take it."""

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

import sim
from sim.binder.kept import once_a_model
from sim.codegen import machine
from sim.jit import modules
from sim.jit.locks import RenewedLock, held_through_forks

LOCK = re.compile(r"\b(R?Lock|Condition|Semaphore)\(\)")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


def fork_while_held(hold, work, seconds=0.3):
    """Whether a process that is forked while a thread holds something for `seconds` does its work in 20 s."""
    held = threading.Event()

    def other():
        with hold():
            held.set()
            time.sleep(seconds)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    thread.join()
    end = time.monotonic() + 20.0
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def taken(lock):
    with lock():
        pass


@pytest.mark.parametrize("lock", [machine._COMPILING, modules._LOADING], ids=["compiling", "loading"])
def test_fork_waits_for_what_is_done_in_a_moment(lock):
    assert fork_while_held(lambda: lock, lambda: taken(lambda: lock))
    assert lock.acquire(timeout=1.0)  # here too it is free
    lock.release()


def test_lock_is_another_one_after_a_fork():
    renewed = RenewedLock()
    assert fork_while_held(lambda: renewed.lock, lambda: taken(lambda: renewed.lock))
    with renewed.lock:
        assert fork_while_held(threading.Lock, lambda: taken(lambda: renewed.lock))


def test_forking_within_a_lock_of_ones_own_leaves_it_held_here_and_there():
    lock = held_through_forks()

    def held():
        lock.release()
        with pytest.raises(RuntimeError):
            lock.release()

    with lock:
        assert fork_while_held(threading.Lock, held)


def test_what_a_thread_makes_of_a_model_is_made_anew_after_a_fork():
    class Model:
        def __init__(self):
            self.kept = {}

    began, here = threading.Event(), threading.get_ident()

    @once_a_model
    def made(model):
        if threading.get_ident() != here:
            began.set()
            time.sleep(0.5)
        return 7

    class Making:
        def __enter__(self):
            self.thread = threading.Thread(target=made, args=(model,))
            self.thread.start()
            began.wait()

        def __exit__(self, *error):
            self.thread.join()

    model = Model()

    def work():
        assert made(model) == 7

    assert fork_while_held(Making, work)


def test_every_lock_of_the_package_is_free_after_a_fork():
    """A file that makes one does something at forks; others take those of `locks`."""
    files = [p for p in Path(sim.__file__).parent.rglob("*.py") if LOCK.search(p.read_text("utf-8"))]
    assert {"locks.py", "guard.py"} <= {p.name for p in files}
    assert [p for p in files if "register_at_fork" not in p.read_text("utf-8")] == []
