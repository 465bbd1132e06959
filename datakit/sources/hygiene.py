"""Raw text that would read as a placeholder or a special token is made harmless, and counted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from datakit.record import Conversation, Message, Payload, Question

SPECIAL = re.compile(r"<(?=\|[^|<>\n]{1,64}\|>)")
SPECIAL_OR_IMAGE = re.compile(r"<(?=image>|\|[^|<>\n]{1,64}\|>)")


def has_marker(text: str) -> bool:
    """Whether a text would read as a placeholder or a special token."""
    return SPECIAL_OR_IMAGE.search(text) is not None


def has_special_token(text: str) -> bool:
    """Whether a text would read as a special token such as `<|end|>`."""
    return SPECIAL.search(text) is not None


@dataclass(slots=True)
class Hygiene:
    """Cleans payloads; `neutralized` counts the markers that it broke with a space after `<`."""

    neutralized: int = 0

    def clean(self, payload: Payload) -> Payload:
        """The payload with every marker in raw text broken; the same object where there is none."""
        if isinstance(payload, Question):
            return self._question(payload)
        messages = tuple(self._message(message) for message in payload.messages)
        return payload if messages == payload.messages else Conversation(messages=messages)

    def _question(self, payload: Question) -> Question:
        texts = (payload.question, payload.answer, *payload.answers)
        if not any("<" in text for text in texts):
            return payload
        return Question(
            question=self._break(payload.question, SPECIAL_OR_IMAGE),
            answer=self._break(payload.answer, SPECIAL_OR_IMAGE),
            answers=tuple(SPECIAL_OR_IMAGE.sub("< ", text) for text in payload.answers),
        )

    def _message(self, message: Message) -> Message:
        if "<" not in message.content:
            return message
        pattern = SPECIAL if message.role == "user" else SPECIAL_OR_IMAGE
        return replace(message, content=self._break(message.content, pattern))

    def _break(self, text: str, pattern: re.Pattern[str]) -> str:
        text, count = pattern.subn("< ", text)
        self.neutralized += count
        return text
