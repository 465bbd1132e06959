"""VizWiz: questions that blind people asked about their photographs, some without an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

from datakit.io.trees import SourcePath
from datakit.record import Question, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, plain_text

FOLDERS = ("Annotations/", "annotations/", "")
UNANSWERABLE = "Unanswerable"
NO_ANSWERS = ("unanswerable", "unsuitable", "unsuitable image")


class VizWiz(Converter):
    """The official release: `Annotations/{split}.json` beside a folder of images a split.

    The path is their folder, `Annotations/`, or the file itself; the images are in `{split}/`,
    `images/{split}/` or `images/`. A raw row, whose ten answers are here two:

        {"image": "VizWiz_train_00000001.jpg", "question": "Can you tell me what is in this can?",
         "answers": [{"answer": "coca cola", "answer_confidence": "yes"},
                     {"answer": "unanswerable", "answer_confidence": "no"}],
         "answer_type": "other", "answerable": 1}

    becomes

        Record(record_id="VizWiz_train_00000001", place="Annotations/train.json[1]",
               task="vqa-open", images=("train/VizWiz_train_00000001.jpg",),
               payload=Question(question="Can you tell me what is in this can?",
                                answer="coca cola", answers=("coca cola",)))

    The answer given most often is the target, and of several the first; answers that say there is
    none do not count. Where `answerable` is 0, or nobody answers, it is `Unanswerable`. Rows of
    the test split have no answers and are rejected.
    """

    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{folder}{self.split}.json" for folder in FOLDERS]
        is_file = self.path.is_file()
        file = self.path if is_file else first_existing(self.folder, names, "questions")
        yield from self.convert_rows(file, self._record, keys=("data", "questions"))

    @property
    def folder(self) -> SourcePath:
        """The release's folder, also where the path is in its folder of annotations."""
        folder = super().folder
        return folder.parent if f"{folder.name}/" in FOLDERS else folder

    @cached_property
    def _images(self) -> str:
        """The folder of the split's images; of images that are nowhere, the one of the release."""
        names = (f"{self.split}/", f"images/{self.split}/", "images/")
        return next((name for name in names if (self.image_root / name).is_dir()), names[0])

    def _record(self, row: Row) -> Record:
        question, image = row.text("question"), row.image("image", self._images)
        row.record_id = PurePosixPath(image).stem
        if not question:
            raise BadRow("question-empty", f"image {image}")
        answers = _answers(row)
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-open",
            images=(image,),
            payload=Question(question=question, answer=answers[0], answers=answers),
        )


def _answers(row: Row) -> tuple[str, ...]:
    """Every accepted answer once, the target first."""
    raw = row.value.get("answers")
    if raw is None:
        raise BadRow("answer-missing", "the row has no answers, as in the test split")
    if not isinstance(raw, list):
        raise BadRow("bad-record", "answers is not a list")
    given = (item.get("answer") if isinstance(item, dict) else item for item in raw)
    texts = [text for item in given if (text := plain_text(item, "an answer"))]
    if not texts:
        raise BadRow("answer-empty", f"answers is {raw!r}")
    counts = Counter(text for text in texts if text.lower() not in NO_ANSWERS)
    if not counts or str(row.value.get("answerable", 1)).strip() in ("0", "0.0", "False"):
        return (UNANSWERABLE,)
    return tuple(text for text, _ in counts.most_common())
