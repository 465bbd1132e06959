"""Where the files of COCO images lie; they are named by image id, in one of two ways."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field

from datakit.io.trees import SourcePath
from datakit.sources.converter import Converter, ConverterOptions
from datakit.sources.row import BadRow, Row

FILE = re.compile(r"(COCO_[a-z]+\d{4}_|)(\d{12})\.jpg")
NAME = re.compile(r"(?:COCO_[a-z]+\d{4}_)?(\d{12})(?:_\d+)?(?:\.jpg)?")
SUBSETS = (
    "train2017", "val2017", "trainval2017", "test2017", "train2014", "val2014", "test2015",
)  # fmt: skip


class CocoOptions(ConverterOptions):
    """Options of every converter whose images are COCO's."""

    images: str = Field(
        "",
        description="folder of the images, or of COCO's folders (train2017, …), relative to the "
        "path; otherwise they are looked for there and in images/",
    )


class CocoConverter(Converter):
    """A converter whose images are COCO's."""

    Options = CocoOptions

    @property
    def subset(self) -> str:
        """COCO's name for the images of this split, such as `train2014`."""
        return f"{self.split}2014"

    @property
    def image_root(self) -> SourcePath:
        assert isinstance(self.options, CocoOptions)
        return self.folder / self.options.images

    @cached_property
    def coco(self) -> CocoImages:
        """The images, by id."""
        return CocoImages(self.image_root, self.subset)

    def coco_image(self, row: Row, key: str) -> str:
        """The file of the image whose id, or COCO's name for it, is under `key`."""
        return self.coco.name(coco_id(row.id(key), key))


@dataclass(frozen=True, slots=True)
class Listing:
    """The ids of the images of one naming in one folder, in order."""

    folder: str
    prefix: str
    ids: array[int]

    def has(self, image_id: int) -> bool:
        """Whether the image is there."""
        at = bisect_left(self.ids, image_id)
        return at < len(self.ids) and self.ids[at] == image_id

    def name(self, image_id: int) -> str:
        """The file's name from the root."""
        return f"{self.folder}{self.prefix}{image_id:012}.jpg"


class CocoImages:
    """The files of COCO images under one root, by id: an id means one image in all of COCO.

    A folder is listed once, and only where the folders before it do not have an image: the
    subset's own, then COCO's other folders, then the root; each also under `images/`.
    Images are `{id:012}.jpg` (2017) or `COCO_{subset}_{id:012}.jpg` (2014), also mixed.
    """

    def __init__(self, root: SourcePath, subset: str) -> None:
        self.root = root
        self.subset = subset
        self._known: list[Listing] = []
        names = [f"{subset}/", *(f"{name}/" for name in SUBSETS if name != subset), ""]
        self._unlisted = iter([folder for name in names for folder in (name, f"images/{name}")])

    def name(self, image_id: int) -> str:
        """The image's path from the root; of one that is nowhere, the path it should have."""
        for listing in self._listings():
            if listing.has(image_id):
                return listing.name(image_id)
        if self._known:
            return self._known[0].name(image_id)
        prefix = "" if self.subset.endswith("2017") else f"COCO_{self.subset}_"
        return f"{self.subset}/{prefix}{image_id:012}.jpg"

    def _listings(self) -> Iterator[Listing]:
        yield from self._known
        for folder in self._unlisted:
            found = list_images(self.root, folder)
            self._known += found
            yield from found


def list_images(root: SourcePath, folder: str) -> list[Listing]:
    """What COCO images a folder has; none where there is no such folder."""
    names = (root / folder).names()
    found: dict[str, list[int]] = {}
    for match in map(FILE.fullmatch, names):
        if match:
            found.setdefault(match[1], []).append(int(match[2]))
    return [Listing(folder, prefix, array("Q", sorted(found[prefix]))) for prefix in sorted(found)]


def is_coco_name(name: str) -> bool:
    """Whether a file's name is one of COCO's."""
    return NAME.fullmatch(name.rpartition("/")[2]) is not None


def coco_id(text: str, what: str) -> int:
    """The image id that a text is, or that a file's name such as `COCO_val2014_…` holds.

    A number that follows the id, as in RefCOCO's file names, is that of an annotation.

    Raises:
        BadRow: it is neither.
    """
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    if match := NAME.fullmatch(text.rpartition("/")[2]):
        return int(match[1])
    raise BadRow("bad-record", f"{what} is {text!r}, expected the id of a COCO image")
