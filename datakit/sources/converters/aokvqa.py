"""A-OKVQA: questions about COCO images that ask for knowledge, with four choices."""

from __future__ import annotations

from collections.abc import Iterator

from datakit.record import Choice, Record, Reject
from datakit.sources.coco_images import CocoConverter
from datakit.sources.converter import first_existing
from datakit.sources.row import BadRow, Row, plain_text, read_choices, read_index
from datakit.sources.row_values import image_cell


class AOKVQA(CocoConverter):
    """The official release: `aokvqa_v1p0_{split}.json`, with the images of COCO 2017.

    The path may be its folder or the one that holds `aokvqa/`. A raw row:

        {"split": "val", "image_id": 39769, "question_id": "eNrkV5MyWHSeR6F7jbf3Fm",
         "question": "What are the cats laying next to?",
         "choices": ["magazines", "books", "phones", "remote controls"],
         "correct_choice_idx": 3, "direct_answers": ["remotes", "remote", …],
         "rationales": ["The remotes are next to the cats.", …]}

    becomes

        Record(record_id="eNrkV5MyWHSeR6F7jbf3Fm", place="aokvqa_v1p0_val.json[0]",
               task="vqa-mc", images=("val2017/000000039769.jpg",),
               payload=Choice(question="What are the cats laying next to?",
                              choices=("magazines", "books", "phones", "remote controls"),
                              answer_index=3, rationale="The remotes are next to the cats."))

    Of several rationales the first is kept. Rows of the test split have no answers and are
    rejected.

    The Hub's form (`HuggingFaceM4/A-OKVQA`): `image`, `question_id`, `question`, `choices`,
    `correct_choice_idx` and, where there are some, `rationales`.
    """

    splits = ("train", "val", "test")

    @property
    def subset(self) -> str:
        return f"{self.split}2017"

    def records(self) -> Iterator[Record | Reject]:
        name = f"aokvqa_v1p0_{self.split}.json"
        file = first_existing(self.folder, [name, f"aokvqa/{name}"], "annotations")
        yield from self.convert_rows(file, self._record)

    def table_record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        return _made(row, row.text("question"), image_cell(row))

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        return _made(row, row.text("question"), self.coco_image(row, "image_id"))


def _made(row: Row, question: str, image: str) -> Record:
    if not question:
        raise BadRow("question-empty", f"image {image}")
    choices = read_choices(row, "choices")
    return Record(
        record_id=row.record_id,
        place=row.place,
        task="vqa-mc",
        images=(image,),
        payload=Choice(
            question=question,
            choices=choices,
            answer_index=read_index(row, "correct_choice_idx", len(choices)),
            rationale=_rationale(row),
        ),
    )


def _rationale(row: Row) -> str:
    raw = row.value.get("rationales") or []
    texts = raw if isinstance(raw, list) else [raw]
    return next((text for item in texts if (text := plain_text(item, "a rationale"))), "")
