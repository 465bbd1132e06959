"""What a worker is told, and what it tells back: plain values that travel between machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datakit.instructize import Instructions
from datakit.io.image_files import ImageFiles
from datakit.io.image_style import ImageStyle
from datakit.io.stores import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceJob:
    """What a worker needs to know of one source."""

    name: str
    dataset: str
    category: str
    license: str
    images: ImageFiles
    instructions: Instructions


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteJob:
    """What a worker needs to write any shard of a build.

    Attributes:
        digests: of the shards; see `shard_digests`.
        image_threads: that check and encode images within one worker.
    """

    store: Store
    digests: Mapping[str, str]
    images: ImageStyle
    sources: Mapping[str, SourceJob]
    image_threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTask:
    """One shard: its path in the store, and its rows of the plan.

    Attributes:
        images_digest: changes when one of its images is written again; of one machine alone.
    """

    path: str
    start: int
    samples: int
    images_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardDone:
    """One shard that is whole in the store.

    Attributes:
        bytes: of the tar file, as `sha256`.
        offsets_bytes: of its `.idx`, as `offsets_sha256`.
    """

    path: str
    samples: int
    bytes: int
    sha256: str
    offsets_bytes: int
    offsets_sha256: str
    seconds: float
