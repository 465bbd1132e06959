"""The base of all tasks: a payload in, the fields of a template out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from typing import Any, ClassVar, NamedTuple

import orjson

from datakit.geometry import BoxFormat, BoxFrame, BoxScale, View
from datakit.instructize.choices import ChoiceStyle
from datakit.record import Labelled, Payload
from datakit.registry import load_class, module_names

PACKAGE = "datakit.instructize.tasks"
EXAMPLE_VIEW = View((640, 480))

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxStyle:
    """How a box is written into text."""

    form: BoxFormat = "xyxy"
    scale: BoxScale = "unit"
    decimals: int = 3
    frame: BoxFrame = "original"


class Setting(NamedTuple):
    """What besides the payload decides a turn's fields.

    Attributes:
        images: each image of the sample.
        draw: parts of the hash from which random choices about this record are drawn.
    """

    boxes: BoxStyle
    choices: ChoiceStyle
    images: Sequence[View]
    draw: tuple[str | int, ...]


class Exchange(NamedTuple):
    """The template fields of one turn, and the things in the first image that it speaks of."""

    fields: Fields
    objects: tuple[Labelled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """A turn with no instruction, which `prompt: task-name` and `dataset-name` put a name before.

    `user` may be empty where the image alone is the input.
    """

    user: str
    assistant: str
    id: str = "bare"


class Task(ABC):
    """What is asked of an image or a text.

    A subclass stands alone in `tasks/<name>.py`, which is how it is found, and implements
    `exchanges` and, where its turns merge, `identity`.

    Attributes:
        title: its name in prompts.
        payloads: the types of payload that it takes.
        fields: what a template of it may use, and what that is.
        as_is: whether its texts are instructions already, with placeholders of their own.
        merges: whether the records of one image become turns of one conversation.
        bare: its input and answer without any instruction.
        bare_inversions: the same, inverted.
        no_inversion: why it has no sensible inversion; empty where it has one.
        example: a payload to show templates on.
    """

    title: ClassVar[str]
    payloads: ClassVar[tuple[type[Payload], ...]]
    fields: ClassVar[dict[str, str]]
    as_is: ClassVar[bool] = False
    merges: ClassVar[bool] = False
    bare: ClassVar[Bare]
    bare_inversions: ClassVar[tuple[Bare, ...]] = ()
    no_inversion: ClassVar[str] = ""
    example: ClassVar[Payload]

    @property
    def name(self) -> str:
        """The name of its file, such as `vqa-open`."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @abstractmethod
    def exchanges(self, payload: Fields, setting: Setting) -> list[Exchange]:
        """The turns of one record; a payload is given as the plain values of its type.

        Raises:
            RecordFault: this record cannot be phrased.
        """

    def system(self, payload: Fields) -> str:
        """The record's own system message; empty where it has none."""
        return ""

    def identity(self, payload: Fields) -> tuple[str, str]:
        """What is asked and what is answered, by which turns count as the same.

        Empty texts where records of this task are never the same.
        """
        return ("", "")


class RecordFault(Exception):
    """A record that cannot be phrased: a short stable reason, and what was found."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def task_names() -> list[str]:
    """Names of all tasks."""
    return module_names(PACKAGE)


@cache
def find_task(name: str) -> Task:
    """The task in `tasks/<name>.py`.

    Raises:
        UsageError: no such task; the nearest names are given.
    """
    return load_class(PACKAGE, name, Task)()  # type: ignore[type-abstract]


def payload_name(kind: type[Payload]) -> str:
    """A payload type's name in the spool: `question`, `choice`, …"""
    return kind.__name__.lower()


def bare_example(task: Task) -> Payload:
    """A task's example without any field that a record may lack."""
    optional = {
        field.name: field.default
        for field in fields(task.example)
        if field.default is not MISSING and not field.name.endswith("_px")
    }
    return replace(task.example, **optional)


def example_fields(task: Task, example: Payload) -> Fields:
    """The template fields of an example's first turn, on an image of 640 x 480 pixels."""
    setting = Setting(boxes=BoxStyle(), choices=ChoiceStyle(), images=[EXAMPLE_VIEW], draw=())
    return task.exchanges(orjson.loads(orjson.dumps(example)), setting)[0].fields
