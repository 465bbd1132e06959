"""What flows through datakit: raw records on the way in, samples on the way out.

A **record** is one unit of raw data as its release counts it; a **sample** is one training
example: records merged into the turns of a conversation, with their images.
Images are references here, never bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]

FORMAT_VERSION = 1
IMAGE_PLACEHOLDER = "<image>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about an image and its answer; `answers` lists every accepted one.

    Raw text throughout: a literal `<image>` in it is text, not a placeholder.
    """

    question: str
    answer: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation as its release has it.

    In user messages `<image>` stands for an image, as often as the record has images;
    elsewhere it is text.
    """

    messages: tuple[Message, ...]


Payload = Question | Conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of raw data.

    Attributes:
        record_id: the release's own id, or one made of its file and row; unique in a source.
        place: where it was read: `file[row]`, the file relative to the source's root.
        task: what a template set is made for, such as `vqa-open`.
        images: paths relative to the source's root, with forward slashes.
        payload: the text, typed by task.
    """

    record_id: str
    place: str
    task: str
    images: tuple[str, ...]
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A record that was dropped, and why.

    Attributes:
        reason: a short stable name that is counted, such as `image-missing`.
        detail: what was found, in a sentence.
        kept_record_id: for a duplicate, the record that stands for it; otherwise empty.
    """

    record_id: str
    place: str
    reason: str
    detail: str
    kept_record_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundingBox:
    """A region of one image that a turn speaks of, as `(x1, y1, x2, y2)` in its pixels.

    `image` and `turn` count from 0.
    """

    image: int
    turn: int
    label: str
    bbox_px: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnProvenance:
    """Where one user-assistant turn came from."""

    record_id: str
    template: str
    inverted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a sample came from; `repeat` counts from 0."""

    license: str
    repeat: int
    turns: tuple[TurnProvenance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One training example, as `<key>.json` in a shard holds it.

    Attributes:
        id: the key, unique in a build.
        messages: an optional system message, then user and assistant in turn; `<image>` stands in
            user messages exactly as often as there are images.
        images: what follows the key in each image's name (`jpg`; `0.jpg`, `1.png` for several), in
            the order of the placeholders.
        image_sha256: digest of each image's bytes.
        objects: regions that turns speak of.
        provenance: the record and template of each turn, and the licence.
    """

    id: str
    source: str
    dataset: str
    task: str
    messages: tuple[Message, ...]
    images: tuple[str, ...]
    image_sha256: tuple[str, ...]
    objects: tuple[BoundingBox, ...]
    provenance: Provenance
