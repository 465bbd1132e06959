"""Captions: COCO's, TextCaps' and those that LLaVA is pretrained on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from pydantic import Field

from datakit.geometry import Size
from datakit.io.trees import SourcePath
from datakit.record import Caption, Labelled, Record, Reject
from datakit.sources.coco_images import CocoConverter, CocoOptions, coco_id, is_coco_name
from datakit.sources.coco_instances import CocoInstances, read_instances
from datakit.sources.converter import first_existing
from datakit.sources.row import BadRow, Row, inner_path, plain_text

NAMES = (
    "captions_{split}2017.json",
    "annotations/captions_{split}2017.json",
    "captions_{split}2014.json",
    "annotations/captions_{split}2014.json",
    "TextCaps_0.1_{split}.json",
    "blip_laion_cc_sbu_558k.json",
    "chat.json",
)
SUBSET = re.compile(r"(?:train|val|test)20\d\d")
ANSWERERS = ("gpt", "assistant")


class ImageRow(NamedTuple):
    """An image's file and size; sides are 0 where they are not known."""

    name: str
    width_px: int
    height_px: int


class CaptionsOptions(CocoOptions):
    """Options of the converter `captions`."""

    instances: str = Field(
        "",
        description="COCO's `instances_….json`, relative to the path: what is in each image, and "
        "where, becomes the layout of its captions",
    )


class Captions(CocoConverter):
    """COCO's `captions_{subset}.json`, `TextCaps_0.1_{split}.json` or LLaVA's pretraining JSON.

    The path is the folder, or one file; which of the three a file is, its rows' keys tell. In COCO
    and TextCaps these stand under `annotations` and `data`. A raw row of each:

        {"id": 38, "image_id": 179765, "caption": "A black Honda motorcycle parked in a garage."}

        {"caption_id": 7, "image_id": "0054c91397f2fe05", "caption_str": "A sign that says Stop.",
         "image_width": 1024, "image_height": 768}

        {"id": "004539375", "image": "00453/004539375.jpg", "conversations": [
         {"from": "human", "value": "Render a clear summary.\\n<image>"},
         {"from": "gpt", "value": "select luxury furniture 3 - inch mattress topper"}]}

    The first becomes, with its image's row of `images` and the option `instances`,

        Record(record_id="38", place="annotations/captions_val2017.json[0]", task="captioning",
               images=("val2017/000000179765.jpg",),
               payload=Caption(caption="A black Honda motorcycle parked in a garage.",
                               layout=(Labelled(label="motorcycle", bbox_px=(…)),),
                               width_px=640, height_px=480))

    The files' images are looked for in COCO's folders, in `train_images/` (`test_images/`) and in
    `images/`. Of a conversation only the answer is kept. Boxes around crowds and empty ones are
    left out and counted.
    """

    Options = CaptionsOptions
    splits = ("train", "val", "test")

    def records(self) -> Iterator[Record | Reject]:
        yield from self.convert_rows(self._file, self._record, keys=("annotations", "data"))

    @property
    def subset(self) -> str:
        match = SUBSET.search(self._file.name)
        return match[0] if match else f"{self.split}2017"

    @cached_property
    def _file(self) -> SourcePath:
        if self.path.is_file():
            return self.path
        names = [name.format(split=self.split) for name in NAMES]
        return first_existing(self.folder, names, "captions")

    def _record(self, row: Row) -> Record:
        found = list(row.value) if isinstance(row.value, dict) else []
        if "caption" in found:
            return self._of_coco(row)
        if "conversations" in found:
            return self._of_llava(row)
        if "caption_str" in found:
            return self._of_textcaps(row)
        if self.split == "test" and self._file.name.startswith("TextCaps"):
            raise BadRow("answer-missing", "no 'caption_str', as in a test split")
        expected = "'caption', 'caption_str' or 'conversations'"
        raise BadRow("bad-record", f"no key {expected}; keys found: {', '.join(found[:8])}")

    def _of_coco(self, row: Row) -> Record:
        row.record_id, image_id = row.id("id"), row.id("image_id")
        if image_id not in self._images:
            raise BadRow("image-unknown", f"no row of images has the id {image_id}")
        layout = self._instances.layout(image_id) if self._instances else ()
        return self._made(row, self._images[image_id], row.text("caption"), layout)

    def _of_textcaps(self, row: Row) -> Record:
        has_id = row.value.get("caption_id") is not None
        row.record_id = row.id("caption_id") if has_id else f"{self._file.stem}-{row.number}"
        name = inner_path(f"{self._folder}{row.id('image_id')}.jpg")
        image = ImageRow(name, row.side_px("image_width"), row.side_px("image_height"))
        return self._made(row, image, row.text("caption_str"))

    def _of_llava(self, row: Row) -> Record:
        row.record_id = row.id("id")
        image, turns = row.image("image", self._folder), row.get("conversations")
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            raise BadRow("bad-record", "conversations is not a list of turns")
        answers = [turn.get("value") for turn in turns if turn.get("from") in ANSWERERS]
        if len(answers) != 1:
            raise BadRow("turns-unexpected", f"{len(answers)} answers, expected one, a caption")
        return self._made(row, ImageRow(image, 0, 0), plain_text(answers[0], "the caption"))

    def _made(
        self, row: Row, image: ImageRow, caption: str, layout: tuple[Labelled, ...] = ()
    ) -> Record:
        if not caption:
            raise BadRow("caption-empty", f"image {image.name}")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="captioning",
            images=(image.name,),
            payload=Caption(
                caption=caption, layout=layout, width_px=image.width_px, height_px=image.height_px
            ),
        )

    @cached_property
    def _folder(self) -> str:
        """The folder of images that are not COCO's."""
        own = "test_images/" if self.split == "test" else "train_images/"
        names = (own, f"{self.subset}/", "images/", "")
        return next(name for name in names if (self.image_root / name).is_dir() or not name)

    @cached_property
    def _images(self) -> dict[str, ImageRow]:
        """The rows of `images` by id, with the sizes of the instances where there are no others."""
        images = dict(self._image_rows(self._file))
        if self._instances_file and not all(image.width_px for image in images.values()):
            images |= {
                id_: row for id_, row in self._image_rows(self._instances_file) if id_ in images
            }
        return images

    def _image_rows(self, file: SourcePath) -> Iterator[tuple[str, ImageRow]]:
        for row in self.convert_rows(file, self._image_row, keys=("images",)):
            if not isinstance(row, Reject):
                yield row

    def _image_row(self, row: Row) -> tuple[str, ImageRow]:
        name = row.text("file_name")
        file = (
            self.coco.name(coco_id(name, "file_name"))
            if is_coco_name(name)
            else inner_path(f"{self._folder}{name}")
        )
        return row.id("id"), ImageRow(file, row.side_px("width"), row.side_px("height"))

    @cached_property
    def _instances_file(self) -> SourcePath | None:
        assert isinstance(self.options, CaptionsOptions)
        name = self.options.instances
        return first_existing(self.folder, [name], "instances") if name else None

    @cached_property
    def _instances(self) -> CocoInstances | None:
        if self._instances_file is None:
            return None
        instances = read_instances(self, self._instances_file, self._size)
        self.mended.update(instances.dropped)
        return instances

    def _size(self, image_id: str) -> Size:
        image = self._images.get(image_id)
        return (image.width_px, image.height_px) if image else (0, 0)
