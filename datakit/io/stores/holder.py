"""Who writes into a store, so that whoever else wants to can be told."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

BOOT = Path("/proc/sys/kernel/random/boot_id")
START_FIELD = 19  # of /proc/PID/stat, counted behind the command's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process that writes into a store.

    Attributes:
        since: when it began, by its own clock; only to be read by people.
        place: one boot of one machine, and the namespace that `pid` counts in; may be empty.
        started: when the process began, in ticks since that boot; may be empty.
    """

    pid: int
    host: str
    user: str
    command: str
    since: str
    place: str
    started: str

    @staticmethod
    def this() -> Holder:
        """The process that asks."""
        return Holder(
            pid=os.getpid(),
            host=socket.gethostname(),
            user=_user(),
            command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            place=_place(),
            started=_started(os.getpid()),
        )

    @staticmethod
    def parse(data: bytes) -> Holder | None:
        """A holder as it was dumped; None where that was half written, or is something else."""
        try:
            return Holder(**orjson.loads(data))
        except (ValueError, TypeError):
            return None

    def dump(self) -> bytes:
        """As JSON."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2) + b"\n"

    def is_gone(self) -> bool:
        """Whether the process surely runs no more: known only within one boot of one machine."""
        return self.place != "" and self.place == _place() and _started(self.pid) != self.started

    def __str__(self) -> str:
        return (
            f"process {self.pid} of {self.user} on {self.host}, since {self.since}: {self.command}"
        )


def _user() -> str:
    with suppress(KeyError, OSError, ImportError):  # a container may run as nobody in particular
        return getpass.getuser()
    return f"user {os.getuid()}"


def _place() -> str:
    with suppress(OSError):
        return f"{BOOT.read_text().strip()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    return ""


def _started(pid: int) -> str:
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return stat.rpartition(")")[2].split()[START_FIELD]
    return ""
