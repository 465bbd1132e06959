"""One raw row of a release, and what can be read of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from sys import float_info
from typing import Any

from datakit.geometry import Size, clip, from_xywh
from datakit.io.trees.tree import clean_name
from datakit.record import Box

UNKNOWN_SIDE_PX = 1 << 20


class BadRow(Exception):
    """A row that cannot become a record: a short stable reason, and what was found."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(slots=True)
class Row:
    """One raw row and where it stands."""

    file: str
    number: int
    value: Any
    record_id: str = field(default="")

    @property
    def place(self) -> str:
        """`file[row]`, as records and rejects name it."""
        return f"{self.file}[{self.number}]"

    def text(self, key: str) -> str:
        """A string or number under `key`, stripped; numbers are written out."""
        return plain_text(self.get(key), key)

    def answer(self, key: str) -> str:
        """The answer under `key`, which test splits leave out."""
        if not isinstance(self.value, dict) or self.value.get(key) is None:
            raise BadRow("answer-missing", f"no {key!r}, as in a test split")
        if not (answer := self.text(key)):
            raise BadRow("answer-empty", f"{key} is {self.value[key]!r}")
        return answer

    def get(self, key: str) -> Any:
        """The value under `key`, which must be there."""
        if not isinstance(self.value, dict):
            raise BadRow("bad-record", f"found {_kind(self.value)}, expected an object")
        if key not in self.value:
            found = ", ".join(list(self.value)[:8]) or "none"
            raise BadRow("bad-record", f"no key {key!r}; keys found: {found}")
        return self.value[key]

    def id(self, key: str) -> str:
        """An id under `key` as text, the same whether it is written as a number or as text."""
        value = self.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not (text := plain_text(value, key)):
            raise BadRow("bad-record", f"{key} is empty")
        return text

    def side_px(self, key: str) -> int:
        """A side of an image under `key`; 0 where the release does not say."""
        text = self.id(key) if self.value.get(key) is not None else "0"
        if not text.isdecimal():
            raise BadRow("size-invalid", f"{key} is {text}, expected pixels")
        return int(text)

    def image(self, key: str, folder: str = "") -> str:
        """An image's path under `key`, relative to the source's root."""
        name = self.text(key)
        if not name:
            raise BadRow("image-missing", f"{key} is empty")
        return inner_path(f"{folder}{name}")


def box_in(value: object, size: Size) -> Box:
    """A box given as `[x, y, width, height]` in pixels, clipped to its image.

    Args:
        size: of the image; `(0, 0)` where it is not known, and the box is taken as it is.

    Raises:
        BadRow: not four finite numbers, or nothing of it is inside the image.
    """
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise BadRow("box-invalid", f"{value!r}, expected [x, y, width, height]")
    if not all(map(_is_finite, value)):
        raise BadRow("box-invalid", f"{value!r}, expected four numbers")
    box = from_xywh(*(float(n) for n in value))
    whole = size if all(size) else (UNKNOWN_SIDE_PX, UNKNOWN_SIDE_PX)
    inside = clip(box, whole)
    if inside is None:
        where = f"inside {size[0]} x {size[1]} px" if all(size) else "at a positive place"
        raise BadRow("box-empty", f"{value!r} has no area {where}")
    return inside


def read_choices(row: Row, key: str) -> tuple[str, ...]:
    """The options under `key`: two or more, none empty."""
    raw = row.get(key)
    if not isinstance(raw, list):
        raise BadRow("bad-record", f"{key} is not a list")
    choices = tuple(plain_text(item, "a choice") for item in raw)
    if len(choices) < 2 or not all(choices):
        raise BadRow("choices-invalid", f"{raw!r}, expected two or more, none empty")
    return choices


def read_index(row: Row, key: str, num_choices: int) -> int:
    """The index of the right option under `key`, counted from 0."""
    index = row.answer(key)
    if not index.isdecimal() or int(index) >= num_choices:
        raise BadRow("answer-index-invalid", f"{index} of {num_choices} choices")
    return int(index)


def optional_text(row: Row, key: str) -> str:
    """A text that may be absent or null."""
    return row.text(key) if row.value.get(key) is not None else ""


def read_answers(row: Row) -> tuple[str, ...]:
    """Every accepted answer under `answers`, once each, the first given first."""
    raw = row.value.get("answers")
    if raw is None:
        raise BadRow("answer-missing", "the row has no answers, as in a test split")
    if not isinstance(raw, list):
        raise BadRow("bad-record", "answers is not a list")
    answers = tuple(dict.fromkeys(filter(None, (plain_text(item, "an answer") for item in raw))))
    if not answers:
        raise BadRow("answer-empty", f"answers is {raw!r}")
    return answers


def plain_text(value: object, what: str) -> str:
    """A string or number as stripped text; anything else is no text.

    Raises:
        BadRow: it is neither.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRow("bad-record", f"{what} is {_kind(value)}, expected text")
    if isinstance(value, float) and not isfinite(value):
        raise BadRow("bad-record", f"{what} is {value}, expected text")
    return str(value)


# The rows of one image mostly follow each other; they then share one string, too.
@lru_cache(maxsize=1024)
def inner_path(name: str) -> str:
    """An image's path with forward slashes.

    Raises:
        BadRow: it leads out of the source's root.
    """
    path = clean_name(name)
    if not path:
        raise BadRow("image-outside-root", repr(name))
    return path


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= float_info.max  # an integer may be larger than any float


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
