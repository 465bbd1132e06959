"""TallyQA: questions that count, about photographs of COCO and Visual Genome."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial

from datakit.record import Record, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import BadRow, Row
from datakit.sources.row_values import image_cell, listed, open_question


class TallyQA(Converter):
    """The official release: `{split}.json`, with COCO's 2014 images and Visual Genome's.

    The path is the folder of `train.json` and `test.json`, or one of them. Images are named with
    their folder (`train2014/`, `val2014/`, `VG_100K/`, `VG_100K_2/`), which stands beside the file
    or in `images/`. A raw row:

        {"answer": 4, "data_source": "imported_genome", "image": "VG_100K_2/2410408.jpg",
         "image_id": 92410408, "issimple": false, "question_id": 30095774,
         "question": "How many headlights does the black bus have?"}

    becomes

        Record(record_id="30095774", place="test.json[0]", task="vqa-open",
               images=("VG_100K_2/2410408.jpg",),
               payload=Question(question="How many headlights does the black bus have?",
                                answer="4"))

    The Hub's form (`vikhyatk/tallyqa-test`): `image` and `qa`, a list of objects with `question`
    and `answer`.
    """

    splits = ("train", "test")

    def records(self) -> Iterator[Record | Reject]:
        file = self.annotation_file([f"{self.split}.json"], "questions")
        yield from self.convert_rows(file, self._record, keys=("questions", "data"))

    def table_record(self, row: Row) -> list[Record | Reject]:
        to_record = partial(_of_pair, image_cell(row))
        pairs = enumerate(listed(row, "qa"))
        parts = [Row(row.file, row.number, pair, f"{row.place}-{n}") for n, pair in pairs]
        return [self.convert_row(part, to_record) for part in parts]

    @cached_property
    def _roots(self) -> dict[str, str]:
        """What to put before the name of each folder of images that is not beside the file."""
        own = self.image_root
        inner = own / "images"
        if not inner.is_dir():
            return {}
        folders = (entry.name for entry in inner.iterdir() if entry.is_dir())
        return {name: "images/" for name in folders if not (own / name).is_dir()}

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        question, image = row.text("question"), row.image("image")
        image = f"{self._roots.get(image.partition('/')[0], '')}{image}"
        return open_question(row, question, image, _count(row))


def _of_pair(image: str, row: Row) -> Record:
    return open_question(row, row.text("question"), image, _count(row))


def _count(row: Row) -> str:
    """The answer, a whole number, in digits."""
    answer = row.answer("answer").removesuffix(".0")
    if not (answer.isascii() and answer.isdecimal()):
        raise BadRow("answer-not-a-count", f"answer is {row.value['answer']!r}")
    return answer
