"""One unit of work: a shard is a function of the plan and the sources, wherever it is run."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from datakit.errors import DataError
from datakit.instructize import Fault, Instructor, Part, RenderedConversation, converse
from datakit.io.image_header import ImageError
from datakit.io.plain_table import plain_array, table_of_rows
from datakit.record import Provenance, Sample
from datakit.shards.contents import Records, ShardContents, rows_of
from datakit.shards.index import INDEX_SCHEMA, REJECTS_SCHEMA
from datakit.shards.sample_images import Loaded, SampleImage, load_images
from datakit.shards.sample_json import encode_sample
from datakit.shards.tar import TarWriter
from datakit.shards.task import ShardDone, ShardTask, SourceJob, WriteJob

SHARD_COLUMN = INDEX_SCHEMA.get_field_index("shard")
ROW_SCHEMA = INDEX_SCHEMA.remove(SHARD_COLUMN)
PLANNED = [
    "key", "source", "task", "split", "repeat", "images", "image_bytes",
    "rows", "row_sources", "duplicates",
]  # fmt: skip
SAMPLES_AT_ONCE = 8192  # whose records are in memory: a shard of short texts has half a million

Record = tuple[str, dict[str, Any]]  # a source's name and a row of its spool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """What writing one shard gave.

    Attributes:
        rows: of the index.
        rejects: the records that it rejected.
        members: MEMBERS_SCHEMA, of the tar.
    """

    done: ShardDone
    rows: pa.Table
    rejects: pa.Table
    members: pa.Table


class ShardWriter:
    """Writes shards of one build; holds what they share.

    Args:
        scratch: a folder of this machine, for what one shard needs while it is written.
    """

    def __init__(self, job: WriteJob, scratch: Path) -> None:
        self._job = job
        self._scratch = scratch
        self._names = list(job.sources)
        self._instructors = {
            name: Instructor(source.instructions) for name, source in job.sources.items()
        }

    def write(self, task: ShardTask, contents: ShardContents) -> ShardResult:
        """Writes one shard and its `.idx`, each whole or not at all.

        A record that cannot be phrased is rejected; all of a sample are where its images fail
        their check.

        Raises:
            DataError: an image changed since the plan was made.
        """
        started, samples = time.perf_counter(), contents.samples
        parts: list[pa.Table] = []
        rejects: list[dict[str, str]] = []
        with (
            self._staged(samples),
            self._job.store.whole_file(task.path) as temporary,
            closing(TarWriter(temporary)) as tar,
        ):
            images = self._images(samples)
            for some in samples.iter_slices(SAMPLES_AT_ONCE):
                added = self._add_all(tar, some, contents.records(some), images, rejects)
                parts.append(table_of_rows([*added], ROW_SCHEMA))
            end = tar.offset
            sha256 = tar.finish()
            size_bytes = tar.offset
        shard = plain_array([Path(task.path).name] * sum(map(len, parts)), pl.String)
        index = pa.concat_tables(parts).add_column(SHARD_COLUMN, "shard", shard)
        index = index.cast(INDEX_SCHEMA).combine_chunks()
        offsets = _offsets(index["offset"].to_pylist(), end)
        self._job.store.write(f"{task.path}.idx", offsets)
        done = ShardDone(
            path=task.path,
            samples=index.num_rows,
            bytes=size_bytes,
            sha256=sha256,
            offsets_bytes=len(offsets),
            offsets_sha256=hashlib.sha256(offsets).hexdigest(),
            seconds=time.perf_counter() - started,
        )
        return ShardResult(
            done=done,
            rows=index,
            rejects=table_of_rows(rejects, REJECTS_SCHEMA),
            members=tar.members(),
        )

    @contextmanager
    def _staged(self, samples: pl.DataFrame) -> Iterator[None]:
        """Brings the images of a shard that are cells of tables together on disk."""
        with ExitStack() as stack:
            names = samples.group_by("source").agg(pl.col("images").explode())
            for source, own in names.iter_rows():
                images = self._job.sources[source].images
                stack.enter_context(images.staged(filter(None, own), self._scratch))
            yield

    def _images(self, samples: pl.DataFrame) -> Iterator[Loaded]:
        """The images of each sample, or why they cannot be used."""
        wanted = (
            (self._job.sources[source].images, names)
            for source, names in samples.select("source", "images").iter_rows()
        )
        return load_images(wanted, self._job.images, threads=self._job.image_threads)

    def _add_all(
        self,
        tar: TarWriter,
        samples: pl.DataFrame,
        records: Records,
        images: Iterator[Loaded],
        rejects: list[dict[str, str]],
    ) -> Iterator[dict[str, Any]]:
        """Appends samples to the tar; yields their rows of the index, and notes what is rejected.

        Args:
            records: of these samples.
            images: of these samples and all that follow.
        """
        for planned in samples.select(PLANNED).iter_rows(named=True):
            parts = [(name, records[name][row]) for name, row in rows_of(planned, self._names)]
            loaded = next(images)
            if isinstance(loaded, ImageError):
                rejects += [_reject(part, loaded.reason, loaded.detail) for part in parts]
                continue
            row, faults = self._add(tar, planned, parts, loaded)
            rejects += [_reject(parts[f.part], f.reason, f.detail) for f in faults]
            if row is not None:
                yield row

    def _add(
        self,
        tar: TarWriter,
        planned: dict[str, Any],
        parts: list[Record],
        images: tuple[SampleImage, ...],
    ) -> tuple[dict[str, Any] | None, tuple[Fault, ...]]:
        """Appends one sample to the tar; returns its index row, and records that are not in it.

        There is no row, and nothing was appended, where no record could be phrased.
        """
        source = self._job.sources[planned["source"]]
        key, names = planned["key"], planned["images"]
        if sum(image.source_bytes for image in images) != planned["image_bytes"]:
            raise DataError(
                f"source {source.name!r}: the size of {', '.join(names)} changed since the plan "
                "was made. Run the build again when nothing else writes there."
            )
        conversation = converse(
            key,
            [
                Part(
                    instructor=self._instructors[name],
                    record_id=part["record_id"],
                    payload=part["payload"],
                    duplicates=tuple(duplicates or ()),
                )
                for (name, part), duplicates in zip(parts, planned["duplicates"], strict=True)
            ],
            [image.view for image in images],
        )
        if not conversation.turns:
            return None, conversation.faults
        left_out = {fault.part for fault in conversation.faults}
        used = [part for number, part in enumerate(parts) if number not in left_out]
        members = _member_names(images)
        sample = _sample(source, planned, conversation, members, images)
        offset = tar.offset
        tar.add(f"{key}.json", encode_sample(sample))
        for member, image in zip(members, images, strict=True):
            tar.add(f"{key}.{member}", image.data)
        row = _index_row(source, planned, sample, conversation, images, used)
        row |= {"offset": offset, "size": tar.offset - offset}
        return row, conversation.faults


def _offsets(offsets: list[int], end: int) -> bytes:
    """Energon's `.tar.idx`: where each sample starts, and where the last one ends."""
    return np.asarray([*offsets, end], dtype=np.uint64).tobytes()


