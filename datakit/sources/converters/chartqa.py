"""ChartQA: questions about charts, asked by people and by a model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

from pydantic import Field

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, ConverterOptions, first_existing
from datakit.sources.row import BadRow, Row

FOLDER = "ChartQA Dataset"


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

    @property
    def folder(self) -> SourcePath:
        inner = self.path / FOLDER
        return inner if inner.is_dir() else self.path

    def _record(self, name: str, row: Row) -> Record:
        row.record_id = f"{name}-{row.number}"
        question, image = row.text("query"), row.image("imgname", f"{self.split}/png/")
        if not question:
            raise BadRow("question-empty", f"image {image}")
        answer = row.answer("label")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=answer),
        )
