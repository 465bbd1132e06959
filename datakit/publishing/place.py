"""What a place for builds can do, and how it is told whose build is there."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from datakit.shards.manifest import FileEntry, Manifest
from datakit.shards.mixture_lock import LOCK

OnFile = Callable[[str, int, int], None]
SHOWN_LINES, SHOWN_NAMES = 30, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A whole build that is to be sent: its folder, and each of its files by path."""

    build: Path
    manifest: Manifest
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A build beside what is at a place: paths to send, kept as they are, and removed."""

    send: list[str]
    kept: list[str]
    removed: list[str]


class Place(ABC):
    """Where a build can be sent to.

    Attributes:
        name: what one would open: `owner/name`, or a path.
        address: a URL or a path.
    """

    name: str
    address: str

    @abstractmethod
    def compare(self, offer: Offer, *, force: bool) -> Comparison:
        """What would have to change there.

        Raises:
            OutputError: there is something else, or another build that `force` does not replace.
        """

    @abstractmethod
    def send(self, offer: Offer, comparison: Comparison, on_file: OnFile, *, force: bool) -> None:
        """Makes the place hold the build, all at once.

        Raises:
            OutputError: something else came there meanwhile.
            DataError: the place cannot be reached, or is full.
        """


def difference(there: str, offer: Offer, name: str) -> str:
    """The lines in which the lock file that is there differs from the build's own."""
    here = (offer.build / LOCK).read_text(encoding="utf-8")
    lines = difflib.unified_diff(
        there.splitlines(), here.splitlines(), name, str(offer.build), lineterm="", n=1
    )
    return "\n  ".join(list(lines)[:SHOWN_LINES])


def listed(paths: Collection[str]) -> str:
    """The first paths, and how many more there are."""
    more = f" and {len(paths) - SHOWN_NAMES:,} more" if len(paths) > SHOWN_NAMES else ""
    return ", ".join(sorted(paths)[:SHOWN_NAMES]) + more
