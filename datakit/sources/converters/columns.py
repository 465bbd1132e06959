"""Any table of one's own: which column is what, the mixture says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

import orjson
from pydantic import Field, model_validator

from datakit.errors import FormatError
from datakit.io.trees import SourcePath
from datakit.record import Record, Reject
from datakit.sources.column_shapes import SHAPES, task_of
from datakit.sources.converter import Converter, ConverterOptions
from datakit.sources.csv_files import convert_csv
from datakit.sources.row import BadRow, Row, inner_path

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
CSV_SUFFIXES = (".csv", ".tsv", ".tab")
LISTS = ("answer", "choices", "image")
REMOTE = re.compile(r"(?:https?|s3|gs|data):", re.IGNORECASE)


class ColumnsOptions(ConverterOptions):
    """Options of the converter `columns`: the name of the column for each thing there is."""

    id: str = Field("", description="a record's name; the file and the row where there is none")
    image: str = Field("", description="an image's path, several as a list, or the image itself")
    question: str = ""
    answer: str = Field("", description="the answer; a list: every accepted one; of choices: the "
        "right one by its text, its letter, or its index from 0")  # fmt: skip
    choices: str | list[str] = Field("", description="a column of lists, or a column an option")
    context: str = Field("", description="a table or passage that the question is about")
    hint: str = ""
    rationale: str = Field("", description="how the answer is found")
    caption: str = ""
    text: str = Field("", description="what is written in the image")
    statement: str = Field("", description="a statement about the image")
    label: str = Field("", description="whether it holds: true, false, 1, 0, yes or no")
    phrase: str = Field("", description="what a box is around")
    bbox: str = Field("", description="that box, [x, y, width, height] in pixels")
    width: str = Field("", description="of the image that the box was drawn on, in pixels")
    height: str = ""
    instruction: str = ""
    input: str = ""
    output: str = ""
    images: str = Field("", description="folder of the images, relative to the file's folder")
    strip_prefix: str = Field("", description="start of image paths that the disk does not have")
    rows: str = Field("", description="key of the list of rows, in a JSON object")
    separator: str = Field("", description="what parts the items of a list in a text, such as |")

    NAMED: ClassVar[set[str]] = {
        name for shape in SHAPES.values() for name in (*shape.needs, *shape.may)
    }

    @model_validator(mode="after")
    def _makes_a_record(self) -> Self:
        task_of(self.given)
        return self

    @property
    def given(self) -> set[str]:
        """The parts of a record that a column is named for."""
        return {name for name in self.NAMED if getattr(self, name)}


class Columns(Converter):
    """CSV, TSV, JSON, JSON lines, Parquet or Arrow of any columns, which the options name.

    The path is a file, a glob of files, or a folder with such files. Which columns are named says
    what records are made: `question` and `answer` (and `choices`), `caption`, `text`, `statement`
    and `label`, `phrase` and `bbox`, or `instruction` and `output`. A column inside another is
    named with dots (`meta.title`). With the options `{question: q, answer: a, image: file}`, the
    first raw row of `mine.csv`:

        q,a,file
        What colour is the bus?,red,photos/12.jpg

    becomes

        Record(record_id="mine.csv-0", place="mine.csv[0]", task="vqa-open",
               images=("photos/12.jpg",),
               payload=Question(question="What colour is the bus?", answer="red"))

    A list may stand in a text, as JSON or parted by the option `separator`. Where no column of
    images is named, records are text alone, and a question with its answer is an instruction.
    """

    Options = ColumnsOptions
    options: ColumnsOptions

    def __init__(self, path: Path | str, split: str, options: ColumnsOptions) -> None:
        super().__init__(path, split, options)
        self._task = self.task_of(options)
        self._make = SHAPES[self._task].make
        self._columns = {name: getattr(options, name) for name in sorted(options.given)}

    @classmethod
    def task_of(cls, options: ConverterOptions) -> str:
        assert isinstance(options, ColumnsOptions)
        return task_of(options.given, has_images=bool(options.image))

    def records(self) -> Iterator[Record | Reject]:
        for file in self._files():
            if file.suffix.lower() in CSV_SUFFIXES:
                yield from convert_csv(self, file, self._record)
            else:
                keys = (self.options.rows,) if self.options.rows else ()
                yield from self.convert_rows(file, self._record, keys=keys)

    def table_record(self, row: Row) -> Record:
        return self._record(row)

    @property
    def image_root(self) -> SourcePath:
        return self.folder / self.options.images

    def _files(self) -> list[SourcePath]:
        if self.path.is_file():
            return [self.path]
        pattern = "*" if self.path.is_dir() else str(self.path.relative_to(self.folder))
        known = (*JSON_SUFFIXES, *CSV_SUFFIXES)
        files = [f for f in self.folder.glob(pattern) if f.suffix.lower() in known and f.is_file()]
        if not files:
            raise FormatError(f"{self.path}: no file there that ends in {', '.join(known)}.")
        return sorted(files)

    def _record(self, row: Row) -> Record:
        own = self.options
        row.record_id = f"{row.file}-{row.number}"
        if own.id:
            named_id = Row(row.file, row.number, {own.id: column_value(row, own.id)})
            row.record_id = named_id.id(own.id)
        named = {name: self._value(row, name, column) for name, column in self._columns.items()}
        images = self._images(self._value(row, "image", own.image)) if own.image else ()
        return Record(
            record_id=row.record_id,
            place=row.place,
            task=self._task,
            images=images,
            payload=self._make(Row(row.file, row.number, named, row.record_id)),
        )

    def _value(self, row: Row, name: str, column: str | list[str]) -> Any:
        if isinstance(column, list):
            values = [column_value(row, one) for one in column]
            return [value for value in values if value not in (None, "")]
        value = column_value(row, column)
        return self._listed(value, name) if name in LISTS else value

    def _listed(self, value: Any, name: str) -> Any:
        """A list that stands in a text as JSON, or parted; another text as it is."""
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            try:
                found = orjson.loads(value)
            except orjson.JSONDecodeError:
                found = value
            return found
        parted = self.options.separator and (name == "choices" or self.options.separator in value)
        return value.split(self.options.separator) if parted else value

    def _images(self, value: Any) -> tuple[str, ...]:
        names = value if isinstance(value, list) else [value]
        for name in names:
            if not isinstance(name, str) or not name.strip():
                raise BadRow("image-missing", f"the image is {name!r}, expected a path")
        return tuple([_image(name, self.options.strip_prefix) for name in names])


@lru_cache(maxsize=1024)  # the rows of one image mostly follow each other
def _image(name: str, prefix: str) -> str:
    if REMOTE.match(name):
        raise BadRow("image-remote", f"{name[:80]!r} is no file here; download it first")
    return inner_path(name.strip().removeprefix(prefix))


def column_value(row: Row, column: str) -> Any:
    """The value of a column, or of one inside another where the name has dots."""
    value = row.value
    if isinstance(value, dict) and column in value:
        return value[column]
    if isinstance(value, dict) and "." in column:
        for part in column.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return row.get(column)
