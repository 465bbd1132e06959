"""Digests of turns are made in a second process, while the first still reads the records."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import pairwise
from typing import IO

import numpy as np
import polars as pl

from datakit.mixture import Dedup
from datakit.planning.dedup import no_digests, turn_digests

LEAST_RECORDS = 1 << 16  # below it, starting a process takes longer than it saves
ENDS = np.dtype("<u4")


class TurnDigester:
    """Makes the `turn_digests` of payloads in the order in which they are added.

    Nothing is started before `LEAST_RECORDS` are there.
    """

    def __init__(self, task: str, dedup: Dedup) -> None:
        self._command = [task, dedup.model_dump_json()]
        self._waiting: list[bytes] = []
        self._waiting_records = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._failed = False

    def add(self, payloads: bytes, ends: list[int]) -> None:
        """Adds payloads that stand one behind the other, and where each of them ends."""
        if self._failed:
            return
        packed = np.array(ends, dtype=ENDS).tobytes()
        head = np.array([len(ends), len(payloads)], dtype=ENDS).tobytes()
        self._waiting.append(head + packed + payloads)
        self._waiting_records += len(ends)
        if self._waiting_records >= LEAST_RECORDS:
            self._send()

    def result(self) -> pl.DataFrame | None:
        """The digests of all that was added; None where they are still to be made."""
        if self._process is None or self._failed:
            return None
        self._send()
        try:
            said, _ = self._process.communicate()
        except OSError:
            return None
        if self._process.returncode:
            return None
        return pl.read_ipc(BytesIO(said))

    def close(self) -> None:
        """Ends the process, whether or not it was asked for its result."""
        if self._process is None:
            return
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()
        self._process.wait()

    def _send(self) -> None:
        try:
            if self._process is None:
                self._process = _start(self._command)
            assert self._process.stdin is not None
            for message in self._waiting:
                self._process.stdin.write(message)
        except OSError:
            self._failed = True
        self._waiting.clear()


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
