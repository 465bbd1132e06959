"""Visual Genome's files: where images lie by id, and rows of images that hold the rows of parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datakit.io.trees import SourcePath
from datakit.sources.row import Row, inner_path
from datakit.sources.row_values import first_key, listed

FOLDERS = ("VG_100K/", "VG_100K_2/")
ROOTS = ("", "images/")


class VisualGenomeImages:
    """Where the files of Visual Genome's images lie, by image id."""

    def __init__(self, root: SourcePath) -> None:
        self.root = root
        folders = [f"{top}{name}" for name in (*FOLDERS, "") for top in ROOTS]
        self._folders = [folder for folder in folders if (root / folder).is_dir()]
        self._last = ("", "")

    def name(self, image_id: str) -> str:
        """The image's path from the root; of one that is nowhere, the path it should have."""
        if self._last[0] != image_id:
            self._last = (image_id, self._look(inner_path(f"{image_id}.jpg")))
        return self._last[1]

    def _look(self, file: str) -> str:
        found = (f for f in self._folders if (self.root / f / file).is_file())
        return f"{next(found, next(iter(self._folders), '') or FOLDERS[0])}{file}"


def parts_of(row: Row, key: str) -> Iterator[Row]:
    """The rows under `key` of an image's row, each with the image's id where it has none."""
    image_id = first_id(row, "id", "image_id")
    row.record_id = f"image-{image_id}"
    for number, part in enumerate(listed(row, key)):
        name = f"image-{image_id}-{number}"
        yield Row(row.file, row.number, _with_image(part, image_id), name)


def first_id(row: Row, *keys: str) -> str:
    """The id under the first of several keys that the row has; versions differ in them."""
    return row.id(first_key(row, *keys))


def _with_image(part: Any, image_id: str) -> Any:
    if not isinstance(part, dict) or "image_id" in part:
        return part
    return {**part, "image_id": part.get("image", image_id)}
