"""Jobs that write into one run, and must not write into one folder at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from datakit.errors import OutputError
from datakit.io.stores.local_store import locked_folder
from trainer.training.processes import Processes


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Waits until nobody else who asks likewise is within; the lock ends with its process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def held_folder(folder: Path, processes: Processes) -> Iterator[None]:
    """Makes a stage's folder and holds it for these processes together.

    Raises:
        OutputError: other processes train there, or it cannot be made; in all processes.
    """
    with ExitStack() as held:
        fault = ""
        if processes.is_main:
            try:
                held.enter_context(locked_folder(folder, work="training"))
            except OutputError as error:
                fault = str(error)
        fault = processes.gather(fault)[0]
        if fault:
            raise OutputError(fault)
        yield
