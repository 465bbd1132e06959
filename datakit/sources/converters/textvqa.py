"""TextVQA: questions about photographs whose answers stand there as text; ten answers each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, inner_path, plain_text

FOLDERS = ("", "annotations/")
ROOTS = ("", "images/")


class TextVQA(Converter):
    """The official release: `TextVQA_0.5.1_{split}.json`, with Open Images in `train_images/`.

    The path is the folder, also where the file stands in `annotations/`, or the file itself; the
    images of train and val are in `train_images/`, those of test in `test_images/`, both also
    under `images/`. The rows stand under `data`, or are a bare list. A raw row:

        {"question_id": 34602, "image_id": "003a8ae2ef43b901", "image_width": 1024,
         "image_height": 664, "question": "what is the brand of this camera?",
         "answers": ["nous les gosses", "dakota", "clos culombu", "dakota digital", "dakota", …]}

    becomes

        Record(record_id="34602", place="TextVQA_0.5.1_val.json[0]", task="vqa-open",
               images=("train_images/003a8ae2ef43b901.jpg",),
               payload=Question(question="what is the brand of this camera?", answer="dakota",
                                answers=("nous les gosses", "dakota", …)))

    The answer given most often is the target, and of several the first. Rows of the test split
    have no answers and are rejected.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file, self._record, keys=("data",))

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is a file in `annotations/`."""
        folder = super().folder
        inside = self.path.is_file() and f"{folder.name}/" in FOLDERS
        return folder.parent if inside else folder

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        names = [f"{inner}TextVQA_0.5.1_{self.split}.json" for inner in FOLDERS]
        return first_existing(self.folder, names, "annotations")

    @cached_property
    def _images(self) -> str:
        """The folder of the images; of images that are nowhere, the one of the release."""
        own = "test_images" if self.split == "test" else "train_images"
        found = (f"{root}{own}/" for root in ROOTS if (self.image_root / root / own).is_dir())
        return next(found, f"{own}/")

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        name = row.id("image_id").removesuffix(".jpg")
        question, image = row.text("question"), inner_path(f"{self._images}{name}.jpg")
        if not question:
            raise BadRow("question-empty", f"image {image}")
        counts = _answers(row)
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(
                question=question, answer=counts.most_common(1)[0][0], answers=tuple(counts)
            ),
        )


def _answers(row: Row) -> Counter[str]:
    """How often each answer was given, in the order in which they first were."""
    raw = row.value.get("answers")
    if raw is None:
        raise BadRow("answer-missing", "the row has no answers, as in the test split")
    if not isinstance(raw, list):
        raise BadRow("bad-record", "answers is not a list")
    given = (item.get("answer") if isinstance(item, dict) else item for item in raw)
    counts = Counter(text for item in given if (text := plain_text(item, "an answer")))
    if not counts:
        raise BadRow("answer-empty", f"answers is {raw!r}")
    return counts
