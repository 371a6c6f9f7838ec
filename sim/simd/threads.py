"""Threads for kernels that release the GIL: contiguous shares of a range, joined at the end.

Plain threads in place of a parallel region: they do not spin while another process has the core, are
started anew after a fork, and cost nothing when one thread is asked for.
What a share computes never depends on how many shares there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
from numba.core import config

from sim.errors import ConfigError


def thread_count() -> int:
    """Threads that compiled kernels may use; a sentence where numba cannot load the layer it is told to."""
    try:
        return int(numba.get_num_threads())
    except ValueError as error:
        raise ConfigError(
            f"NUMBA_THREADING_LAYER={getattr(config, 'THREADING_LAYER', '')} cannot be loaded by numba here. "
            "Leave it unset, or give omp or workqueue."
        ) from error


class Pool:
    """run(work, n): work(share, first, last) for shares of 0..n, in parallel when n is large enough.

    smallest: the least range worth a thread of its own. The number of threads is numba's
    (numba.set_num_threads, NUMBA_NUM_THREADS), at most `size`.
    """

    def __init__(self, smallest: int, size: int | None = None):
        self.smallest = smallest
        self.size = size or thread_count()
        self._threads: ThreadPoolExecutor | None = None
        self._process = 0

    def shares(self, n: int) -> int:
        """Into how many shares a range of n is cut."""
        if self.size == 1 or n < 2 * self.smallest:
            return 1
        return min(self.size, thread_count(), n // self.smallest)

    def run(self, work: Callable[[int, int, int], None], n: int) -> None:
        """Do all shares; an exception in one comes out here."""
        shares = self.shares(n)
        self.run_shares(lambda k: work(k, k * n // shares, (k + 1) * n // shares), shares)

    def run_shares(self, work: Callable[[int], None], shares: int) -> None:
        """work(share) for each share, all at once; at most `size`."""
        if shares == 1:
            work(0)
            return
        if self._threads is None or self._process != os.getpid():  # threads do not follow into a fork
            self._process = os.getpid()
            self._threads = ThreadPoolExecutor(self.size - 1, "hapsim")
        rest = [self._threads.submit(work, k) for k in range(1, shares)]
        try:
            work(0)
        finally:
            for f in rest:
                f.result()
