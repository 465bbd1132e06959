"""What is in each image of COCO and where, from `instances_….json`."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable

from datakit.geometry import Size
from datakit.io.trees import SourcePath
from datakit.record import Labelled, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import BadRow, Row, box_in

FIELDS = 5


class CocoInstances:
    """Labelled boxes by image id, held as 40 bytes a box: class and corners.

    Args:
        size_of: an image's size by its id, to which boxes are clipped; `(0, 0)` if not known.

    Attributes:
        dropped: boxes that are not used, counted by why: `skipped_crowds` (a box around many
            things), `dropped_boxes` (of no known class, not numbers, or outside the image).
    """

    def __init__(self, size_of: Callable[[str], Size]) -> None:
        self.dropped: Counter[str] = Counter()
        self._size_of = size_of
        self._labels: list[str] = []
        self._class_of: dict[str, int] = {}
        self._boxes: dict[str, array[float]] = {}

    def layout(self, image_id: str) -> tuple[Labelled, ...]:
        """The things in one image, in the file's order."""
        values = self._boxes.get(image_id, array("d"))
        return tuple(
            Labelled(
                label=self._labels[int(values[at])],
                bbox_px=(values[at + 1], values[at + 2], values[at + 3], values[at + 4]),
            )
            for at in range(0, len(values), FIELDS)
        )

    def add_label(self, row: Row) -> None:
        """Takes a row of `categories`."""
        self._class_of[row.id("id")] = len(self._labels)
        self._labels.append(row.text("name"))

    def add_box(self, row: Row) -> None:
        """Takes a row of `annotations`."""
        image_id, class_id, box = row.id("image_id"), row.id("category_id"), row.get("bbox")
        if row.value.get("iscrowd"):
            self.dropped["skipped_crowds"] += 1
            return
        try:
            values = (float(self._class_of[class_id]), *box_in(box, self._size_of(image_id)))
        except (BadRow, KeyError):
            self.dropped["dropped_boxes"] += 1
            return
        self._boxes.setdefault(image_id, array("d")).extend(values)


def read_instances(
    converter: Converter, file: SourcePath, size_of: Callable[[str], Size]
) -> CocoInstances:
    """Reads `categories` and `annotations`; the file's digest becomes the converter's.

    Raises:
        FormatError: it is not COCO's `instances_….json`.
    """
    instances = CocoInstances(size_of)
    for key, add in (("categories", instances.add_label), ("annotations", instances.add_box)):
        for row in converter.convert_rows(file, add, keys=(key,)):
            if isinstance(row, Reject):
                instances.dropped["dropped_boxes"] += 1
    return instances
