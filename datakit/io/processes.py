"""Processes that work for this one; where the system allows, they start with datakit imported.

This module itself imports next to nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, SpawnContext
from tempfile import gettempdir
from types import ModuleType

# Of the temporary folder's name: the server has a socket in it, whose name is of 107 bytes at most.
MOST_FOLDER_BYTES = 70
_HIDING = threading.Lock()


def has_server() -> bool:
    """Whether processes are forked of a server; elsewhere each imports for itself.

    On Linux alone: other systems' libraries do not survive a fork.
    """
    return sys.platform == "linux" and len(os.fsencode(gettempdir())) <= MOST_FOLDER_BYTES


def process_context() -> ForkServerContext | SpawnContext:
    """How processes are started: never by a fork of this one, which has threads of its own."""
    if has_server():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


def start_server(module: str) -> None:
    """Has one process import `module` now, of which all others are forked when they are wanted.

    It takes half a second of one core, once, where each process would have taken it by itself;
    one that is wanted earlier waits for it. It ends with this process.
    """
    if not has_server():
        return
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # which lets signals through again when it starts
    forkserver.set_forkserver_preload([module])
    # Ctrl-C is for this process. And a folder `datakit` where the user stands is not this package.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONSAFEPATH"]
        if before is not None:
            os.environ["PYTHONSAFEPATH"] = before
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def no_main_module() -> Iterator[None]:
    """Hides the user's script while processes start.

    They need none of it, and importing it again would run it again wherever it has no
    `if __name__ == "__main__"`.
    """
    with _HIDING:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def begin_work(environment: dict[str, str]) -> None:
    """What a process does first: it takes its parent's environment, and ends when that ends."""
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C for all
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed must not write beside the build that goes on."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
