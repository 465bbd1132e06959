"""Rows of JSON, with each image once in a file beside them."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from datakit.exporting.targets.base import Target
from datakit.inspect import LoadedSample
from datakit.io.atomic import whole_file
from datakit.record import Message

COPY_BYTES = 1 << 20


class JsonTarget(Target):
    """A format of JSON rows that name images by their paths: `images/ab/<sha256>.jpg`."""

    @abstractmethod
    def row(self, sample: LoadedSample, images: list[str]) -> dict[str, Any]:
        """One row; `images` are relative to the folder, in the order of the placeholders."""

    def convert(self, sample: LoadedSample) -> dict[str, Any]:
        """One row, its images written where they are not there yet."""
        return self.row(sample, self._write_images(sample))

    def _write_images(self, sample: LoadedSample) -> list[str]:
        names = []
        members = zip(sample.images, sample.image_sha256, sample.image_bytes, strict=True)
        for member, digest, data in members:
            names.append(f"images/{digest[:2]}/{digest}.{member.rpartition('.')[2]}")
            path = self.folder / names[-1]
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                self.image_files += 1
        return names


class JsonLinesTarget(JsonTarget):
    """JSON lines in the order of the build, but for the first.

    `datasets` takes the types of all columns from the first 10 MB and crashes where one that was
    empty there is filled later. So the first line is the first of those with most fields filled.
    """

    def write(self, split: str, samples: Iterable[LoadedSample]) -> None:
        path = self.folder / f"{split}.jsonl"
        most, start, size = 0, 0, 0
        with path.open("wb") as file:
            for sample in samples:
                row = self.convert(sample)
                line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
                if (filled := sum(map(bool, row.values()))) > most:
                    most, start, size = filled, file.tell(), len(line)
                file.write(line)
        if start:
            _move_to_front(path, start, size)


def system_and_turns(sample: LoadedSample) -> tuple[str, tuple[Message, ...]]:
    """The system message's text, empty where there is none, and the messages after it."""
    first, *rest = sample.messages
    return (first.content, tuple(rest)) if first.role == "system" else ("", sample.messages)


def _move_to_front(path: Path, start: int, size: int) -> None:
    """Moves the `size` bytes at `start` to the start of a file."""
    with (
        path.open("rb") as old,
        whole_file(path, synced=False) as temporary,
        temporary.open("wb") as new,
    ):
        old.seek(start)
        new.write(old.read(size))
        old.seek(0)
        while old.tell() < start:
            new.write(old.read(min(COPY_BYTES, start - old.tell())))
        old.seek(start + size)
        shutil.copyfileobj(old, new, COPY_BYTES)
