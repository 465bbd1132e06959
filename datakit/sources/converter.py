"""The base of all converters: an official release in, records out."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from datakit.errors import FormatError
from datakit.io.image_files import ImageFiles
from datakit.io.json_stream import BadLine, JsonRecords
from datakit.io.tables import TableRecords, is_table
from datakit.io.trees import SourcePath
from datakit.record import Record, Reject
from datakit.registry import load_class, module_names
from datakit.sources.hub import find_tables, open_release
from datakit.sources.row import BadRow, Row

T = TypeVar("T")
CONVERTERS = "datakit.sources.converters"


class ConverterOptions(BaseModel):
    """A converter's own options: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


LAYOUT_ROWS = 20


class Converter(ABC):
    """Reads one dataset's release.

    A subclass stands alone in `converters/<name>.py`, which is how it is found, and implements
    `records`. Its docstring shows one raw row and the record made of it.

    Attributes:
        Options: the model of the mixture's `options`.
        splits: the splits of the release, or none where it has no splits.
        inner_folders: folders of annotations that the path may name instead of the release's own.
        path: the folder or file that the mixture names, a glob, or a folder of the Hub's tables.
        digests: SHA-256 of every annotation file read, by its name relative to `path`.
        mended: what the converter put right in records, counted by kind.
        group_by: the field of raw rows whose value becomes a record's `group`; empty for none.
    """

    Options: ClassVar[type[ConverterOptions]] = ConverterOptions
    splits: ClassVar[tuple[str, ...]] = ()
    inner_folders: ClassVar[tuple[str, ...]] = ()

    def __init__(self, path: Path | str, split: str, options: ConverterOptions) -> None:
        release = open_release(path)
        self.path = release.path
        self.config = release.config
        self.split = split
        self.options = options
        self.digests: dict[str, str] = {}
        self.mended: Counter[str] = Counter()
        self.group_by = ""

    @classmethod
    def task_of(cls, options: ConverterOptions) -> str:  # noqa: ARG003
        """The task of the records where the options decide it; empty where the dataset does."""
        return ""

    @property
    def name(self) -> str:
        """What a mixture calls it."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    def read(self) -> Iterator[Record | Reject]:
        """Yields every record, or why it is dropped, of the release or of the Hub's tables of it.

        Raises:
            FormatError: a file is not in a layout that this converter reads.
        """
        tables = self.tables()
        if not tables:
            yield from self.records()
        for file in tables:
            yield from self.convert_nested_rows(file, self.table_record)

    def tables(self) -> list[SourcePath]:
        """The Hub's Parquet or Arrow files of the split; none where the path holds no such form.

        Raises:
            FormatError: there are some, but none of this split.
        """
        return find_tables(self.path, self.split, self.config)

    def table_record(self, row: Row) -> Record | list[Record | Reject]:
        """The record, or the records, of one row of the Hub's Parquet form of this dataset.

        Images are in it by the names of their cells (see `datakit.io.tables`).
        """
        raise FormatError(
            f"{row.file}: a Parquet or Arrow file; this converter reads the official release only. "
            "Read it by the converter `columns`, and say which column is what."
        )

    @abstractmethod
    def records(self) -> Iterator[Record | Reject]:
        """Yields every record of the release in its order, or the reason why it is dropped.

        Raises:
            FormatError: a file is not in a layout that this converter reads.
        """

    @property
    def folder(self) -> SourcePath:
        """The release's folder: the path, a file's folder, or what a glob has before wildcards.

        Where that is one of `inner_folders`, it is the folder above it.
        """
        own = self.path
        if not own.is_dir():
            own = own.parent if own.is_file() else own.before_wildcards()
        return own.parent if own.name in self.inner_folders else own

    @property
    def image_root(self) -> SourcePath:
        """The folder that the records' images are relative to."""
        return self.folder

    @property
    def image_files(self) -> ImageFiles:
        """The images that the records name."""
        return ImageFiles(self.image_root, self.folder)

    def annotation_file(self, names: Sequence[str], what: str) -> SourcePath:
        """The path itself where it is a file, or else the first of these names in the folder.

        Raises:
            FormatError: none is there; what is there is listed.
        """
        return self.path if self.path.is_file() else first_existing(self.folder, names, what)

    def image_folder(self, *names: str, bare: str = "") -> str:
        """The first of several folders, named with a slash, that is there, or else the first.

        Args:
            bare: a pattern of images that may lie in the release's own folder instead.
        """
        for name in names:
            if (self.image_root / name).is_dir():
                return name
        return "" if bare and any(self.image_root.glob(bare)) else names[0]

    def convert_nested_rows(
        self,
        file: SourcePath,
        to_records: Callable[[Row], Record | list[Record | Reject]],
        *,
        keys: Sequence[str] = (),
    ) -> Generator[Record | Reject, None, None]:
        """As `convert_rows`, of rows that become several records each."""
        yield from flatten(self.convert_rows(file, to_records, keys=keys))

    def convert_rows(
        self, file: SourcePath, to_record: Callable[[Row], T], *, keys: Sequence[str] = ()
    ) -> Generator[T | Reject, None, None]:
        """Converts the rows of one JSON file or table; a row that raises `BadRow` becomes a reject.

        Raises:
            FormatError: none of the first 20 rows has the expected keys: another layout.
        """
        name = self.relative_name(file)
        rows = TableRecords(file, name) if is_table(file.name) else JsonRecords(file, keys)
        try:
            with contextlib.closing(iter(rows)) as numbered:
                yield from self.convert_values(file, numbered, to_record)
        finally:
            self.digests[name] = rows.sha256

    def convert_values(
        self, file: SourcePath, numbered: Iterable[tuple[int, Any]], to_record: Callable[[Row], T]
    ) -> Generator[T | Reject, None, None]:
        """As `convert_rows`, of values that were read from the file in another way."""
        name = self.relative_name(file)
        items = (self.convert_row(Row(name, n, value), to_record) for n, value in numbered)
        first = list(islice(items, LAYOUT_ROWS))
        _check_layout(file, first)
        yield from first
        yield from items

    def convert_row(self, row: Row, to_record: Callable[[Row], T]) -> T | Reject:
        """What becomes of one row."""
        group = self._group(row.value) if self.group_by else ""
        try:
            if isinstance(row.value, BadLine):
                raise BadRow("bad-line", f"not JSON: {row.value.start}")
            made = to_record(row)
        except BadRow as error:
            reason, detail = error.reason, error.detail
        except RecursionError:
            # Python shows no value that is nested deeper than its stack, in a reject neither.
            reason, detail = "bad-record", "values nested too deep to be read"
        else:
            return _with_group(made, group) if group else made
        name = row.record_id or row.place
        return Reject(record_id=name, place=row.place, reason=reason, detail=detail, group=group)

    def _group(self, value: Any) -> str:
        """The value by which a row's records are told apart."""
        found = value.get(self.group_by) if isinstance(value, dict) else None
        if found is None and "." in self.group_by:
            found = value
            for key in self.group_by.split("."):
                found = found.get(key) if isinstance(found, dict) else None
        return str(found).strip() if isinstance(found, str | int | float) else ""

    def relative_name(self, file: SourcePath) -> str:
        """A file's name as records and errors state it: relative to the source's path."""
        name = file.relative_to(self.folder).as_posix()
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def converter_names() -> list[str]:
    """Names of all converters."""
    return module_names(CONVERTERS)


