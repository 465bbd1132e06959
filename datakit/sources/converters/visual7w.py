"""Visual7W, telling: questions that begin with six of the seven Ws, with four answers each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import PurePosixPath

from datakit.io.stable_hash import stable_order
from datakit.record import Choice, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, plain_text

FILES = ("dataset_v7w_telling.json", "dataset.json")
IMAGE_FOLDERS = ("images/", "visual7w_images/")


class Visual7W(Converter):
    """The official release: `dataset_v7w_telling.json` beside `images/`.

    The path is their folder, or the file itself; images stand under `images`, or are a bare list. A
    raw row is an image with its questions:

        {"image_id": 2323054, "filename": "v7w_2323054.jpg", "split": "train",
         "qa_pairs": [{"qa_id": 871917, "question": "What type of flooring?", "answer": "Wood.",
                       "multiple_choices": ["Tile.", "Carpet.", "Cement."], "type": "what"}, …]}

    becomes a record for each question, the first of which is

        Record(record_id="871917", place="dataset_v7w_telling.json[0]", task="vqa-mc",
               images=("images/v7w_2323054.jpg",),
               payload=Choice(question="What type of flooring?",
                              choices=("Carpet.", "Cement.", "Wood.", "Tile."), answer_index=2))

    The release keeps the right answer apart from the wrong ones; their order is drawn by the
    question's id. The pointing task, whose answers are boxes, is not read.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        file = self.path if self.path.is_file() else first_existing(self.path, FILES, "questions")
        for item in self.convert_rows(file, self._image, keys=("images",)):
            yield from [item] if isinstance(item, Reject) else item

    @cached_property
    def _images(self) -> str:
        """The folder of the images, or nothing where they lie in the release's own."""
        found = (name for name in IMAGE_FOLDERS if (self.image_root / name).is_dir())
        is_bare = any(self.image_root.glob("v7w_*.jpg"))
        return next(found, "" if is_bare else IMAGE_FOLDERS[0])

    def _image(self, row: Row) -> list[Record | Reject]:
        """A record for each question about an image of the split, or why there is none."""
        image, pairs = row.image("filename", self._images), row.get("qa_pairs")
        row.record_id = PurePosixPath(image).stem
        if not isinstance(pairs, list):
            raise BadRow("bad-record", "qa_pairs is not a list")
        if any(isinstance(pair, dict) and _is_pointing(pair) for pair in pairs):
            raise BadRow("bad-record", "answers are ids of boxes; expected text, as in telling")
        if row.text("split") != self.split:
            return []
        to_record = partial(self._record, image)
        parts = (
            Row(row.file, row.number, pair, f"{row.record_id}-{n}") for n, pair in enumerate(pairs)
        )
        return [self.convert_row(part, to_record) for part in parts]

    def _record(self, image: str, row: Row) -> Record:
        row.record_id = row.id("qa_id")
        if not (question := row.text("question")):
            raise BadRow("question-empty", f"image {image}")
        options = (row.answer("answer"), *_wrong(row))
        order = stable_order(len(options), "visual7w", row.record_id)
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-mc",
            images=(image,),
            payload=Choice(
                question=question,
                choices=tuple(options[index] for index in order),
                answer_index=order.index(0),
            ),
        )


def _is_pointing(pair: dict[str, object]) -> bool:
    wrong = pair.get("multiple_choices")
    return (
        isinstance(pair.get("answer"), int)
        and isinstance(wrong, list)
        and bool(wrong and all(isinstance(item, int) for item in wrong))
    )


def _wrong(row: Row) -> tuple[str, ...]:
    raw = row.get("multiple_choices")
    if not isinstance(raw, list):
        raise BadRow("bad-record", "multiple_choices is not a list")
    choices = tuple(plain_text(item, "a choice") for item in raw)
    if not choices or not all(choices):
        raise BadRow("choices-invalid", f"{raw!r}, expected wrong answers, none empty")
    return choices
