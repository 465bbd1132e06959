"""Rows that do not stand in a list: members of one object by id, or a file each."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

import ijson
import orjson

from datakit.errors import FormatError
from datakit.io.json_stream import BYTE_ORDER_MARK, HEAD_BYTES, HashedFile
from datakit.io.trees import SourcePath
from datakit.record import Reject
from datakit.sources.converter import Converter
from datakit.sources.row import BadRow, Row

T = TypeVar("T")


def convert_by_id(
    converter: Converter,
    file: SourcePath,
    to_record: Callable[[Row], T],
    id_key: str,
    is_wanted: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> Generator[T | Reject, None, None]:
    """As `convert_rows`, of a file that is one object of rows by id; the id is under `id_key`.

    Raises:
        FormatError: no such object, or its rows do not have the expected keys.
    """
    rows = IdRecords(file, id_key)
    try:
        with contextlib.closing(iter(rows)) as numbered:
            wanted: Iterable[tuple[int, Any]] = ((n, v) for n, v in numbered if is_wanted(v))
            yield from converter.convert_values(file, wanted, to_record)
    finally:
        converter.digests[converter.relative_name(file)] = rows.sha256


class IdRecords:
    """The members of a JSON object of any size; `sha256` is known after the iteration."""

    def __init__(self, path: SourcePath, id_key: str) -> None:
        self.path = path
        self.id_key = id_key
        self.sha256 = ""

    def __iter__(self) -> Generator[tuple[int, dict[str, Any]], None, None]:
        number = -1
        try:
            with self.path.open("rb") as raw:
                file = HashedFile(raw)
                try:
                    head = raw.read(HEAD_BYTES)
                    raw.seek(0)
                    if head.startswith(BYTE_ORDER_MARK):
                        file.read(len(BYTE_ORDER_MARK))
                    start = head.removeprefix(BYTE_ORDER_MARK).lstrip()[:1]
                    if start not in (b"{", b""):
                        raise FormatError(
                            f"{self.path}: starts with {start!r}; expected an object of rows by id."
                        )
                    members = ijson.kvitems(file, "", use_float=True)
                    for number, (name, row) in enumerate(members):
                        # What is no row is shown by its name, as a key that was not expected.
                        is_row = isinstance(row, dict)
                        yield number, {**row, self.id_key: name} if is_row else {name: row}
                except (ijson.JSONError, UnicodeDecodeError) as error:
                    raise FormatError(
                        f"{self.path}: broken after {number + 1} whole rows: "
                        f"{' '.join(str(error).split())}. Mend the file there, or fetch it again."
                    ) from error
                finally:
                    self.sha256 = file.drain()
        except OSError as error:
            raise FormatError(f"{self.path}: cannot be read: {error.strerror}.") from error


def convert_files(
    converter: Converter,
    folder: SourcePath,
    files: Iterable[SourcePath],
    to_record: Callable[[Row], T],
) -> Generator[T | Reject, None, None]:
    """Converts JSON files of one row each; they have one digest, under their folder's name.

    Raises:
        FormatError: none of the first 20 has the expected keys: another layout.
    """
    sha256 = hashlib.sha256()

    def values() -> Iterator[tuple[int, tuple[str, bytes | None]]]:
        for number, file in enumerate(files):
            name = converter.relative_name(file)
            data = _read(file)
            sha256.update(f"{name}\0{len(data or b'')}\0".encode() + (data or b""))
            yield number, (name, data)

    def convert(row: Row) -> T:
        (row.file, data), row.number = row.value, 0
        row.record_id = row.file
        row.value = _parsed(data)
        return to_record(row)

    try:
        yield from converter.convert_values(folder, values(), convert)
    finally:
        converter.digests[f"{converter.relative_name(folder)}/"] = sha256.hexdigest()


def _read(file: SourcePath) -> bytes | None:
    """The bytes of a file; None where there is none."""
    try:
        return file.read_bytes() if file.is_file() else None
    except OSError as error:
        raise FormatError(f"{file}: cannot be read: {error.strerror}.") from error


def _parsed(data: bytes | None) -> Any:
    if data is None:
        raise BadRow("annotation-missing", "no such file in this folder")
    try:
        return orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise BadRow("bad-json", f"not JSON: {error}") from None
