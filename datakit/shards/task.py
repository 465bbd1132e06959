"""What a worker is told, and what it tells back: plain values that travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datakit.instructize import Instructions
from datakit.io.image_files import ImageFiles
from datakit.io.image_style import ImageStyle

PLAN = "plan.arrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceJob:
    """What a worker needs to know of one source."""

    name: str
    dataset: str
    category: str
    license: str
    spool: Path
    images: ImageFiles
    instructions: Instructions


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteJob:
    """What a worker needs to write any shard of a build.

    Attributes:
        digests: of the shards; see `shard_digests`.
        image_threads: that check and encode images within one worker.
    """

    out: Path
    work: Path
    digests: Mapping[str, str]
    images: ImageStyle
    sources: Mapping[str, SourceJob]
    image_threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTask:
    """One shard: its path under `out`, and its rows of the plan."""

    path: str
    start: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardDone:
    """One shard that is whole on disk; `bytes` and `sha256` are of the tar file."""

    path: str
    samples: int
    bytes: int
    sha256: str
    seconds: float
