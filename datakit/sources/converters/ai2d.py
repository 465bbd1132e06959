"""AI2D: questions about diagrams of natural science, with four options."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

from datakit.errors import FormatError
from datakit.io.digest import file_sha256
from datakit.record import Choice, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import BadRow, Row, inner_path, read_choices, read_index
from datakit.sources.row_files import convert_files

TEST_IDS = "ai2d_test_ids.csv"
QUESTIONS = "questions"


class AI2D(Converter):
    """The official release: `questions/{image}.json` beside `images/`, and `ai2d_test_ids.csv`.

    The path is their folder, or the one that holds `ai2d/`; `ai2d_test_ids.csv`, which names the
    images of the test split a line each, may stand in either. A file holds the questions about one
    image by their text; a raw row of `questions/1987.png.json`:

        {"imageName": "1987.png", "questions": {
            "Which of these is the producer?": {
                "abcLabel": false, "answerTexts": ["rabbit", "grasses", "deer", "vole"],
                "correctAnswer": 1, "questionId": "1987.png-0"}, …}}

    becomes a record for each question, the first of which is

        Record(record_id="1987.png-0", place="questions/1987.png.json[0]", task="vqa-mc",
               images=("images/1987.png",),
               payload=Choice(question="Which of these is the producer?",
                              choices=("rabbit", "grasses", "deer", "vole"), answer_index=1))

    Where `abcLabel` is true, the question speaks of letters that stand in for words of the diagram
    (`replacementText` in `annotations/`). The release's images do not show them; where images with
    the letters drawn in lie in `abc_images/`, as InternVL gives them, those are used, and otherwise
    the question is rejected (`letters-not-shown`).
    """

    splits = ("train", "test")

    def records(self) -> Iterator[Record | Reject]:
        test_ids = self._test_ids()
        folder = self.path / self._inner / QUESTIONS
        files = sorted(folder.glob("*.json"), key=lambda file: (len(file.name), file.name))
        own = [f for f in files if (f.name.partition(".")[0] in test_ids) == (self.split == "test")]
        with contextlib.closing(convert_files(self, folder, own, self._image)) as images:
            for image in images:
                yield from [image] if isinstance(image, Reject) else image

    @cached_property
    def _inner(self) -> str:
        """`ai2d/` where the path is the folder above it."""
        for inner in ("", "ai2d/"):
            if (self.path / inner / QUESTIONS).is_dir():
                return inner
        found = sorted(entry.name for entry in self.folder.iterdir())[:8]
        raise FormatError(
            f"{self.path}: no questions; expected {QUESTIONS}/ or ai2d/{QUESTIONS}/, "
            f"found {', '.join(found) or 'nothing'}."
        )

    @cached_property
    def _has_letters(self) -> bool:
        return (self.path / self._inner / "abc_images").is_dir()

    def _test_ids(self) -> set[str]:
        names = dict.fromkeys((f"{self._inner}{TEST_IDS}", TEST_IDS))
        file = first_existing(self.path, list(names), "list of test images")
        self.digests[self.relative_name(file)] = file_sha256(file)
        lines = file.read_bytes().decode("utf-8-sig", "replace").splitlines()
        return {line.strip().strip('"').partition(".")[0] for line in lines if line.strip()}

    def _image(self, row: Row) -> list[Record | Reject]:
        """A record for each question about one image, or why there is none."""
        name, questions = row.text("imageName"), row.get(QUESTIONS)
        if not name:
            raise BadRow("image-missing", "imageName is empty")
        if not isinstance(questions, dict):
            raise BadRow("bad-record", f"{QUESTIONS} is no object")
        return [
            self.convert_row(self._part(row, number, *item), partial(self._record, name))
            for number, item in enumerate(questions.items())
        ]

    def _part(self, row: Row, number: int, question: str, fields: Any) -> Row:
        value = {**fields, "question": question} if isinstance(fields, dict) else fields
        return Row(row.file, number, value)

    def _record(self, name: str, row: Row) -> Record:
        row.record_id = row.id("questionId")
        question, choices = row.text("question"), read_choices(row, "answerTexts")
        if not question:
            raise BadRow("question-empty", f"image {name}")
        index = read_index(row, "correctAnswer", len(choices))
        has_letters = str(row.value.get("abcLabel")).strip().lower() in ("true", "1")
        if has_letters and not self._has_letters:
            raise BadRow("letters-not-shown", f"letters in place of words, no abc_images/: {name}")
        folder = "abc_images" if has_letters else "images"
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-mc",
            images=(inner_path(f"{self._inner}{folder}/{name}"),),
            payload=Choice(question=question, choices=choices, answer_index=index),
        )
