"""Texts of samples that two builds have in common: both are read once, sample by sample."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from datakit.errors import DamageError
from datakit.shards.tar import BLOCK_BYTES

READ_BYTES = 8192
MOST_OPEN_SHARDS = 64
NOTED_SAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedText:
    """A sample of both builds whose conversation differs; a message is its role and its text."""

    key: str
    source: str
    before: list[tuple[str, str]]
    after: list[tuple[str, str]]


def changed_texts(
    places: pl.DataFrame,
    builds: tuple[Path, Path],
    on_samples: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[ChangedText]:
    """Yields each sample whose messages differ.

    Args:
        places: `key`, `source`, `shard`, `offset`, `shard_b` and `offset_b` of each sample that
            both builds have.
        on_samples: called now and then with the samples done and all.

    Raises:
        DamageError: a shard is not what its index says.
    """
    columns = ("key", "source", "shard", "offset", "shard_b", "offset_b")
    rows = places.select(columns).sort("shard", "offset").iter_rows()
    with closing(_ShardReader(builds[0])) as before, closing(_ShardReader(builds[1])) as after:
        for done, (key, source, shard, offset, shard_b, offset_b) in enumerate(rows, 1):
            one, other = before.json_of(shard, offset), after.json_of(shard_b, offset_b)
            # Most are the same to the byte, and need no parsing.
            if one != other:
                texts = _messages(one, key, builds[0]), _messages(other, key, builds[1])
                if texts[0] != texts[1]:
                    yield ChangedText(key=key, source=source, before=texts[0], after=texts[1])
            if done % NOTED_SAMPLES == 0 or done == len(places):
                on_samples(done, len(places))


def _messages(data: bytes, key: str, build: Path) -> list[tuple[str, str]]:
    try:
        fields = orjson.loads(data)
        if fields["id"] != key:
            raise DamageError(f"{build}: {fields['id']} stands where the index has {key}.")
        return [(message["role"], message["content"]) for message in fields["messages"]]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DamageError(f"{build}: {key} is not a sample: {error!r}") from error


class _ShardReader:
    """Reads the JSON of samples of one build, and none of their images."""

    def __init__(self, build: Path) -> None:
        self._build = build
        self._open: dict[str, int] = {}

    def close(self) -> None:
        with ExitStack() as stack:
            for descriptor in self._open.values():
                stack.callback(os.close, descriptor)

    def json_of(self, shard: str, offset: int) -> bytes:
        path = self._build / "shards" / shard
        try:
            descriptor = self._descriptor(shard, path)
            start = os.pread(descriptor, READ_BYTES, offset)
            size = tarfile.TarInfo.frombuf(start[:BLOCK_BYTES], "utf-8", "strict").size
            data = start[BLOCK_BYTES : BLOCK_BYTES + size]
            if len(data) < size:
                data += os.pread(descriptor, size - len(data), offset + BLOCK_BYTES + len(data))
        except OSError as error:
            raise DamageError(f"{path}: {error.strerror}.") from error
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise DamageError(f"{path}, byte {offset}: no tar header: {error}") from error
        return data

    def _descriptor(self, shard: str, path: Path) -> int:
        if shard not in self._open:
            if len(self._open) == MOST_OPEN_SHARDS:
                os.close(self._open.pop(next(iter(self._open))))
            self._open[shard] = os.open(path, os.O_RDONLY)
        return self._open[shard]
