"""JSON of any size, a record at a time, hashed on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from datakit.errors import FormatError
from datakit.io.json_text import BrokenJson, JsonText, parse_json
from datakit.io.trees import SourcePath

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
HEAD_BYTES = 1 << 16
FIRST_LINE_BYTES = 16 << 20
DRAIN_BYTES = 1 << 20
BLOCK_BYTES = 1 << 18


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

    def lines(self) -> Iterator[bytes]:
        """Yields every line without its end; a block is read and hashed at once."""
        pieces: list[bytes] = []
        while block := self.read(BLOCK_BYTES):
            first, *others = block.split(b"\n")
            pieces.append(first)
            if others:
                yield b"".join(pieces)
                yield from others[:-1]
                pieces = others[-1:]
        yield b"".join(pieces)

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
        if first == b"{" and self._is_lines(raw):
            yield from self._lines(file)
        elif first in (b"[", b"{"):
            yield from self._list(JsonText(file.read, file.bytes_read), first == b"{")
        else:
            raise FormatError(
                f"{self.path}: starts with {head[:20]!r}; expected a JSON list, an object or "
                "JSON lines."
            )

    def _is_lines(self, raw: IO[bytes]) -> bool:
        """Whether what starts like an object is one a line."""
        if self.path.suffix == ".jsonl":
            return True
        start = raw.tell()
        while not (first_line := raw.readline(FIRST_LINE_BYTES)).strip():
            pass
        more = bool(raw.read(1))
        raw.seek(start)
        whole = _line_value(first_line) if len(first_line) < FIRST_LINE_BYTES else None
        if isinstance(whole, dict) and (more or not set(self.keys) & set(whole)):
            return True
        if not self.keys:
            raise FormatError(f"{self.path}: an object; expected a JSON list or JSON lines.")
        return False

    def _list(self, text: JsonText, in_object: bool) -> Iterator[tuple[int, Any]]:
        count = 0
        try:
            for value in self._under_key(text) if in_object else text.items():
                yield count, value
                count += 1
            text.end()
        except BrokenJson as error:
            mend = "The file may be cut off; fetch" if error.cut_off else "Mend it there, or fetch"
            raise FormatError(
                f"{self.path}: broken after {count} whole records, at byte {error.at_byte:,}: "
                f"{error}. {mend} it again."
            ) from error

    def _under_key(self, text: JsonText) -> Iterator[Any]:
        """The items of the list under the first of the object's keys that is expected."""
        found: list[str] = []
        for key in text.keys():  # noqa: SIM118 - no mapping
            is_list = key in self.keys and not set(found) & set(self.keys)
            found.append(key)
            if not is_list:
                text.skip()
            elif text.peek() == "[":
                yield from text.items()
            else:
                raise FormatError(f"{self.path}: under {key!r} is no list; expected the records.")
        if not set(found) & set(self.keys):
            raise FormatError(
                f"{self.path}: an object with the keys {', '.join(found[:8])}; expected a list, or "
                f"a list under {' or '.join(map(repr, self.keys))}."
            )

    def _lines(self, file: HashedFile) -> Iterator[tuple[int, Any]]:
        row = 0
        for line in file.lines():
            if not line.strip():
                continue
            value = _line_value(line)
            yield row, BadLine(_start(line)) if value is None else value
            row += 1


class BadLine:
    """A line of a JSON-lines file that is not JSON."""

    def __init__(self, start: str) -> None:
        self.start = start


def _line_value(line: bytes) -> Any:
    try:
        return parse_json(line)
    except ValueError:
        return None


def _start(line: bytes) -> str:
    return " ".join(line[:80].decode("utf-8", "replace").split())
