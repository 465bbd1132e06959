"""Digests of turns are made in a second process, while the first still reads the records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from io import BytesIO
from itertools import chain, pairwise
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Queue
from threading import Thread

import numpy as np
import polars as pl

from datakit.io.processes import begin_work, no_main_module, process_context, start_server
from datakit.mixture import Dedup
from datakit.planning.dedup import no_digests, turn_digests

LEAST_RECORDS = 1 << 14  # below it, starting a process takes longer than it saves
QUEUED_MESSAGES = 64
ENDS = np.dtype("<u4")
END = b""


class TurnDigester:
    """Makes the `turn_digests` of payloads in the order in which they are added.

    Nothing is started before `LEAST_RECORDS` are there. A thread starts the process and hands
    payloads over, so that the reader need not wait until it takes them.
    """

    def __init__(self, task: str, dedup: Dedup) -> None:
        self._how = (task, dedup)
        self._first_messages: list[bytes] = []
        self._messages: Queue[bytes] = Queue(QUEUED_MESSAGES)
        self._added_records = 0
        self._ours, self._theirs = process_context().Pipe()
        self._process: BaseProcess | None = None
        self._feeder = Thread(target=self._feed, daemon=True)

    def add(self, payloads: bytes, ends: list[int]) -> None:
        """Adds payloads that stand one behind the other, and where each of them ends."""
        message = np.array([len(ends), *ends], dtype=ENDS).tobytes() + payloads
        if self._feeder.is_alive():
            self._messages.put(message)
            return
        self._first_messages.append(message)
        self._added_records += len(ends)
        if self._added_records >= LEAST_RECORDS:
            start_server(__name__)
            self._feeder.start()

    def result(self) -> pl.DataFrame | None:
        """The digests of all that was added; None where they are still to be made."""
        if not self._feeder.is_alive():
            return None
        self._end_messages()
        with suppress(OSError, EOFError):
            return pl.read_ipc(BytesIO(self._ours.recv_bytes()))
        return None

    def close(self) -> None:
        """Ends the process, whether or not it was asked for its result."""
        self._kill()  # or all that is queued would have to be taken first
        self._end_messages()
        self._kill()  # where the thread was only starting it
        self._ours.close()
        self._theirs.close()

    def _kill(self) -> None:
        if self._process is not None and self._process.pid is not None:
            self._process.kill()
            self._process.join()

    def _end_messages(self) -> None:
        if self._feeder.is_alive():
            self._messages.put(END)
            self._feeder.join()

    def _feed(self) -> None:
        """Sends messages until the last; where the process has died, only takes them."""
        context = process_context()
        arguments = (self._theirs, *self._how, dict(os.environ))
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        # EOFError: the server died while the process was waited for.
        with suppress(OSError, EOFError), closing(self._theirs), no_main_module():
            self._process.start()
        for message in chain(self._first_messages, iter(self._messages.get, END)):
            with suppress(OSError):
                self._ours.send_bytes(message)
        with suppress(OSError):
            self._ours.send_bytes(END)


def _work(pipe: Connection, task: str, dedup: Dedup, environment: dict[str, str]) -> None:
    begin_work(environment)
    with suppress(EOFError, OSError):  # nobody is left who wants them
        parts = [turn_digests(payloads, task, dedup) for payloads in _received(pipe)]
        out = BytesIO()
        pl.concat([no_digests(0), *parts]).write_ipc(out)
        pipe.send_bytes(out.getbuffer())


def _received(pipe: Connection) -> Iterator[list[bytes]]:
    """The payloads of each message, until the last."""
    while message := pipe.recv_bytes():
        count = int.from_bytes(message[: ENDS.itemsize], "little")
        ends = np.frombuffer(message, ENDS, count, offset=ENDS.itemsize).tolist()
        payloads = message[ENDS.itemsize * (count + 1) :]
        yield [payloads[a:b] for a, b in pairwise([0, *ends])]
