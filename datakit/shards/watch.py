"""Whether the sources of a build stay as they were when it was planned."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat

from datakit.errors import DataError
from datakit.io.trees import stamp_of
from datakit.io.trees.source_path import URL
from datakit.planning import Plan
from datakit.shards.task import ShardTask

SHOWN_NAMES = 5


class SourceWatch:
    """The images of each shard as they were at first, by size and time of change.

    Of files in buckets the size alone is compared, when they are read.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._first: dict[str, array[int]] = {}
        self._local = {
            name: part.images
            for name, part in plan.by_source.items()
            if not URL.match(str(part.images.root))
        }

    def stamped(self, tasks: Sequence[ShardTask]) -> list[ShardTask]:
        """The tasks, each with a digest of its images' stamps, which are remembered."""
        return [replace(task, images_digest=self._first_digest(task)) for task in tasks]

    def refuse_changed_images(self, task: ShardTask) -> None:
        """Compares the images of a shard that was written with what they were at first.

        Raises:
            DataError: some changed; it names them.
        """
        first, now = self._first[task.path], _hashed(self._stamps(task))
        if now != first:
            changed = [
                pair for pair, a, b in zip(self._images(task), first, now, strict=True) if a != b
            ]
            raise _changed([f"{name} of source {source}" for source, name in changed])

    def refuse_changed_annotations(self) -> None:
        """Compares every file that records came from with what it was when it was opened.

        Raises:
            DataError: some changed; it names them.
        """
        seen = {
            place: stamp
            for part in self._plan.by_source.values()
            for place, stamp in part.images.root.tree.trace.items()
            if not URL.match(place[0]) and stamp and not stamp.startswith("folder")
        }
        changed = [
            f"{root}/{name}" for (root, name), s in seen.items() if stamp_of(root, name) != s
        ]
        if changed:
            raise _changed(changed)

    def _first_digest(self, task: ShardTask) -> str:
        stamps = self._stamps(task)
        self._first[task.path] = _hashed(stamps)
        return hashlib.sha256("\n".join(stamps).encode()).hexdigest()

    def _images(self, task: ShardTask) -> Iterator[tuple[str, str]]:
        """Source and name of each image of a shard."""
        samples = self._plan.samples.slice(task.start, task.samples)
        return samples.select("source", "images").explode("images").drop_nulls().iter_rows()

    def _stamps(self, task: ShardTask) -> list[str]:
        """The stamp of each image of a shard."""
        images = [*self._images(task)]
        names: dict[str, list[str]] = {}
        for source, name in images:
            names.setdefault(source, []).append(name)
        found = {source: self._stamps_of(source, own) for source, own in names.items()}
        return [next(found[source]) for source, _ in images]

    def _stamps_of(self, source: str, names: Sequence[str]) -> Iterator[str]:
        return map(str, self._local[source].stamps(names)) if source in self._local else repeat("")


def _hashed(stamps: Iterable[str]) -> array[int]:
    """Eight bytes of each: enough to tell, within this process, which of them changed."""
    return array("q", map(hash, stamps))


def shard_tasks(plan: Plan) -> list[ShardTask]:
    """The shards as consecutive rows of the plan."""
    return [ShardTask(path=s.path, start=s.start, samples=s.samples) for s in plan.shards]


def _changed(names: Sequence[str]) -> DataError:
    more = f" and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else ""
    return DataError(
        f"changed since the plan was made: {', '.join(names[:SHOWN_NAMES])}{more}. Run the same "
        "command again when nothing else writes there; shards that they are in are written anew."
    )
