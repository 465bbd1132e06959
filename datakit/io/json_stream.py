"""JSON of any size, a record at a time, hashed on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import ijson
import orjson

from datakit.errors import FormatError
from datakit.io.trees import SourcePath

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
HEAD_BYTES = 1 << 16
FIRST_LINE_BYTES = 16 << 20
DRAIN_BYTES = 1 << 20


class HashedFile:
    """A binary file that is hashed as it is read; `drain` reads what is left."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        """As a file's `read`."""
        return self._count(self._file.read(size))

    def readline(self, size: int = -1) -> bytes:
        """As a file's `readline`."""
        return self._count(self._file.readline(size))

    def drain(self) -> str:
        """Reads to the end and returns the SHA-256 of the whole file."""
        while self.read(DRAIN_BYTES):
            pass
        return self._sha256.hexdigest()

    def _count(self, data: bytes) -> bytes:
        self._sha256.update(data)
        self.bytes_read += len(data)
        return data


class JsonRecords:
    """The records of one JSON file: a list, a list under a key, or JSON lines.

    Which of them is seen from the first bytes, not from the name. Iterating yields
    `(row, value)`; a line that is not JSON yields `(row, BadLine)`. `sha256` is the file's
    digest, known after the iteration, also where it ended early.

    Args:
        keys: names under which the list may stand, such as `("data",)`.

    Raises:
        FormatError: cut off, not JSON, or a list under none of the keys.
    """

    def __init__(self, path: Path | SourcePath, keys: Sequence[str] = ()) -> None:
        self.path = path
        self.keys = keys
        self.sha256 = ""

    def __iter__(self) -> Generator[tuple[int, Any], None, None]:
        try:
            with self.path.open("rb") as raw:
                file = HashedFile(raw)
                try:
                    yield from self._records(raw, file)
                finally:
                    self.sha256 = file.drain()
        except OSError as error:
            raise FormatError(f"{self.path}: cannot be read: {error.strerror}.") from error

    def _records(self, raw: IO[bytes], file: HashedFile) -> Iterator[tuple[int, Any]]:
        head = raw.read(HEAD_BYTES)
        raw.seek(0)
        if head.startswith(BYTE_ORDER_MARK):
            file.read(len(BYTE_ORDER_MARK))
            head = head[len(BYTE_ORDER_MARK) :]
        first = head.lstrip()[:1]
        if not first:
            raise FormatError(f"{self.path}: the file is empty; expected JSON.")
        if first == b"[":
            yield from self._stream(file, "item")
        elif first == b"{":
            yield from self._object_or_lines(raw, file)
        else:
            raise FormatError(
                f"{self.path}: starts with {head[:20]!r}; expected a JSON list, an object or "
                "JSON lines."
            )

    def _object_or_lines(self, raw: IO[bytes], file: HashedFile) -> Iterator[tuple[int, Any]]:
        start = raw.tell()
        while not (first_line := raw.readline(FIRST_LINE_BYTES)).strip():
            pass
        more = bool(raw.read(1))
        raw.seek(start)
        whole = _loads(first_line)
        named_lines = self.path.suffix == ".jsonl"
        if named_lines or (isinstance(whole, dict) and (more or not set(self.keys) & set(whole))):
            yield from self._lines(file)
        elif not self.keys:
            raise FormatError(f"{self.path}: an object; expected a JSON list or JSON lines.")
        else:
            yield from self._stream(file, f"{self._list_key()}.item")

    def _list_key(self) -> str:
        """The first of the object's keys that holds the records."""
        found: list[str] = []
        with self.path.open("rb") as raw:
            try:
                for prefix, event, value in ijson.parse(raw):
                    if prefix == "" and event == "map_key":
                        found.append(value)
                        if value in self.keys:
                            return str(value)
            except ijson.JSONError as error:
                raise FormatError(f"{self.path}: not valid JSON: {error}") from error
        raise FormatError(
            f"{self.path}: an object with the keys {', '.join(found[:8])}; expected a list, or a "
            f"list under {' or '.join(map(repr, self.keys))}."
        )

    def _stream(self, file: HashedFile, prefix: str) -> Iterator[tuple[int, Any]]:
        row = -1
        try:
            for row, value in enumerate(ijson.items(file, prefix, use_float=True)):
                yield row, value
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise FormatError(
                f"{self.path}: broken after {row + 1} whole records, within the first "
                f"{file.bytes_read} bytes: {_one_line(error)}. {_mend(error)}"
            ) from error

    def _lines(self, file: HashedFile) -> Iterator[tuple[int, Any]]:
        row = 0
        while line := file.readline():
            if not line.strip():
                continue
            value = _loads(line)
            yield row, BadLine(_one_line(line[:80])) if value is None else value
            row += 1


class BadLine:
    """A line of a JSON-lines file that is not JSON."""

    def __init__(self, start: str) -> None:
        self.start = start


def _loads(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _mend(error: Exception) -> str:
    if "EOF" in str(error) or "ncomplete" in str(error):
        return "The file may be cut off; fetch it again."
    return "Mend the file there, or fetch it again."


def _one_line(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return " ".join(text.split())
