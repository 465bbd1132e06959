"""RefCOCO, RefCOCO+ and RefCOCOg: phrases and the boxes in COCO images that they refer to."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import Field

from datakit.errors import FormatError
from datakit.io.trees import SourcePath
from datakit.record import Record, Region, Reject
from datakit.sources.coco_images import CocoConverter, CocoOptions
from datakit.sources.converter import first_existing
from datakit.sources.plain_pickle import read_plain_pickle
from datakit.sources.row import BadRow, Row, box_in
from datakit.sources.row_join import RowJoin, keyed

NAMES = ("refcoco", "refcoco+", "refcocog")
SPLITTERS = ("unc", "umd", "google")


class RefCOCOOptions(CocoOptions):
    """Options of the converter `refcoco`."""

    name: Literal["refcoco", "refcoco+", "refcocog"] | None = Field(
        None, description="which of the three, where the path holds several"
    )
    split_by: Literal["unc", "umd", "google"] | None = Field(
        None, description="which `refs(…).p` to read; the first of these that is there"
    )


class RefCOCO(CocoConverter):
    """MDETR's JSON, the pickles of the release (UNC), or a flat list; a record a sentence.

    - MDETR: `finetune_{name}_{split}.json`, `images[]` with captions joined with `annotations[]`.
    - UNC: `refs({unc,umd,google}).p` beside `instances.json`, also in a folder `{name}/`. The
      pickle is read only if it holds plain containers, numbers and text.
    - flat: `{name}_{split}.json`, as MiniGPT-4 has it.

    The path is the folder, or one JSON file. A raw row of a flat list:

        {"img_id": "COCO_train2014_000000580957_2", "sents": "bowl of carrots",
         "bbox": [151.96, 139.46, 454.93, 283.73], "height": 428, "width": 640}

    becomes

        Record(record_id="refcoco_val-4", place="refcoco_val.json[4]", task="rec",
               images=("train2014/COCO_train2014_000000580957.jpg",),
               payload=Region(phrase="bowl of carrots", width_px=640, height_px=428,
                              bbox_px=(151.96, 139.46, 606.89, 423.19)))

    Boxes are `[x, y, width, height]` there, and are clipped to the image. Records are named by
    the release: MDETR's `id`, UNC's `ref_id` with the sentence's place; the flat list by its rows.
    """

    Options = RefCOCOOptions
    splits = ("train", "val", "test", "testA", "testB")

    @property
    def subset(self) -> str:
        return "train2014"

    def records(self) -> Iterator[Record | Reject]:
        file = self.path if self.path.is_file() else self._file()
        if file.suffix == ".p":
            yield from self._of_refs(file)
        elif file.name.startswith("finetune_"):
            yield from self._of_mdetr(file)
        else:
            yield from self._each(self.convert_rows(file, _of_flat_row))

    def _file(self) -> SourcePath:
        options = self.options
        assert isinstance(options, RefCOCOOptions)
        refs = [f"refs({who}).p" for who in ([options.split_by] if options.split_by else SPLITTERS)]
        names = {
            name: self._names(name, refs, pickles_only=bool(options.split_by))
            for name in ([options.name] if options.name else NAMES)
        }
        there = [
            name for name, files in names.items() if any((self.folder / f).is_file() for f in files)
        ]
        if len(there) > 1:
            raise FormatError(
                f"{self.path}: holds {', '.join(there)}; say which by the option `name`."
            )
        own = [file for name in there or names for file in names[name]]
        return first_existing(self.folder, [*own, *refs], "expressions")

    def _names(self, name: str, refs: list[str], *, pickles_only: bool) -> list[str]:
        pickles = [f"{name}/{file}" for file in refs]
        if pickles_only:
            return pickles
        return [f"finetune_{name}_{self.split}.json", *pickles, f"{name}_{self.split}.json"]

    def _of_mdetr(self, file: SourcePath) -> Iterator[Record | Reject]:
        to_box = partial(keyed, key="image_id", read=lambda row: row.get("bbox"))
        with contextlib.closing(self.convert_rows(file, to_box, keys=("annotations",))) as rows:
            boxes = RowJoin(rows, "phrase-missing")
            items = self.convert_rows(file, partial(_of_mdetr_image, boxes), keys=("images",))
            for item in self._each(items):
                yield from boxes.take_rejects()
                yield item
            yield from boxes.rest()

    def _of_refs(self, file: SourcePath) -> Iterator[Record | Reject]:
        refs, digest = read_plain_pickle(file)
        self.digests[self.relative_name(file)] = digest
        if not isinstance(refs, list):
            raise FormatError(f"{file}: holds a {type(refs).__name__}, expected a list of refs.")
        own = [(n, ref) for n, ref in enumerate(refs) if self._is_of_split(ref)]
        del refs
        instances = first_existing(file.parent, ["instances.json"], "boxes")
        boxes = self._instances(instances, "annotations", ("bbox",), _ids(own, "ann_id"))
        sizes = self._instances(instances, "images", ("width", "height"), _ids(own, "image_id"))
        to_rows = partial(_of_ref, boxes, sizes)
        yield from self._each(self.convert_values(file, own, to_rows))

    def _is_of_split(self, ref: object) -> bool:
        return not isinstance(ref, dict) or ref.get("split", self.split) == self.split

    def _instances(
        self, file: SourcePath, list_key: str, keys: tuple[str, ...], wanted: set[str]
    ) -> dict[str, tuple[Any, ...]]:
        """Values of the wanted rows of one list of `instances.json`, by id."""

        def values(row: Row) -> tuple[str, tuple[Any, ...]]:
            return row.id("id"), tuple(row.get(key) for key in keys)

        rows = self.convert_rows(file, values, keys=(list_key,))
        pairs = (row for row in rows if not isinstance(row, Reject))
        return {row_id: found for row_id, found in pairs if row_id in wanted}

    def _each(self, items: Generator[list[Row] | Reject, None, None]) -> Iterator[Record | Reject]:
        with contextlib.closing(items):
            for item in items:
                if isinstance(item, Reject):
                    yield item
                else:
                    yield from (self.convert_row(row, self._record) for row in item)

    def _record(self, row: Row) -> Record:
        phrase, image = row.text("phrase"), self.coco_image(row, "image")
        if not phrase:
            raise BadRow("phrase-empty", f"image {image}")
        width, height = row.side_px("width"), row.side_px("height")
        if row.value["bbox"] is None:
            raise BadRow("box-missing", "no annotation gives its box")
        box = box_in(row.value["bbox"], (width, height))
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="rec",
            images=(image,),
            payload=Region(phrase=phrase, bbox_px=box, width_px=width, height_px=height),
        )


def _sentence(row: Row, name: str, phrase: object, **fields: object) -> Row:
    """One sentence of a row, as every layout gives it to `_record`."""
    return Row(row.file, row.number, {"phrase": phrase, **fields}, name)


def _of_flat_row(row: Row) -> list[Row]:
    sents, name = row.get("sents"), f"{PurePosixPath(row.file).stem}-{row.number}"
    several = isinstance(sents, list)
    fields = {
        "image": row.get("img_id"),
        "bbox": row.get("bbox"),
        "width": row.value.get("width"),
        "height": row.value.get("height"),
    }
    row.record_id = name
    if several and not sents:
        raise BadRow("phrase-empty", "sents is an empty list")
    if not several:
        return [_sentence(row, name, sents, **fields)]
    return [_sentence(row, f"{name}-{i}", sent, **fields) for i, sent in enumerate(sents)]


def _of_mdetr_image(boxes: RowJoin, row: Row) -> list[Row]:
    row.record_id = row.id("id")
    fields = {
        "image": row.get("file_name"),
        "bbox": boxes.take(row.record_id),
        "width": row.value.get("width"),
        "height": row.value.get("height"),
    }
    return [_sentence(row, row.record_id, row.get("caption"), **fields)]


def _of_ref(
    boxes: dict[str, tuple[Any, ...]], sizes: dict[str, tuple[Any, ...]], row: Row
) -> list[Row]:
    row.record_id = row.id("ref_id")
    sentences, image_id = row.get("sentences"), row.id("image_id")
    if not isinstance(sentences, list) or not sentences:
        raise BadRow("bad-record", "sentences is not a list of some")
    width, height = sizes.get(image_id, (0, 0))
    (box,) = boxes.get(row.id("ann_id"), (None,))
    fields = {"image": image_id, "bbox": box, "width": width, "height": height}
    texts = [item.get("sent") if isinstance(item, dict) else item for item in sentences]
    return [_sentence(row, f"{row.record_id}-{i}", text, **fields) for i, text in enumerate(texts)]


def _ids(refs: list[tuple[int, Any]], key: str) -> set[str]:
    return {str(ref[key]) for _, ref in refs if isinstance(ref, dict) and key in ref}
