"""How a conversation is written for the model. One YAML in `chat_templates/` adds a way."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from datakit.config import load_config
from datakit.record import IMAGE_PLACEHOLDER, Role
from datakit.registry import data_file

FOLDER = Path(__file__).parent / "chat_templates"


class ChatTemplate(BaseModel):
    """The text around the messages of a conversation.

    Attributes:
        turn_start: before a message's content; `{role}` stands for its role.
        turn_end: after it; the model learns to write it, and generation stops at it.
        separator: after that, between turns; not learned.
        special_tokens: those of the above that the tokenizer must hold as one token each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn_start: str
    turn_end: str
    separator: str
    special_tokens: tuple[str, ...]

    def start_of(self, role: Role) -> str:
        """What stands before the content of a message of this role."""
        return self.turn_start.format(role=role)

    def jinja(self) -> str:
        """The same as a Jinja template, for `apply_chat_template` and other programs.

        Content may be text, or a list of `{type: image}` and `{type: text, text: …}`.
        """
        before, after = (_quoted(part) for part in self.turn_start.split("{role}"))
        return (
            "{%- for message in messages -%}"
            f"{{{{- {before} + message['role'] + {after} -}}}}"
            "{%- if message['content'] is string -%}{{- message['content'] -}}{%- else -%}"
            "{%- for part in message['content'] -%}"
            f"{{%- if part['type'] == 'image' -%}}{{{{- {_quoted(IMAGE_PLACEHOLDER)} -}}}}"
            "{%- else -%}{{- part['text'] -}}{%- endif -%}"
            "{%- endfor -%}{%- endif -%}"
            f"{{{{- {_quoted(self.turn_end + self.separator)} -}}}}"
            "{%- endfor -%}"
            "{%- if add_generation_prompt -%}"
            f"{{{{- {_quoted(self.start_of('assistant'))} -}}}}"
            "{%- endif -%}"
        )


def load_chat_template(name: str) -> ChatTemplate:
    """Reads a chat template by its file's name.

    Raises:
        UsageError: no such template; the nearest names are given.
    """
    path = data_file(FOLDER, name, what="chat template")
    return load_config(path, ChatTemplate, what="chat template").value


def _quoted(text: str) -> str:
    """As a string literal of Jinja."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
