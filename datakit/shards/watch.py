"""Whether the sources of a build stay as they were when it was planned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from datakit.errors import DataError
from datakit.io.trees import stamp_of
from datakit.io.trees.source_path import URL
from datakit.planning import Plan
from datakit.shards.task import ShardTask

SHOWN_NAMES = 5
STAMP_BYTES = 8


class SourceWatch:
    """The images of each shard as they were at first, by size and time of change.

    Of files in buckets the size alone is compared, when they are read.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._first: dict[str, bytes] = {}
        self._local = {
            name: part.images
            for name, part in plan.by_source.items()
            if not URL.match(str(part.images.root))
        }

    def stamped(self, tasks: Sequence[ShardTask]) -> list[ShardTask]:
        """The tasks, each with a digest of its images' stamps, which are remembered."""
        for task in tasks:
            self._first[task.path] = b"".join(stamp for _, _, stamp in self._stamps(task))
        digests = (hashlib.sha256(self._first[task.path]).hexdigest() for task in tasks)
        return [replace(t, images_digest=d) for t, d in zip(tasks, digests, strict=True)]

    def refuse_changed_images(self, task: ShardTask) -> None:
        """Compares the images of a shard that was written with what they were at first.

        Raises:
            DataError: some changed; it names them.
        """
        first = self._first[task.path]
        changed = [
            f"{name} of source {source}"
            for number, (source, name, stamp) in enumerate(self._stamps(task))
            if first[number * STAMP_BYTES : (number + 1) * STAMP_BYTES] != stamp
        ]
        if changed:
            raise _changed(changed)

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

    def _stamps(self, task: ShardTask) -> Iterator[tuple[str, str, bytes]]:
        """Source, name and stamp of each image of a shard."""
        samples = self._plan.samples.slice(task.start, task.samples)
        named = samples.select("source", "images").explode("images").drop_nulls()
        for source, name in named.iter_rows():
            files = self._local.get(source)
            stamp = str(files.stamp(name)) if files else ""
            yield source, name, hashlib.blake2b(stamp.encode(), digest_size=STAMP_BYTES).digest()


def shard_tasks(plan: Plan) -> list[ShardTask]:
    """The shards as consecutive rows of the plan."""
    return [ShardTask(path=s.path, start=s.start, samples=s.samples) for s in plan.shards]


def _changed(names: Sequence[str]) -> DataError:
    more = f" and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else ""
    return DataError(
        f"changed since the plan was made: {', '.join(names[:SHOWN_NAMES])}{more}. Run the same "
        "command again when nothing else writes there; shards that they are in are written anew."
    )
