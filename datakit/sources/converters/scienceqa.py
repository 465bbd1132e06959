"""ScienceQA: school questions with options, a lecture and a solution, and often an image."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from datakit.io.trees import SourcePath
from datakit.record import Choice, Record, Reject
from datakit.sources.converter import Converter, first_existing
from datakit.sources.row import (
    BadRow,
    Row,
    inner_path,
    optional_text,
    plain_text,
    read_choices,
    read_index,
)
from datakit.sources.row_files import convert_by_id

PROBLEMS = "problems.json"
PID_SPLITS = "pid_splits.json"
FOLDERS = ("", "data/scienceqa/", "scienceqa/")


class ScienceQA(Converter):
    """The official release: `problems.json`, `pid_splits.json` and `images/{split}/{id}/image.png`.

    The path is their folder, one above it (`data/scienceqa/`), or `problems.json` itself. Problems
    stand in one object by id; a raw row:

        "16": {"question": "Which trait did Pterodactylus have?",
               "choices": ["webbed feet", "wings"], "answer": 1,
               "hint": "This passage describes …", "image": "image.png", "split": "test",
               "lecture": "The way an organism looks …", "solution": "Look at the figure. …", …}

    becomes

        Record(record_id="16", place="problems.json[5]", task="vqa-mc",
               images=("images/test/16/image.png",),
               payload=Choice(question="Which trait did Pterodactylus have?",
                              choices=("webbed feet", "wings"), answer_index=1,
                              hint="This passage describes …",
                              lecture="The way an organism looks …",
                              rationale="Look at the figure. …"))

    Problems without an image are records without one; `choice_{i}.png`, which some folders have,
    repeat what the options say and are left out. Which problems are of a split, `pid_splits.json`
    says, also for the small ones (`minitrain`, …), and without that file each problem's own
    `split`. Ids that it lists but no problem has are rejected (`problem-missing`).
    """

    splits = ("train", "val", "test", "trainval", "minitrain", "minival", "minitest")

    @property
    def folder(self) -> SourcePath:
        own = super().folder
        folders = (own / inner for inner in FOLDERS)
        return next((folder for folder in folders if (folder / PROBLEMS).is_file()), own)

    def records(self) -> Iterator[Record | Reject]:
        names = [f"{inner}{PROBLEMS}" for inner in FOLDERS]
        file = self.path if self.path.is_file() else first_existing(self.path, names, "problems")
        listed: dict[str, str] = {}
        for item in self._listed():
            if isinstance(item, Reject):
                yield item
            else:
                listed.setdefault(*item)
        is_wanted = partial(self._is_wanted, listed)
        with contextlib.closing(convert_by_id(self, file, self._record, "pid", is_wanted)) as rows:
            yield from rows
        for pid, place in listed.items():
            detail = f"{file.name} has no problem with the id {pid}"
            yield Reject(record_id=pid, place=place, reason="problem-missing", detail=detail)

    def _is_wanted(self, listed: dict[str, str], problem: dict[str, Any]) -> bool:
        """Whether a problem is of the split, and takes it from the list."""
        if not (self.folder / PID_SPLITS).is_file():
            return bool(problem.get("split", self.split) == self.split)
        return "pid" not in problem or listed.pop(problem["pid"], None) is not None

    def _listed(self) -> Iterator[tuple[str, str] | Reject]:
        """The ids of the split, with their places."""
        file = self.folder / PID_SPLITS
        if file.is_file():
            yield from self.convert_rows(file, partial(_pid, self.split), keys=(self.split,))

    def _record(self, row: Row) -> Record:
        row.record_id = row.id("pid")
        question, choices = row.text("question"), read_choices(row, "choices")
        if not question:
            raise BadRow("question-empty", f"problem {row.record_id}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="vqa-mc",
            images=self._images(row),
            payload=Choice(
                question=question,
                choices=choices,
                answer_index=read_index(row, "answer", len(choices)),
                hint=optional_text(row, "hint"),
                lecture=optional_text(row, "lecture"),
                rationale=optional_text(row, "solution"),
            ),
        )

    def _images(self, row: Row) -> tuple[str, ...]:
        name = optional_text(row, "image")
        if not name:
            return ()
        split = optional_text(row, "split") or self.split
        root = next((f for f in (f"images/{split}", split) if (self.folder / f).is_dir()), "")
        return (inner_path(f"{root or f'images/{split}'}/{row.record_id}/{name}"),)


def _pid(split: str, row: Row) -> tuple[str, str]:
    if isinstance(row.value, dict):
        row.get(split)  # an object without the split's list, in one line, is seen as JSON lines
    row.record_id = plain_text(row.value, "an id")
    return row.record_id, row.place
