"""One unit of work: a shard is a function of the plan and the sources, wherever it is run."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from datakit.errors import DataError
from datakit.instructize import Fault, Instructor, Part, RenderedConversation, converse
from datakit.io.image_header import ImageError, ImageHeader, read_header
from datakit.record import Provenance, Sample
from datakit.shards.contents import ShardContents, rows_of
from datakit.shards.index import INDEX_SCHEMA, REJECTS_SCHEMA
from datakit.shards.sample_json import encode_sample
from datakit.shards.tar import TarWriter
from datakit.shards.task import ShardDone, ShardTask, SourceJob, WriteJob
from datakit.sources.spool import parse_records

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    data: bytes
    header: ImageHeader
    sha256: str


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
        started = time.perf_counter()
        samples = contents.samples
        records = {name: parse_records(table) for name, table in contents.records.items()}
        rows: list[dict[str, Any]] = []
        rejects: list[dict[str, str]] = []
        with (
            self._staged(samples),
            self._job.store.whole_file(task.path) as temporary,
            TarWriter(temporary) as tar,
        ):
            for planned in samples.iter_rows(named=True):
                parts = [(name, records[name][row]) for name, row in rows_of(planned, self._names)]
                try:
                    row, faults = self._add(tar, planned, parts)
                except ImageError as error:
                    rejects += [_reject(part, error.reason, error.detail) for part in parts]
                    continue
                rejects += [_reject(parts[f.part], f.reason, f.detail) for f in faults]
                if row is not None:
                    rows.append({**row, "shard": Path(task.path).name})
            end = tar.offset
            sha256 = tar.finish()
            size_bytes = tar.offset
        offsets = _offsets([row["offset"] for row in rows], end)
        self._job.store.write(f"{task.path}.idx", offsets)
        done = ShardDone(
            path=task.path,
            samples=len(rows),
            bytes=size_bytes,
            sha256=sha256,
            offsets_bytes=len(offsets),
            offsets_sha256=hashlib.sha256(offsets).hexdigest(),
            seconds=time.perf_counter() - started,
        )
        return ShardResult(
            done=done,
            rows=pa.Table.from_pylist(rows, schema=INDEX_SCHEMA),
            rejects=pa.Table.from_pylist(rejects, schema=REJECTS_SCHEMA),
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

    def _add(
        self, tar: TarWriter, planned: dict[str, Any], parts: list[Record]
    ) -> tuple[dict[str, Any] | None, tuple[Fault, ...]]:
        """Appends one sample to the tar; returns its index row, and records that are not in it.

        There is no row, and nothing was appended, where no record could be phrased.
        """
        source = self._job.sources[planned["source"]]
        key, names = planned["key"], planned["images"]
        images = [self._image(source, name) for name in names]
        if sum(len(image.data) for image in images) != planned["image_bytes"]:
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
            [(image.header.width_px, image.header.height_px) for image in images],
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
        where = {"offset": offset, "size": tar.offset - offset}
        row = _index_row(source, planned, sample, conversation, images, used)
        return {**where, **row}, conversation.faults

    def _image(self, source: SourceJob, name: str) -> _Image:
        try:
            data = source.images.read(name)
        except OSError as error:
            raise ImageError("image-unreadable", f"{name}: {error.strerror or error}") from error
        try:
            header = read_header(data, check=self._job.check)
        except ImageError as error:
            raise ImageError(error.reason, f"{name}: {error.detail}") from error
        return _Image(data=data, header=header, sha256=hashlib.sha256(data).hexdigest())


def _offsets(offsets: list[int], end: int) -> bytes:
    """Energon's `.tar.idx`: where each sample starts, and where the last one ends."""
    return np.asarray([*offsets, end], dtype=np.uint64).tobytes()


def _member_names(images: list[_Image]) -> tuple[str, ...]:
    """What follows the key in each image's name: `jpg` for one, `0.jpg`, `1.png` for several."""
    if len(images) == 1:
        return (images[0].header.extension,)
    return tuple(f"{index}.{image.header.extension}" for index, image in enumerate(images))


def _sample(
    source: SourceJob,
    planned: dict[str, Any],
    conversation: RenderedConversation,
    members: tuple[str, ...],
    images: list[_Image],
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
    images: list[_Image],
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
