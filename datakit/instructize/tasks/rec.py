"""Referring expressions: where is it, and what is there."""

from __future__ import annotations

from typing import ClassVar

from datakit.geometry import Size, clip, rescale, write_box
from datakit.instructize.tasks.base import (
    Bare,
    BoxStyle,
    Exchange,
    Fields,
    RecordFault,
    Setting,
    Task,
)
from datakit.record import Box, Labelled, Region

ASPECT_TOLERANCE = 0.02  # resizing rounds a side to whole pixels


class Rec(Task):
    """The box of a phrase, or inverted, a phrase for a box (Honeybee: half of each)."""

    title = "referring expression comprehension"
    payloads = (Region,)
    fields: ClassVar[dict[str, str]] = {
        "phrase": "the words that refer to the region",
        "box": "the region, as the mixture's `boxes` writes it",
    }
    merges = True
    bare = Bare(user="{{ phrase }}", assistant="{{ box }}")
    bare_inversions = (Bare(user="{{ box }}", assistant="{{ phrase }}", id="bare-inverted"),)
    example = Region(
        phrase="the red cup on the left", bbox_px=(40.0, 60.0, 200.0, 300.0),
        width_px=640, height_px=480,
    )  # fmt: skip

    def exchanges(self, payload: Fields, setting: Setting) -> list[Exchange]:
        box = in_own_pixels(payload, payload["bbox_px"], setting)
        text = box_text(box, setting)
        thing = Labelled(label=payload["phrase"], bbox_px=box)
        return [Exchange(fields={"phrase": payload["phrase"], "box": text}, objects=(thing,))]

    def identity(self, payload: Fields) -> tuple[str, str]:
        return payload["phrase"], " ".join(map(str, payload["bbox_px"]))


def in_own_pixels(payload: Fields, box: Box, setting: Setting) -> Box:
    """A box in the pixels of the image as it is written, whatever size the release drew it on.

    Releases draw on pixels as they are stored. Only where the size that they state fits the image
    as viewers show it alone, turned by its EXIF orientation, is the box taken to be drawn there.

    Raises:
        RecordFault: there is no image, it has another shape, or no part of the box is inside.
    """
    if not setting.images:
        raise RecordFault("image-missing", "a box without an image")
    view = setting.images[0]
    own = view.source_size
    drawn_on = (payload["width_px"], payload["height_px"])
    x1, y1, x2, y2 = box
    if _has_shape(drawn_on, own):
        moved = rescale((x1, y1, x2, y2), drawn_on, own) if all(drawn_on) else (x1, y1, x2, y2)
    elif _has_shape(drawn_on, view.shown_size):
        moved = view.unturned(rescale((x1, y1, x2, y2), drawn_on, view.shown_size))
    else:
        raise RecordFault(
            "box-size-mismatch",
            f"drawn on {drawn_on[0]} x {drawn_on[1]} px, the image is {own[0]} x {own[1]} px",
        )
    inside = clip(moved, own)
    if inside is None:
        raise RecordFault("box-empty", f"{box} has no part inside {own[0]} x {own[1]} px")
    return view.place(inside)


def _has_shape(drawn_on: Size, own: Size) -> bool:
    """Whether two sizes are of one shape; true where the first is not known."""
    difference = abs(drawn_on[0] * own[1] - drawn_on[1] * own[0])
    return difference <= ASPECT_TOLERANCE * own[0] * drawn_on[1]


def box_text(box: Box, setting: Setting) -> str:
    """The box as the mixture writes it."""
    style: BoxStyle = setting.boxes
    return write_box(
        box,
        setting.images[0].size,
        form=style.form,
        scale=style.scale,
        decimals=style.decimals,
        frame=style.frame,
    )
