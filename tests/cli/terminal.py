"""Runs the real command line on a real terminal: a pseudo one, whose screen the test reads."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.command import PROGRAM

CURSOR_HIDDEN, CURSOR_SHOWN = "\x1b[?25l", "\x1b[?25h"
CODES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")


class Terminal:
    """A command on a terminal of 100 columns; `seen` is all that it wrote, codes included."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self._process = process
        self._screen = screen
        self._raw = b""

    @property
    def seen(self) -> str:
        return self._raw.decode("utf-8", "replace")

    @property
    def text(self) -> str:
        """What was written, without codes; each line as it was last drawn is on its own."""
        return CODES.sub("", self.seen).replace("\r", "\n")

    def wait_for(self, text: str) -> None:
        """Reads until the text has been written."""
        while text not in self.text:
            assert self._read(), f"{text!r} was never written: {self.text}"

    def interrupt(self) -> None:
        """Ctrl-C: the signal goes to the whole group of processes."""
        os.killpg(self._process.pid, signal.SIGINT)

    def end(self) -> int:
        """Reads to the end; the exit status."""
        while self._read():
            pass
        return self._process.wait(timeout=60)

    def _read(self) -> bool:
        try:
            part = os.read(self._screen, 1 << 16)
        except OSError:  # Linux's way to say that nobody writes to a pseudo terminal any more
            part = b""
        self._raw += part
        return bool(part)


@contextmanager
def on_terminal(*arguments: object, **environment: str) -> Iterator[Terminal]:
    """Runs `datakit` with these arguments on a terminal of its own."""
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    )
    os.close(terminal)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)
