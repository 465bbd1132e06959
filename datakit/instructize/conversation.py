"""Records of one sample become the messages of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datakit.instructize.sandbox import Phrasing, TemplateFault
from datakit.instructize.template_set import FIELDS_BY_TASK, TemplateSet
from datakit.io.stable_hash import stable_choice
from datakit.record import IMAGE_PLACEHOLDER, Message, TurnProvenance
from datakit.sources.hygiene import has_special_token

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """How one source's records are phrased, with everything resolved."""

    set_name: str
    templates: TemplateSet
    prompt: str
    prompt_at: Literal["none", "prefix", "suffix", "system"]
    system_prompt: str | None
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedConversation:
    """The messages of a sample, and where each user-assistant turn came from."""

    messages: tuple[Message, ...]
    turns: tuple[TurnProvenance, ...]
    response_format: str


class Instructor:
    """Phrases samples. The same instructions, key and records give the same text everywhere."""

    def __init__(self, instructions: Instructions) -> None:
        fields = FIELDS_BY_TASK[instructions.templates.task]
        self._instructions = instructions
        self._templates = [
            _Compiled(
                name=f"{instructions.set_name}#{template.id}",
                user=Phrasing(template.user, fields),
                next=Phrasing(template.next or template.user, fields),
                assistant=Phrasing(template.assistant, fields),
            )
            for template in instructions.templates.templates
        ]

    def render(
        self, key: str, records: Sequence[tuple[str, Fields]], num_images: int
    ) -> RenderedConversation:
        """Phrases the records of one sample.

        Args:
            key: the sample's key, from which each turn's template is drawn.
            records: record id and payload of each, in order.
            num_images: placeholders to put first, unless the payload has them already.

        Raises:
            TemplateFault: a template failed on these records.
        """
        system = ""
        turns: list[TurnProvenance] = []
        messages: list[Message] = []
        for record_id, payload in records:
            own_system, exchanges = split_exchanges(payload)
            system = system or own_system
            for fields in exchanges:
                turn = len(turns)
                template = self._draw(key, turn)
                phrasing = template.user if turn == 0 else template.next
                user, assistant = phrasing.render(fields), template.assistant.render(fields)
                messages.append(Message(role="user", content=user))
                messages.append(Message(role="assistant", content=assistant))
                turns.append(
                    TurnProvenance(record_id=record_id, template=template.name, inverted=False)
                )
        return self._finish(system, messages, turns, num_images)

    def _draw(self, key: str, turn: int) -> _Compiled:
        choice = stable_choice(len(self._templates), self._instructions.seed, "template", key, turn)
        return self._templates[choice]

    def _finish(
        self, system: str, messages: list[Message], turns: list[TurnProvenance], num_images: int
    ) -> RenderedConversation:
        """Adds what surrounds the turns: images, format prompt, system message."""
        how = self._instructions
        prompt = how.prompt if how.prompt_at != "none" else ""
        first = messages[0].content
        if prompt and how.prompt_at == "prefix":
            first = f"{prompt}\n{first}"
        elif prompt and how.prompt_at == "suffix":
            first = f"{first}\n{prompt}"
        if not any(IMAGE_PLACEHOLDER in message.content for message in messages[::2]):
            first = f"{IMAGE_PLACEHOLDER}\n" * num_images + first
        messages[0] = Message(role="user", content=first)
        system = system or how.system_prompt or ""
        if prompt and how.prompt_at == "system":
            system = f"{system}\n{prompt}".strip()
        _check(messages, num_images)
        head = (Message(role="system", content=system),) if system else ()
        return RenderedConversation(
            messages=(*head, *messages), turns=tuple(turns), response_format=prompt
        )


def _check(messages: Sequence[Message], num_images: int) -> None:
    """Holds what was rendered to the promises of a sample."""
    for index, message in enumerate(messages):
        if not message.content.strip():
            raise TemplateFault(f"message {index}, the {message.role}'s, is blank.")
        if has_special_token(message.content):
            raise TemplateFault(f"message {index} holds a special token.")
    found = sum(message.content.count(IMAGE_PLACEHOLDER) for message in messages[::2])
    if found != num_images:
        raise TemplateFault(f"{found} {IMAGE_PLACEHOLDER} for {num_images} images.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    name: str
    user: Phrasing
    next: Phrasing
    assistant: Phrasing


def split_exchanges(payload: Fields) -> tuple[str, list[Fields]]:
    """A payload's system text and the template fields of each of its turns."""
    if "messages" not in payload:
        return "", [payload]
    messages = [dict(message) for message in payload["messages"]]
    system = messages.pop(0)["content"] if messages[0]["role"] == "system" else ""
    pairs = zip(messages[::2], messages[1::2], strict=True)
    return system, [{"user": user["content"], "assistant": a["content"]} for user, a in pairs]
