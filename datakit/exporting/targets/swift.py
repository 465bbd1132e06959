"""ms-swift's rows, with its placeholders for boxes."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, ClassVar

from ruamel.yaml import YAML

from datakit.exporting.json_files import JsonLinesTarget
from datakit.geometry import write_box
from datakit.inspect import BuiltDataset, LoadedSample
from datakit.instructize.tasks.base import BoxStyle
from datakit.mixture.schema import Instructize
from datakit.planning.phrasing import box_style
from datakit.record import BoundingBox
from datakit.shards.mixture_lock import LOCK

MARKER = re.compile(r"<(?=(?:bbox|ref-object|img)>)")


class Swift(JsonLinesTarget):
    """`train.jsonl`, for ms-swift's `--dataset`; `ROOT_IMAGE_DIR` is the folder itself.

        {"messages": [{"role": "user", "content": "<image>\\nLocate: the red cup"},
                      {"role": "assistant", "content": "<bbox>"}],
         "images": ["images/5e/5e88….jpg"],
         "objects": {"ref": ["the red cup"], "bbox": [[40.0, 60.0, 200.0, 300.0]],
                     "bbox_type": "real", "image_id": [0]}}

    A box that stands in a turn's text becomes `<bbox>`, so that ms-swift writes it as each model
    wants; `bbox` has their pixels in the order of the placeholders, `image_id` which image each is
    of, `ref` what it is called. `objects` is null where no turn states a box; a box that its turn
    does not state is left out. What ms-swift would take for a placeholder in raw text gets a space.
    """

    rules: ClassVar[dict[str, str]] = {
        "boxes_left_out": "their turns do not state them, and ms-swift has no other place for them",
        "placeholders_made_harmless": "`<bbox>`, `<ref-object>` or `<img>` in raw text got a space",
    }

    def row(self, sample: LoadedSample, images: list[str]) -> dict[str, Any]:
        stated: list[BoundingBox] = []
        messages, turn = [], -1
        for message in sample.messages:
            turn += message.role == "user"
            text = self._harmless(message.content)
            boxes = [box for box in sample.objects if box.turn == turn]
            if boxes:
                text = self._with_placeholders(text, sample, boxes, stated)
            messages.append({"role": message.role, "content": text})
        self.counts["boxes_left_out"] += sum(box not in stated for box in sample.objects)
        return {"messages": messages, "images": images, "objects": _objects(stated)}

    def _harmless(self, text: str) -> str:
        text, count = MARKER.subn("< ", text)
        self.counts["placeholders_made_harmless"] += count
        return text

    def _with_placeholders(
        self, text: str, sample: LoadedSample, boxes: list[BoundingBox], stated: list[BoundingBox]
    ) -> str:
        """A turn's text with `<bbox>` for each of its boxes, which are added to `stated`."""
        texts = {self._text_of(box, sample): box for box in boxes}

        def placeholder(match: re.Match[str]) -> str:
            stated.append(texts[match.group()])
            return "<bbox>"

        return re.sub("|".join(map(re.escape, texts)), placeholder, text)

    def _text_of(self, box: BoundingBox, sample: LoadedSample) -> str:
        """The box as the build wrote it."""
        style = self._styles[sample.provenance.turns[box.turn].source]
        size = sample.open_images()[box.image].size
        return write_box(
            box.bbox_px,
            size,
            form=style.form,
            scale=style.scale,
            decimals=style.decimals,
            frame=style.frame,
        )

    @cached_property
    def _styles(self) -> dict[str, BoxStyle]:
        return read_box_styles(self.data)


def read_box_styles(data: BuiltDataset) -> dict[str, BoxStyle]:
    """How the boxes of each source were written, from the lock file of the build."""
    lock: Any = YAML(typ="safe").load(data.path / LOCK)
    sources = {source["name"]: source["instructize"] for source in lock["sources"]}
    return {name: box_style(Instructize.model_validate(how)) for name, how in sources.items()}


def _objects(boxes: list[BoundingBox]) -> dict[str, Any] | None:
    if not boxes:
        return None
    return {
        "ref": [box.label for box in boxes],
        "bbox": [box.bbox_px for box in boxes],
        "bbox_type": "real",
        "image_id": [box.image for box in boxes],
    }
