"""Digests of turns are made in a second process, while the first still reads the records."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import chain, pairwise
from queue import Queue
from threading import Thread
from typing import IO

import numpy as np
import polars as pl

from datakit.mixture import Dedup
from datakit.planning.dedup import no_digests, turn_digests

LEAST_RECORDS = 1 << 14  # below it, starting a process takes longer than it saves
QUEUED_MESSAGES = 64
ENDS = np.dtype("<u4")
END = b""


class TurnDigester:
    """Makes the `turn_digests` of payloads in the order in which they are added.

    Nothing is started before `LEAST_RECORDS` are there. A thread hands payloads over, so that the
    reader need not wait until the process takes them.
    """

    def __init__(self, task: str, dedup: Dedup) -> None:
        self._command = [task, dedup.model_dump_json()]
        self._first_messages: list[bytes] = []
        self._messages: Queue[bytes] = Queue(QUEUED_MESSAGES)
        self._added_records = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._feeder = Thread(target=self._feed, daemon=True)

    def add(self, payloads: bytes, ends: list[int]) -> None:
        """Adds payloads that stand one behind the other, and where each of them ends."""
        packed = np.array(ends, dtype=ENDS).tobytes()
        head = np.array([len(ends), len(payloads)], dtype=ENDS).tobytes()
        message = head + packed + payloads
        if self._process is not None:
            self._messages.put(message)
            return
        self._first_messages.append(message)
        self._added_records += len(ends)
        if self._added_records >= LEAST_RECORDS:
            self._process = _start(self._command)
            self._feeder.start()

    def result(self) -> pl.DataFrame | None:
        """The digests of all that was added; None where they are still to be made."""
        if self._process is None:
            return None
        self._end_messages()
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            said = stdout.read()
        return None if self._process.wait() else pl.read_ipc(BytesIO(said))

    def close(self) -> None:
        """Ends the process, whether or not it was asked for its result."""
        if self._process is None:
            return
        self._process.kill()
        self._end_messages()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait()

    def _end_messages(self) -> None:
        if self._feeder.is_alive():
            self._messages.put(END)
            self._feeder.join()

    def _feed(self) -> None:
        """Writes messages until the last; where the process has died, only takes them."""
        assert self._process is not None
        assert self._process.stdin is not None
        for message in chain(self._first_messages, iter(self._messages.get, END)):
            with suppress(OSError):
                self._process.stdin.write(message)
        with suppress(OSError):
            self._process.stdin.close()


def _start(arguments: list[str]) -> subprocess.Popen[bytes]:
    # `-P`: a folder `datakit` where the user stands is not this package.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the first process, which then ends this one
    )


def _received(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """The payloads of each message, until the stream ends."""
    while head := stream.read(2 * ENDS.itemsize):
        count, size = np.frombuffer(head, ENDS).tolist()
        ends = [0, *np.frombuffer(stream.read(count * ENDS.itemsize), ENDS).tolist()]
        payloads = stream.read(size)
        yield [payloads[a:b] for a, b in pairwise(ends)]


def _main(task: str, dedup: str) -> None:
    how = Dedup.model_validate_json(dedup)
    parts = [turn_digests(payloads, task, how) for payloads in _received(sys.stdin.buffer)]
    out = BytesIO()
    pl.concat([no_digests(0), *parts]).write_ipc(out)
    sys.stdout.buffer.write(out.getbuffer())


if __name__ == "__main__":
    _main(*sys.argv[1:])
