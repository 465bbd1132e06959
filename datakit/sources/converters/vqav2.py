"""VQAv2, its first version and OK-VQA: open questions about COCO images."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from functools import partial

from datakit.record import Record, Reject
from datakit.sources.coco_images import CocoConverter
from datakit.sources.converter import first_existing
from datakit.sources.row import BadRow, Row, plain_text
from datakit.sources.row_join import Keyed, RowJoin, keyed
from datakit.sources.row_values import count_texts, first_key, image_cell, open_question

SUBSETS = {"train": "train2014", "val": "val2014", "test": "test2015"}


class VQAv2(CocoConverter):
    """The official questions and annotations, two files that are joined by `question_id`.

    They are `v2_OpenEnded_mscoco_{subset}_questions.json` and
    `v2_mscoco_{subset}_annotations.json`; without `v2_` in OK-VQA and the first version; or
    `questions.json` and `annotations.json`. A raw row of each:

        {"image_id": 262148, "question": "Where is he looking?", "question_id": 262148000}

        {"question_id": 262148000, "image_id": 262148, "multiple_choice_answer": "down",
         "answer_type": "other", "answers": [{"answer": "down", "answer_id": 1}, …]}

    become

        Record(record_id="262148000", place="v2_OpenEnded_mscoco_val2014_questions.json[0]",
               task="vqa-open", images=("val2014/COCO_val2014_000000262148.jpg",),
               payload=Question(question="Where is he looking?", answer="down",
                                answers=("down", "at table")))

    Where `multiple_choice_answer` is absent, the answer given most often stands for it, and of
    several the first. The test split has no annotations: its questions are rejected. So are
    annotations without a question (`question-missing`).

    A path that is another file is read as a conversion with the answers in each row: LXMERT's
    (`sent`, `img_id`, `label` with a score an answer), or `question`, `image` and `answer`.

    The Hub's form (`lmms-lab/VQAv2`, `lmms-lab/OK-VQA`): `question_id`, `question`, `image`,
    `answers` (objects or text) and, in the first, `multiple_choice_answer`.
    """

    splits = ("train", "val", "test")

    @property
    def subset(self) -> str:
        return SUBSETS[self.split]

    def records(self) -> Iterator[Record | Reject]:
        if self.path.is_file() and "questions" not in self.path.name:
            yield from self.convert_rows(self.path, self._converted)
            return
        questions = first_existing(self.folder, self._names("OpenEnded_", "questions"), "questions")
        with contextlib.closing(self._annotations()) as rows:
            answers = RowJoin(rows, "question-missing")
            to_record = partial(self._record, answers)
            items = self.convert_rows(questions, to_record, keys=("questions",))
            with contextlib.closing(items):
                for item in items:
                    yield from answers.take_rejects()
                    yield item
            yield from answers.rest()

    def table_record(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        question, image = row.text("question"), image_cell(row)
        answer, *answers = _answers(row)
        return open_question(row, question, image, answer, tuple(answers))

    def _converted(self, row: Row) -> Record:
        row.record_id = row.id("question_id")
        question = row.text(first_key(row, "question", "sent"))
        image = self.coco_image(row, first_key(row, "image_id", "image", "img_id"))
        answer, *answers = _scored(row) if "label" in row.value else _answers(row, "answer")
        return open_question(row, question, image, answer, tuple(answers))

    def _names(self, kind: str, what: str) -> list[str]:
        names = [f"{version}{kind}mscoco_{self.subset}_{what}.json" for version in ("v2_", "")]
        return [*names, f"{what}.json"]

    def _annotations(self) -> Generator[Keyed | Reject, None, None]:
        if self.split == "test":
            return
        file = first_existing(self.folder, self._names("", "annotations"), "annotations")
        to_keyed = partial(keyed, key="question_id", read=_answers)
        yield from self.convert_rows(file, to_keyed, keys=("annotations",))

    def _record(self, answers: RowJoin, row: Row) -> Record:
        row.record_id = row.id("question_id")
        given = answers.take(row.record_id)
        image, question = self.coco_image(row, "image_id"), row.text("question")
        if given is None:
            raise BadRow("answer-missing", "no annotation, or no further one, of this question")
        return open_question(row, question, image, given[0], tuple(given[1:]))


def _scored(row: Row) -> list[str]:
    """The answer with the highest score, then every answer with one, the highest first."""
    scores = row.get("label")
    if not isinstance(scores, dict) or not all(isinstance(s, int | float) for s in scores.values()):
        raise BadRow("bad-record", f"label is {scores!r}, expected a score for each answer")
    answers = sorted((text for text in scores if text.strip()), key=lambda text: -scores[text])
    if not answers:
        raise BadRow("answer-empty", "no answer has a score")
    return [answers[0], *answers]


def _answers(row: Row, other_key: str = "answers") -> list[str]:
    """The answer, then every accepted one."""
    raw = row.value.get(first_key(row, "answers", other_key))
    chosen = row.value.get("multiple_choice_answer")
    if raw is None and chosen is None:
        row.get("answers")
        raise BadRow("answer-missing", "answers is null")
    counts = count_texts([] if raw is None else raw)
    answer = plain_text(chosen, "multiple_choice_answer") if chosen is not None else ""
    if not answer and not counts:
        raise BadRow("answer-empty", f"multiple_choice_answer is {chosen!r}, answers are empty")
    answer = answer or counts.most_common(1)[0][0]
    return [answer, *(counts if answer in counts else (answer, *counts))]