def _member_names(images: Sequence[SampleImage]) -> tuple[str, ...]:
    """What follows the key in each image's name: `jpg` for one, `0.jpg`, `1.png` for several."""
    if len(images) == 1:
        return (images[0].header.extension,)
    return tuple(f"{index}.{image.header.extension}" for index, image in enumerate(images))


def _sample(
    source: SourceJob,
    planned: dict[str, Any],
    conversation: RenderedConversation,
    members: tuple[str, ...],
    images: Sequence[SampleImage],
) -> Sample:
    provenance = Provenance(
        license=source.license, repeat=planned["repeat"], turns=conversation.turns
    )
    return Sample(
        id=planned["key"],
        source=source.name,
        dataset=source.dataset,
        task=planned["task"],
        messages=conversation.messages,
        images=members,
        image_sha256=tuple(image.sha256 for image in images),
        objects=conversation.objects,
        provenance=provenance,
    )


def _index_row(
    source: SourceJob,
    planned: dict[str, Any],
    sample: Sample,
    conversation: RenderedConversation,
    images: Sequence[SampleImage],
    parts: list[Record],
) -> dict[str, Any]:
    system = [m.content for m in sample.messages if m.role == "system"]
    spoken = sample.messages[len(system) :]
    turns = zip(spoken[::2], spoken[1::2], strict=True)
    return {
        "key": sample.id,
        "split": planned["split"],
        "source": source.name,
        "dataset": source.dataset,
        "task": sample.task,
        "category": source.category,
        "license": source.license,
        "num_turns": len(conversation.turns),
        "num_images": len(images),
        "image_width_px": [image.header.width_px for image in images],
        "image_height_px": [image.header.height_px for image in images],
        "image_sha256": list(sample.image_sha256),
        "image_orientation": [image.header.orientation for image in images],
        "image_changes": [" ".join(image.changes) for image in images],
        "turn_chars": [len(user.content) + len(answer.content) for user, answer in turns],
        "templates": [turn.template for turn in conversation.turns],
        "inverted": [turn.inverted for turn in conversation.turns],
        "system": system[0] if system else "",
        "response_format": conversation.response_format,
        "misfit_turns": conversation.misfit_turns,
        "short_turns": conversation.short_turns,
        "unprompted_short_turns": conversation.unprompted_short_turns,
        "repeat": sample.provenance.repeat,
        "record_ids": [part["record_id"] for _, part in parts],
        "record_sources": [name for name, _ in parts],
    }


def _reject(part: Record, reason: str, detail: str) -> dict[str, str]:
    name, record = part
    return {
        "source": name,
        "record_id": record["record_id"],
        "place": record["place"],
        "reason": reason,
        "detail": detail,
        "kept_record_id": "",
    }
