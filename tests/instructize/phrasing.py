"""Instructors of small template sets, for tests."""

from __future__ import annotations

from typing import Any

import orjson

from datakit.geometry import View
from datakit.instructize import (
    Instructions,
    Instructor,
    Part,
    RenderedConversation,
    TemplateSet,
    converse,
)
from datakit.record import Payload, Question

ASK = {"id": "ask", "user": "{{ question }}", "assistant": "{{ answer }}"}
LOOK = {**ASK, "id": "look", "user": "Look: {{ question }}", "next": "And {{ question }}"}
INVERSE = {"id": "inverse", "user": "What gives {{ answer }}?", "assistant": "{{ question }}"}


def template_set(
    *templates: dict[str, Any], task: str = "vqa-open", answer: str = "short", **keys: Any
) -> TemplateSet:
    """A set of these templates."""
    return TemplateSet.model_validate(
        {"task": task, "answer": answer, "templates": list(templates or (ASK, LOOK)), **keys}
    )


def instructor(templates: TemplateSet | None = None, **changes: Any) -> Instructor:
    """An instructor of a set, with every other setting at its default."""
    settings: dict[str, Any] = {
        "source": "test",
        "set_name": "fine/test",
        "templates": templates or template_set(),
        "seed": 0,
    }
    return Instructor(Instructions(**{**settings, **changes}))


def plain(payload: Payload) -> dict[str, Any]:
    """A payload as it comes back from the spool."""
    values: dict[str, Any] = orjson.loads(orjson.dumps(payload))
    return values


def questions(count: int) -> list[Payload]:
    """`q0?` answered by `a0`, and so on."""
    return [Question(question=f"q{i}?", answer=f"a{i}") for i in range(count)]


def rendered(
    who: Instructor,
    payloads: list[Payload],
    *,
    key: str = "key",
    images: int = 0,
    size: tuple[int, int] = (640, 480),
) -> RenderedConversation:
    """The conversation of these payloads, whose record ids are `0`, `1`, …"""
    parts = [
        Part(instructor=who, record_id=str(index), payload=plain(payload))
        for index, payload in enumerate(payloads)
    ]
    return converse(key, parts, [View(size)] * images)


def texts(conversation: RenderedConversation) -> list[str]:
    """The content of each message."""
    return [message.content for message in conversation.messages]
