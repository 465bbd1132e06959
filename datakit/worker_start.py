"""How a worker process starts; this module itself imports next to nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from importlib import import_module
from multiprocessing.synchronize import BoundedSemaphore


def start_worker(module: str, turns: BoundedSemaphore) -> None:
    """Prepares a worker, and imports `module` when it is its turn.

    Args:
        turns: how many workers import at once. Half a second of work each, which would take a core
            from the process that reads records meanwhile.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C for all
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with turns:
        import_module(module)


def importing_at_once() -> int:
    """Workers that may import at once: one core stays with the process that started them."""
    return max(1, (os.cpu_count() or 1) - 1)


def _end_with_parent() -> None:
    """A worker whose parent was killed must not write beside the build that goes on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
