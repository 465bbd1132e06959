"""Signals that ask a run to stop: it finishes the step, saves and ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from trainer.errors import StoppedError
from trainer.training.processes import Processes


class StopRequest:
    """Whether a signal came, to any process.

    SIGTERM comes from schedulers; SIGINT from a keyboard, and a second one does not wait.
    """

    def __init__(self) -> None:
        self.signal = 0

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Takes a signal."""
        del frame
        if number == signal.SIGINT and self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number

    def agreed(self, processes: Processes) -> int:
        """The signal that came to any process, the same in all; 0 for none."""
        return processes.largest(self.signal)


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Takes signals within the block; outside of Python's main thread there are none to take."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, request.receive)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stopped(number: int, *, where: str) -> StoppedError:
    """The end of a run that a signal stopped; its status is what shells give for the signal."""
    name = signal.Signals(number).name
    error = StoppedError(
        f"stopped by {name}; {where} is saved. The same command goes on from there."
    )
    error.exit_status = 128 + number
    return error
