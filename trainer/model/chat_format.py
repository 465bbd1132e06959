"""How a conversation is written for the model: the text around its messages."""

from __future__ import annotations

from datakit.record import IMAGE_PLACEHOLDER, Role
from trainer.settings import Settings

WRITE_CONTENT = (
    "{%- macro written(content) -%}{%- if content is string -%}{{- content -}}{%- else -%}"
    "{%- for part in content -%}"
    f"{{%- if part['type'] == 'image' -%}}{{{{- '{IMAGE_PLACEHOLDER}' -}}}}"
    "{%- else -%}{{- part['text'] -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}{%- endmacro -%}"
)


class RoleMarkup(Settings):
    """What stands before and after a message of one role."""

    start: str = ""
    end: str = ""


class ReplyMarkup(RoleMarkup):
    """What stands around the assistant's messages.

    Attributes:
        start: what the model is prompted with.
        lead: between that and the content, where the model writes it as a part of its first word.
        end: one token; the model learns to write it, and generation stops at it.
        after: behind that, before the next turn; not learned.
    """

    lead: str = ""
    after: str = ""


class ChatFormat(Settings):
    """The text around the messages of a conversation.

    Attributes:
        text_start: before everything.
        default_system: system message of a conversation that has none; None to do without.
        system, user, assistant: around the messages of each role.
        trim_content: whether white space at both ends of a message is left out.
        special_tokens: those of the above that the tokenizer must hold as one token each.
    """

    text_start: str = ""
    default_system: str | None = None
    system: RoleMarkup = RoleMarkup()
    user: RoleMarkup = RoleMarkup()
    assistant: ReplyMarkup = ReplyMarkup()
    trim_content: bool = False
    special_tokens: tuple[str, ...] = ()

    def around(self, role: Role) -> tuple[str, str]:
        """What stands before and after the content of a message of this role."""
        if role == "assistant":
            reply = self.assistant
            return reply.start + reply.lead, reply.end + reply.after
        markup = self.system if role == "system" else self.user
        return markup.start, markup.end

    def jinja(self) -> str:
        """The same as a Jinja template, for `apply_chat_template` and other programs.

        Content may be text, or a list of `{type: image}` and `{type: text, text: …}`.
        """
        roles: tuple[Role, ...] = ("system", "user", "assistant")
        content = "written(message['content'])" + (" | trim" if self.trim_content else "")
        branches = "".join(
            f"{{%- {'if' if role == roles[0] else 'elif'} message['role'] == '{role}' -%}}"
            f"{{{{- {_quoted(before)} + ({content}) + {_quoted(after)} -}}}}"
            for role in roles
            for before, after in [self.around(role)]
        )
        return (
            f"{WRITE_CONTENT}{{{{- {_quoted(self.text_start)} -}}}}{self._jinja_of_default()}"
            f"{{%- for message in messages -%}}{branches}{{%- endif -%}}{{%- endfor -%}}"
            "{%- if add_generation_prompt -%}"
            f"{{{{- {_quoted(self.assistant.start)} -}}}}"
            "{%- endif -%}"
        )

    def _jinja_of_default(self) -> str:
        if self.default_system is None:
            return ""
        text = self.system.start + self.default_system + self.system.end
        return (
            "{%- if messages[0]['role'] != 'system' -%}"
            f"{{{{- {_quoted(text)} -}}}}"
            "{%- endif -%}"
        )


def _quoted(text: str) -> str:
    """As a string literal of Jinja."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