def find_converter(name: str) -> type[Converter]:
    """The converter in `converters/<name>.py`.

    Raises:
        UsageError: no such converter; the nearest names are given.
    """
    return load_class(CONVERTERS, name, Converter)  # type: ignore[type-abstract]


def flatten(
    items: Generator[Record | Reject | list[Record | Reject], None, None],
) -> Generator[Record | Reject, None, None]:
    """One after the other what stands alone or in lists; closes where it comes from."""
    with contextlib.closing(items):
        for item in items:
            yield from item if isinstance(item, list) else [item]


def first_existing(folder: SourcePath, names: Sequence[str], what: str) -> SourcePath:
    """The first of several names that a release may use.

    Raises:
        FormatError: none is there; what is there is listed.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    found = folder.names()[:8]
    raise FormatError(
        f"{folder}: no {what}; expected {' or '.join(names)}, "
        f"found {', '.join(found) or 'nothing'}."
    )


def _check_layout(file: SourcePath, first: Sequence[object]) -> None:
    details = [
        item.detail for item in first if isinstance(item, Reject) and item.reason == "bad-record"
    ]
    if details and len(details) == len(first):
        raise FormatError(f"{file}: row 0: {details[0]}.")


def _with_group(made: Any, group: str) -> Any:
    """A record, a reject, or several, with their group; other things as they are."""
    if isinstance(made, list):
        return [_with_group(item, group) for item in made]
    is_item = isinstance(made, Record | Reject)
    return replace(made, group=group) if is_item and not made.group else made
