"""Visual7W, pointing: questions that begin with which, answered by one of four boxes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, ClassVar

from datakit.record import Choice, Record, Reject
from datakit.sources.converters.visual7w import Visual7W
from datakit.sources.row import BadRow, Row, box_in

CORNER_AND_SIDES = ("x", "y", "width", "height")
PACKED = struct.Struct("4f")


class Visual7WPointing(Visual7W):
    """The official release: `dataset_v7w_pointing.json` beside `images/`.

    The path is their folder, or the file itself. Boxes stand under `boxes`; a raw row is an image
    with its questions, whose answers are ids of boxes:

        {"image_id": 2, "filename": "v7w_2.jpg", "split": "train",
         "qa_pairs": [{"qa_id": 149, "question": "Which pillow is farther from the window?",
                       "answer": 881, "multiple_choices": [882, 883, 884], "type": "which"}, …]}

        {"box_id": 881, "name": "pillow", "x": 150, "y": 80, "width": 40, "height": 25}

    becomes a record for each question, the first of which is

        Record(record_id="149", place="dataset_v7w_pointing.json[0]", task="vqa-mc",
               images=("images/v7w_2.jpg",),
               payload=Choice(question="Which pillow is farther from the window?",
                              choices=("[10, 20, 50, 60]", "[150, 80, 190, 105]", …),
                              answer_index=1,
                              boxes_px=((10.0, 20.0, 50.0, 60.0), (150.0, 80.0, 190.0, 105.0), …)))

    Boxes that begin a pixel outside the image are clipped. Their order is drawn by the question's
    id; their names, which would give the answer away, are not read.
    """

    files: ClassVar[tuple[str, ...]] = ("dataset_v7w_pointing.json", "dataset.json")

    def records(self) -> Iterator[Record | Reject]:
        self._boxes: dict[str, bytes] = {}
        self._faults: dict[str, str] = {}
        for box in self.convert_rows(self._file, _box, keys=("boxes",)):
            if isinstance(box, Reject):
                self._faults[box.record_id] = box.detail
            else:
                self._boxes.setdefault(*box)
        yield from super().records()

    def _check(self, pairs: list[Any]) -> None:
        """Both tasks have questions of this form; what an id is, the boxes tell."""

    def _choice(self, question: str, options: list[str], right: int) -> Choice:
        for option in options:
            if option in self._faults:
                raise BadRow("box-invalid", f"box {option}: {self._faults[option]}")
            if option not in self._boxes:
                raise BadRow("box-unknown", f"no box has the id {option}")
        packed = (PACKED.unpack(self._boxes[option]) for option in options)
        boxes = tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in packed)
        return Choice(
            question=question,
            choices=tuple(f"[{x1:g}, {y1:g}, {x2:g}, {y2:g}]" for x1, y1, x2, y2 in boxes),
            answer_index=right,
            boxes_px=boxes,
        )


def _box(row: Row) -> tuple[str, bytes]:
    """A box by its id, in 16 bytes, as there are half a million."""
    row.record_id = row.id("box_id")
    box = box_in([row.get(key) for key in CORNER_AND_SIDES], (0, 0))
    return row.record_id, PACKED.pack(*box)
