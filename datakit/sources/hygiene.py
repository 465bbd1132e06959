"""Raw text is brought to one form and made harmless, and every change is counted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import MISSING, fields, replace
from typing import Any

import orjson

from datakit.record import (
    Caption,
    Choice,
    Conversation,
    Instruction,
    Labelled,
    Message,
    Payload,
    Question,
    Region,
    Statement,
    Transcription,
)

MEDIA = r"(?:image|video|audio)>"
TOKEN = r"\|[^|<>\n]{1,64}\|>"
SPECIAL = re.compile(rf"<(?={TOKEN})")
MARKER = re.compile(rf"<(?={MEDIA}|{TOKEN})")
# In user messages of conversations `<image>` stands for an image.
MARKER_BUT_IMAGE = re.compile(rf"<(?=(?:video|audio)>|{TOKEN})")
NEWLINE = re.compile("\r\n?|[\x85\u2028\u2029]")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
# In JSON all control characters but one are escapes; tabs, line ends and quotes are harmless.
SUSPECT_ESCAPE = re.compile(rb'\\[^nt"]')
SUSPECT = re.compile("[<\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029]")

PAYLOADS: tuple[type[Any], ...] = (
    Caption, Choice, Instruction, Labelled, Question, Region, Statement, Transcription,
)  # fmt: skip
REQUIRED = {
    kind: tuple(f.name for f in fields(kind) if f.type == "str" and f.default is MISSING)
    for kind in PAYLOADS
}


def has_marker(text: str) -> bool:
    """Whether a text would read as a placeholder or a special token."""
    return MARKER.search(text) is not None


def has_special_token(text: str) -> bool:
    """Whether a text would read as a special token such as `<|end|>`."""
    return SPECIAL.search(text) is not None


class Hygiene:
    """Cleans payloads and counts what it changed.

    Text becomes Unicode NFC, its line ends `\\n`, other control characters but tabs are removed,
    and whatever would read as a placeholder or a special token gets a space after its `<`.

    Attributes:
        counts: `recomposed_texts`, `converted_newlines`, `removed_control_characters` and
            `neutralized_markers`, where there were any.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def clean(self, payload: Payload, dump: bytes | None = None) -> Payload:
        """The payload cleaned; the same object where there is nothing to clean.

        Args:
            dump: the payload as JSON, where that is known already.
        """
        if _is_plain(orjson.dumps(payload) if dump is None else dump):
            return payload
        if isinstance(payload, Conversation):
            messages = tuple(map(self._message, payload.messages))
            return payload if messages == payload.messages else Conversation(messages=messages)
        cleaned: Payload = self._clean(payload)
        return cleaned

    def text(self, text: str, markers: re.Pattern[str] = MARKER) -> str:
        """One text cleaned; `markers` are the `<` that get a space."""
        if not text.isascii() and not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
            self.counts["recomposed_texts"] += 1
        if SUSPECT.search(text) is None:
            return text
        text = self._replace(NEWLINE, "\n", text, "converted_newlines")
        text = self._replace(CONTROL, "", text, "removed_control_characters")
        return self._replace(markers, "< ", text, "neutralized_markers")

    def _replace(self, pattern: re.Pattern[str], by: str, text: str, count_as: str) -> str:
        text, count = pattern.subn(by, text)
        if count:
            self.counts[count_as] += count
        return text

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(map(self._clean, value)) if value else value
        if not isinstance(value, PAYLOADS):
            return value
        changes = {}
        for name in value.__slots__:
            old = getattr(value, name)
            new = self._clean(old)
            if new is not old and new != old:
                changes[name] = new
        return replace(value, **changes) if changes else value

    def _message(self, message: Message) -> Message:
        markers = MARKER_BUT_IMAGE if message.role == "user" else MARKER
        content = self.text(message.content, markers)
        return message if content == message.content else replace(message, content=content)


def _is_plain(dump: bytes) -> bool:
    """Whether nothing in a payload's JSON can be in need of cleaning; most need none."""
    if not dump.isascii() or b"<" in dump or b"\x7f" in dump:
        return False
    return b"\\" not in dump or SUSPECT_ESCAPE.search(dump) is None


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    if text[:1].isalnum():
        return False
    return all(character.isspace() or _is_invisible(character) for character in text)


def unusable_text(payload: Payload) -> tuple[str, str] | None:
    """Why a record cannot be used for its texts: a reason and what was found; None if it can."""
    if isinstance(payload, Conversation):
        for index, message in enumerate(payload.messages):
            if is_blank(message.content):
                return "text-empty", f"message {index} has no visible character"
        return None
    for name in REQUIRED[type(payload)]:
        if is_blank(getattr(payload, name)):
            return "text-empty", f"{name} has no visible character"
    return _unusable_options(payload) if isinstance(payload, Choice) else None


def _unusable_options(payload: Choice) -> tuple[str, str] | None:
    for index, option in enumerate(payload.choices):
        if is_blank(option):
            return "text-empty", f"option {index} has no visible character"
    right = payload.choices[payload.answer_index]
    if payload.choices.count(right) > 1:
        return "choices-ambiguous", f"the right option {right!r} stands there more than once"
    return None


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf")
