"""ChartQA: questions about charts, asked by people and by a model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

from pydantic import Field

from datakit.io.trees import SourcePath
from datakit.record import Record, Reject
from datakit.sources.converter import Converter, ConverterOptions, first_existing
from datakit.sources.row import Row
from datakit.sources.row_values import count_answers, image_cell, open_question

FOLDER = "ChartQA Dataset"
ASKED_BY = {"human": 0, "augmented": 1}


class ChartQAOptions(ConverterOptions):
    """Options of the converter `chartqa`."""

    subset: Literal["both", "human", "augmented"] = Field(
        "both", description="questions asked by people, by a model, or both in this order"
    )


class ChartQA(Converter):
    """The official archive: `ChartQA Dataset/{train,val,test}/{split}_{human,augmented}.json`.

    The path may be that folder or the one that holds it. A raw row of `test_human.json`:

        {"imgname": "8127.png", "query": "What's the value of the lowest bar?", "label": "23"}

    becomes

        Record(record_id="test_human-2", place="test/test_human.json[2]", task="vqa-open",
               images=("test/png/8127.png",),
               payload=Question(question="What's the value of the lowest bar?", answer="23"))

    The Hub's form (`HuggingFaceM4/ChartQA`): `image`, `query`, `label` (a list, of which the first
    is the target) and `human_or_machine` (0 and 1).
    """

    Options = ChartQAOptions
    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        assert isinstance(self.options, ChartQAOptions)
        subset = self.options.subset
        for kind in ("human", "augmented") if subset == "both" else (subset,):
            name = f"{self.split}_{kind}"
            file = first_existing(self.folder / self.split, [f"{name}.json"], "annotations")
            yield from self.convert_rows(file, partial(self._record, name))

    def table_record(self, row: Row) -> Record | list[Record | Reject]:
        assert isinstance(self.options, ChartQAOptions)
        row.record_id = row.place
        subset = self.options.subset
        if subset != "both" and row.text("human_or_machine") != str(ASKED_BY[subset]):
            return []
        question, image = row.text("query"), image_cell(row)
        answer, *others = count_answers(row, "label")
        return open_question(row, question, image, answer, (answer, *others) if others else ())

    @property
    def folder(self) -> SourcePath:
        inner = self.path / FOLDER
        return inner if inner.is_dir() else super().folder

    def _record(self, name: str, row: Row) -> Record:
        row.record_id = f"{name}-{row.number}"
        question, image = row.text("query"), row.image("imgname", f"{self.split}/png/")
        return open_question(row, question, image, row.answer("label"))
