"""What flows through datakit: raw records on the way in, samples on the way out.

A **record** is one unit of raw data as its release counts it; a **sample** is one training
example: records merged into the turns of a conversation, with their images.
Images are references here, never bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]
Box = tuple[float, float, float, float]

FORMAT_VERSION = 1
IMAGE_PLACEHOLDER = "<image>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and its answer; raw text throughout, so that a literal `<image>` in it is text.

    Attributes:
        answers: every accepted answer.
        context: a table or passage that the question is about, as text.
        rationale: how the answer is found.
    """

    question: str
    answer: str
    answers: tuple[str, ...] = ()
    context: str = ""
    rationale: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A question with options, of which the one at `answer_index` (from 0) is right.

    Attributes:
        hint: a clue that the release gives with the question.
        context: a table or passage that the question is about, as text.
        lecture: what one needs to know to answer such questions.
        rationale: how the answer is found.
    """

    question: str
    choices: tuple[str, ...]
    answer_index: int
    hint: str = ""
    context: str = ""
    lecture: str = ""
    rationale: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement about the images, and whether it holds."""

    statement: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A phrase and the region of the image that it refers to.

    Attributes:
        bbox_px: `(x1, y1, x2, y2)`, inside the image and not empty.
        width_px: of the image that the box was drawn on; 0 where the release does not say.
        height_px: likewise.
    """

    phrase: str
    bbox_px: Box
    width_px: int = 0
    height_px: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A thing in an image, by name and box `(x1, y1, x2, y2)`."""

    label: str
    bbox_px: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What an image shows; `layout` names things in it with their boxes, where that is known.

    Attributes:
        width_px: of the image that the boxes were drawn on; 0 where the release does not say.
        height_px: likewise.
    """

    caption: str
    layout: tuple[Labelled, ...] = ()
    width_px: int = 0
    height_px: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """The text that is written in an image."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """An instruction, what it works on (may be empty), and the response."""

    instruction: str
    output: str
    input: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation as its release has it.

    In user messages `<image>` stands for an image, as often as the record has images;
    elsewhere it is text.
    """

    messages: tuple[Message, ...]


Payload = (
    Question | Choice | Statement | Region | Caption | Transcription | Instruction | Conversation
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of raw data.

    Attributes:
        record_id: the release's own id, or one made of its file and row; unique in a source.
        place: where it was read: `file[row]`, the file relative to the source's root.
        task: what a template set is made for, such as `vqa-open`.
        images: paths relative to the source's root, with forward slashes.
        payload: the text, typed by task.
        group: the value of the field by which a mixture splits the source; empty where it does not.
    """

    record_id: str
    place: str
    task: str
    images: tuple[str, ...]
    payload: Payload
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A record that was dropped, and why.

    Attributes:
        reason: a short stable name that is counted, such as `image-missing`.
        detail: what was found, in a sentence.
        kept_record_id: for a duplicate, the record that stands for it; otherwise empty.
        group: as a record's.
    """

    record_id: str
    place: str
    reason: str
    detail: str
    kept_record_id: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundingBox:
    """A region of one image that a turn speaks of, as `(x1, y1, x2, y2)` in its pixels.

    `image` and `turn` count from 0.
    """

    image: int
    turn: int
    label: str
    bbox_px: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnProvenance:
    """Where one user-assistant turn came from; sources differ where their turns were merged.

    `duplicates` are the records that said the same and were dropped in its favour, by id; those of
    another source as `source:id`.
    """

    source: str
    record_id: str
    template: str
    inverted: bool
    duplicates: tuple[str, ...] = ()


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
