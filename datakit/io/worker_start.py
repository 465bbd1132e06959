"""How a worker process starts; this module itself imports next to nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from importlib import import_module
from multiprocessing.synchronize import Semaphore


def start_worker(module: str, turns: Semaphore) -> None:
    """Prepares a worker, and imports `module` when it is its turn.

    Args:
        turns: of which it takes one while it imports: half a second of a core that others may need.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C for all
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with turns:
        import_module(module)


def _end_with_parent() -> None:
    """A worker whose parent was killed must not write beside the build that goes on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
