"""SynthDoG: made-up pages with the text that is on them, as Donut trains on them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import orjson

from datakit.io.trees import SourcePath
from datakit.record import Record, Reject, Transcription
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, plain_text

FILE = "metadata.jsonl"


class SynthDoG(Converter):
    """Donut's layout: `{split}/metadata.jsonl` with the images beside it.

    The path is the folder of the splits, that of one, or the file itself. A raw row:

        {"file_name": "image_7.jpg",
         "ground_truth": "{\\"gt_parse\\": {\\"text_sequence\\": \\"Here the river bends …\\"}}"}

    becomes

        Record(record_id="image_7.jpg", place="train/metadata.jsonl[7]", task="transcription",
               images=("train/image_7.jpg",),
               payload=Transcription(text="Here the river bends …"))

    The ground truth is JSON in a text, or the object itself. Donut's other datasets, whose pages
    are parsed into fields, are not read.

    The Hub's form (`naver-clova-ix/synthdog-en`): `image` and `ground_truth`.
    """

    splits = ("train", "validation", "test")

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file, self._record)

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        return first_existing(self.path, [f"{self.split}/{FILE}", FILE], "pages")

    def table_record(self, row: Row) -> Record:
        row.record_id = row.place
        return self._made(row, row.image("image"))

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("file_name")
        folder, _, _ = row.file.rpartition("/")
        return self._made(row, row.image("file_name", f"{folder}/" if folder else ""))

    def _made(self, row: Row, image: str) -> Record:
        text = plain_text(_parsed(row).get("text_sequence"), "text_sequence")
        if not text:
            raise BadRow("text-empty", f"page {row.record_id}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="transcription",
            images=(image,),
            payload=Transcription(text=text),
        )


def _parsed(row: Row) -> dict[str, Any]:
    """What stands under `gt_parse`."""
    truth = row.get("ground_truth")
    if isinstance(truth, str):
        try:
            truth = orjson.loads(truth)
        except orjson.JSONDecodeError as error:
            raise BadRow("bad-json", f"ground_truth is not JSON: {error}") from None
    parsed = truth.get("gt_parse") if isinstance(truth, dict) else None
    if not isinstance(parsed, dict) or "text_sequence" not in parsed:
        found = ", ".join(list(parsed)[:8]) if isinstance(parsed, dict) else "no object"
        raise BadRow("bad-record", f"gt_parse without 'text_sequence'; found {found}")
    return parsed
